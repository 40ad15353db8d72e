// Digests of many files: small ones whole and in batches, large ones cut into chunks, all in the worker pool.
import { createHash } from 'node:crypto';
import { MAX_CHUNK_BYTES } from '../content/chunking.ts';
import type { ManifestFile } from '../content/manifest.ts';
import type { WorkerPool } from '../content/worker-pool.ts';
import { allEnded } from '../fault/all-ended.ts';
import { asFault, Fault } from '../fault/fault.ts';
import { resourceBoundaries } from '../wim/read-wim.ts';

/** A file to digest; `path` is what the manifest calls it. */
export interface FileToDigest {
  readonly path: string;
  readonly absolute: string;
  readonly size: number;
}

/** A manifest's row, and the encoded chunk index where the file has one. */
export interface DigestedFile {
  readonly entry: ManifestFile;
  readonly index?: Uint8Array;
}

export interface DigestWorld {
  readonly pool: WorkerPool;
  readonly signal?: AbortSignal;
  /** Told how many more bytes are digested. */
  readonly advance?: (bytes: number) => void;
}

const BATCH_BYTES = 16 * 1024 * 1024;
const BATCH_FILES = 128;

/** @returns one row a file, in the order given. Faults: USAGE-13 a file vanished or has another size now, STOP-01. */
export async function digestFiles(
  files: readonly FileToDigest[],
  world: DigestWorld,
): Promise<readonly DigestedFile[]> {
  const small = files.filter(file => file.size <= MAX_CHUNK_BYTES);
  const large = files.filter(file => file.size > MAX_CHUNK_BYTES);
  const options = world.signal === undefined ? {} : { signal: world.signal };
  const digested = new Map<string, DigestedFile>();
  const work = [
    // Largest first, so that no thread is left alone with the image at the end.
    ...large
      .toSorted((a, b) => b.size - a.size)
      .map(file => async () => {
        const boundaries = await boundariesOf(file.absolute);
        const found = await world.pool.run(
          'chunk-file',
          { path: file.absolute, boundaries },
          { ...options, ...advanceOf(world) },
        );
        requireSize(file, found.size);
        const chunks = {
          count: found.chunks,
          sha256: createHash('sha256').update(found.index).digest('hex'),
        };
        digested.set(file.path, {
          entry: { path: file.path, size: found.size, sha256: found.sha256, chunks },
          index: found.index,
        });
      }),
    ...batches(small).map(batch => async () => {
      const paths = batch.map(file => file.absolute);
      const { sha256 } = await world.pool.run('hash-files', { paths }, { ...options, ...advanceOf(world) });
      for (const [at, file] of batch.entries()) {
        const digest = sha256[at];
        if (digest === undefined)
          throw new Fault('USAGE-13', file.absolute, { expected: 'a file', found: 'none' });
        digested.set(file.path, { entry: { path: file.path, size: file.size, sha256: digest } });
      }
    }),
  ];
  await inParallel(work, world.pool.size);
  return files.map(file => digested.get(file.path)).filter(each => each !== undefined);
}

/** SHA-256 of whole files, without chunks. @returns undefined where there is no such file. Faults: STOP-01. */
export async function sha256OfFiles(
  files: readonly FileToDigest[],
  world: DigestWorld,
): Promise<ReadonlyMap<string, string | undefined>> {
  const options = world.signal === undefined ? {} : { signal: world.signal };
  const digests = new Map<string, string | undefined>();
  const work = batches(files.toSorted((a, b) => b.size - a.size)).map(batch => async () => {
    const { sha256 } = await world.pool.run(
      'hash-files',
      { paths: batch.map(file => file.absolute) },
      { ...options, ...advanceOf(world) },
    );
    for (const [at, file] of batch.entries()) digests.set(file.path, sha256[at]);
  });
  await inParallel(work, world.pool.size);
  return digests;
}

/** Boundaries of a WIM's resources give chunks that survive a newly captured image; any other file is cut by its content alone. */
export async function boundariesOf(file: string): Promise<readonly number[]> {
  if (!file.toLowerCase().endsWith('.wim')) return [];
  try {
    return await resourceBoundaries(file);
  } catch (thrown) {
    const { code } = asFault(thrown);
    // A file that only has the name of a WIM may be content all the same; os-image items are judged by their own check.
    if (code === 'IMAGE-01' || code === 'IMAGE-02') return [];
    throw thrown;
  }
}

function requireSize(file: FileToDigest, found: number): void {
  if (found !== file.size)
    throw new Fault('USAGE-13', file.absolute, { expected: `${file.size} bytes`, found: `${found} bytes` });
}

function advanceOf({ advance }: DigestWorld): { readonly advance?: (bytes: number) => void } {
  return advance === undefined ? {} : { advance };
}

/** Files in their order, in pieces of work of at most 128 files and, if of more than one, 16 MiB. */
export function batches<File extends { readonly size: number }>(files: readonly File[]): File[][] {
  const all: File[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const file of files) {
    let batch = all.at(-1);
    if (batch === undefined || bytes + file.size > BATCH_BYTES || batch.length >= BATCH_FILES) {
      batch = [];
      all.push(batch);
      bytes = 0;
    }
    batch.push(file);
    bytes += file.size;
  }
  return all;
}

/** Runs `width` pieces of work at a time; after the first failure no further piece begins, and all running ones end before it is told. */
export async function inParallel(work: readonly (() => Promise<void>)[], width: number): Promise<void> {
  const queue = work.values();
  let failed = false;
  const lane = async (): Promise<void> => {
    for (const piece of queue) {
      if (failed) return;
      try {
        await piece();
      } catch (thrown) {
        failed = true;
        throw thrown;
      }
    }
  };
  await allEnded(Array.from({ length: Math.max(1, width) }, lane));
}
