// One file of the item being acquired: where it goes, what of it is there already, what is still missing.
import path from 'node:path';
import type { ChunkIndex } from '../content/chunk-index.ts';
import type { ManifestFile } from '../content/manifest.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import { bytesOf, runsOf } from './chunk-runs.ts';
import type { LocalFile } from './local-tree.ts';

/** `missing` shrinks as the work goes on: `whole` or one flag a chunk, `nothing` at the end. */
export interface FileWork {
  readonly file: ManifestFile;
  /** Its name in the finished item or, while a version is staged, in the staged one. */
  readonly place: string;
  /** Where its bytes are put together: at `place`, or aside when an absent large file of a damaged item must not stand there unfinished. */
  readonly assemble: string;
  /** What lies at `assemble` now. */
  readonly found: LocalFile | undefined;
  /** Readers may see `place` while it is written: small files are replaced in one step. */
  readonly live: boolean;
  index?: ChunkIndex;
  missing: 'nothing' | 'whole' | Uint8Array;
}

/** @returns how many bytes of the file are still to be reused or fetched. */
export function missingBytes({ file, index, missing }: FileWork): number {
  if (missing === 'nothing') return 0;
  return missing === 'whole' || index === undefined ? file.size : bytesOf(runsOf(missing), index);
}

/** Tells a file without a missing chunk as `nothing`. */
export function settleMissing(work: FileWork): void {
  if (work.missing instanceof Uint8Array && !work.missing.includes(1)) work.missing = 'nothing';
}

/**
 * Writes a small file whose bytes are proven. One of a staged item is not flushed: nobody reads it before the item is swapped in, which flushes all of them
 * together in a fraction of the time (`stageItem`), and after a cut it is proven again.
 */
export async function placeSmallFile(
  work: FileWork,
  bytes: Uint8Array,
  durable: DurableFiles,
): Promise<void> {
  if (work.live) await durable.replaceFile(work.place, bytes);
  else await durable.writeUnflushed(work.place, bytes);
  work.missing = 'nothing';
}

/** Makes every folder that the files need, each once. */
export async function makeFolders(works: readonly FileWork[], durable: DurableFiles): Promise<void> {
  const needed = works
    .filter(work => work.missing !== 'nothing')
    .flatMap(work => [work.place, work.assemble]);
  await durable.makeFolders([...new Set(needed.map(name => path.dirname(name)))]);
}
