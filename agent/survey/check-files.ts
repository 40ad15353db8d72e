// Compares the files of a folder with a manifest: size first, then bytes, by chunks where an index is at hand. Existence proves nothing.
import path from 'node:path';
import { isUnreadable } from '../content/check-readable.ts';
import { type ChunkIndex, decodeChunkIndex } from '../content/chunk-index.ts';
import type { ManifestFile } from '../content/manifest.ts';
import type { JobAdvance, WorkerPool } from '../content/worker-pool.ts';
import { Fault } from '../fault/fault.ts';
import { checkRanges, optionsOf } from './check-ranges.ts';
import type { BadRange, FileSurvey } from './item-survey.ts';
import { sizesOf } from './look.ts';

/** What one hashing job takes at most. */
const BATCH_BYTES = 16 * 1024 * 1024;
const BATCH_FILES = 64;

/** Finds the chunk index of a file by the file's SHA-256; undefined when it is not at hand. Its bytes need no proof: they are proven here. */
export type ReadIndex = (fileSha256: string) => Promise<Uint8Array | undefined>;

export interface FilesCheck {
  readonly folder: string;
  readonly files: readonly ManifestFile[];
  readonly pool: WorkerPool;
  readonly readIndex: ReadIndex;
  readonly signal?: AbortSignal | undefined;
  /** Told of all bytes of `files`, those that need no reading included. */
  readonly advance?: JobAdvance | undefined;
}

/** A file as found, with its proven chunk index where that is at hand. */
export interface CheckedFile extends FileSurvey {
  readonly sha256: string;
  readonly index?: ChunkIndex;
}

/** @returns one answer for each file, in the same order. Fault: STOP-01. What cannot be read is damaged, not a fault. */
export async function checkFiles(check: FilesCheck): Promise<readonly CheckedFile[]> {
  const { folder, files, advance } = check;
  const told = toldOnce(
    files.reduce((sum, file) => sum + file.size, 0),
    advance,
  );
  const sizes = await sizesOf(
    folder,
    files.map(file => file.path),
  );
  const indexes = await provenIndexes(files, check.readIndex);
  // All work is started in one go and awaited together, so that a stop finds no answer that nobody waits for.
  const work: Promise<readonly CheckedFile[]>[] = [];
  const toHash: ManifestFile[] = [];
  const known: CheckedFile[] = [];
  for (const [at, file] of files.entries()) {
    const size = sizes[at];
    const index = indexes[at];
    if (size === undefined) known.push(missing(file, index));
    else if (index !== undefined) work.push(checkByIndex(check, file, size, index, told.advance));
    else if (size === file.size) toHash.push(file);
    else
      known.push({ ...facts(file), state: 'damaged', foundSizeBytes: size, badRanges: [wholeOf(file, '')] });
  }
  work.push(...batchesOf(toHash).map(batch => hashBatch(check, batch, told.advance)));
  const answers = new Map(
    [...known, ...(await Promise.all(work)).flat()].map(answer => [answer.path, answer]),
  );
  told.rest();
  return files.map(file => answers.get(file.path) ?? missing(file, undefined));
}

async function checkByIndex(
  check: FilesCheck,
  file: ManifestFile,
  size: number,
  index: ChunkIndex,
  advance: JobAdvance,
): Promise<readonly CheckedFile[]> {
  const { folder, pool, signal } = check;
  const badRanges = await checkRanges({
    path: path.join(folder, file.path),
    file: file.path,
    index,
    pool,
    signal,
    advance,
  });
  const sameSize = size === file.size;
  // Each chunk is proven by the index and the index by the manifest: a second pass for the file's own SHA-256 would prove nothing more.
  return [
    {
      ...facts(file),
      state: sameSize && badRanges.length === 0 ? 'present' : 'damaged',
      ...(sameSize ? {} : { foundSizeBytes: size }),
      badRanges,
      index,
    },
  ];
}

async function hashBatch(
  check: FilesCheck,
  batch: readonly ManifestFile[],
  advance: JobAdvance,
): Promise<readonly CheckedFile[]> {
  const paths = batch.map(file => path.join(check.folder, file.path));
  try {
    const { sha256 } = await check.pool.run('hash-files', { paths }, optionsOf(check.signal, advance));
    return batch.map((file, at) => judge(file, sha256[at]));
  } catch (thrown) {
    if (!isUnreadable(thrown)) throw thrown;
    // One file that the disk cannot read must not condemn the others of its batch.
    const [file] = batch;
    if (batch.length === 1 && file !== undefined)
      return [judge(file, `unreadable (${thrown.detail.native ?? 'no code'})`)];
    return (await Promise.all(batch.map(one => hashBatch(check, [one], advance)))).flat();
  }
}

function judge(file: ManifestFile, found: string | undefined): CheckedFile {
  if (found === undefined) return missing(file, undefined);
  if (found === file.sha256) return { ...facts(file), state: 'present', badRanges: [] };
  return { ...facts(file), state: 'damaged', badRanges: [wholeOf(file, found)] };
}

/** @returns the index of each file that has one and whose index is at hand. */
export async function provenIndexes(
  files: readonly ManifestFile[],
  readIndex: ReadIndex,
): Promise<readonly (ChunkIndex | undefined)[]> {
  const indexes: (ChunkIndex | undefined)[] = [];
  for (const file of files) indexes.push(await provenIndex(file, readIndex));
  return indexes;
}

async function provenIndex(file: ManifestFile, readIndex: ReadIndex): Promise<ChunkIndex | undefined> {
  if (file.chunks === undefined) return undefined;
  const bytes = await readIndex(file.sha256);
  if (bytes === undefined) return undefined;
  try {
    return decodeChunkIndex(bytes, file);
  } catch (thrown) {
    // A rotten index is as good as none: the file is hashed whole, and a good index is fetched when it is needed.
    if (thrown instanceof Fault && thrown.code === 'TRUST-12') return undefined;
    throw thrown;
  }
}

function missing(file: ManifestFile, index: ChunkIndex | undefined): CheckedFile {
  return { ...facts(file), state: 'missing', badRanges: [], ...(index === undefined ? {} : { index }) };
}

function facts(file: ManifestFile): Pick<CheckedFile, 'path' | 'sizeBytes' | 'sha256'> {
  return { path: file.path, sizeBytes: file.size, sha256: file.sha256 };
}

function wholeOf(file: ManifestFile, found: string): BadRange {
  return { file: file.path, offset: 0, length: file.size, expected: file.sha256, found };
}

function batchesOf(files: readonly ManifestFile[]): ManifestFile[][] {
  const batches: ManifestFile[][] = [];
  let bytes = 0;
  for (const file of files) {
    const batch = batches.at(-1);
    if (batch === undefined || batch.length >= BATCH_FILES || bytes + file.size > BATCH_BYTES) {
      batches.push([file]);
      bytes = file.size;
    } else {
      batch.push(file);
      bytes += file.size;
    }
  }
  return batches;
}

/** Passes on progress, never more than `total` in all (a part may be read twice), and at the end what was not read. */
function toldOnce(
  total: number,
  advance: JobAdvance | undefined,
): { readonly advance: JobAdvance; readonly rest: () => void } {
  let left = total;
  const tell = (bytes: number): void => {
    const step = Math.min(bytes, left);
    left -= step;
    if (step > 0) advance?.(step);
  };
  return { advance: tell, rest: () => tell(left) };
}
