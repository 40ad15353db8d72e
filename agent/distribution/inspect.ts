// Finds out what of an item is already in its place: existence proves nothing, a digest does.
import { checkReadable, isUnreadable } from '../content/check-readable.ts';
import { shareChunkIndex } from '../content/chunk-index.ts';
import type { WorkerPool } from '../content/worker-pool.ts';
import { allEnded } from '../fault/all-ended.ts';
import type { ChunkIndexes } from './chunk-indexes.ts';
import { type FileWork, missingBytes, settleMissing } from './file-work.ts';

/** A job hashes about this much: long enough to be worth the message, short enough to share the work evenly. */
const JOB_BYTES = 256 * 1024 * 1024;
const JOB_FILES = 64;

export interface InspectWorld {
  readonly pool: WorkerPool;
  readonly indexes: ChunkIndexes;
  readonly signal?: AbortSignal;
}

/** Sets `missing` of every file by what lies at its place; what the disk does not give is missing. @returns the bytes that are there and proven. */
export async function inspect(works: readonly FileWork[], world: InspectWorld): Promise<number> {
  const small = works.filter(({ file, found }) => file.chunks === undefined && found?.size === file.size);
  const large = works.filter(({ file, found }) => file.chunks !== undefined && found !== undefined);
  await allEnded([inspectSmall(small, world), ...large.map(work => inspectLarge(work, world))]);
  return works.reduce((sum, work) => sum + work.file.size - missingBytes(work), 0);
}

async function inspectSmall(works: readonly FileWork[], world: InspectWorld): Promise<void> {
  const found = await hashReadable(
    works.map(work => work.assemble),
    world,
  );
  works.forEach((work, n) => {
    if (found[n] === work.file.sha256) work.missing = 'nothing';
  });
}

/** A file that is too short has its last chunks missing; one that is too long is cut when it is completed. */
async function inspectLarge(work: FileWork, { pool, indexes, signal }: InspectWorld): Promise<void> {
  const index = await indexes.of(work.file);
  work.index = index;
  const shared = pool.size > 1 ? shareChunkIndex(index, work.file.path).bytes : index.bytes;
  const missing = new Uint8Array(index.count);
  const jobs: Promise<void>[] = [];
  for (let first = 0; first < index.count; ) {
    let last = first + 1;
    while (last < index.count && index.offset(last) - index.offset(first) < JOB_BYTES) last++;
    const input = { path: work.assemble, index: shared, first, last };
    jobs.push(
      checkReadable(pool, input, signal ? { signal } : {}).then(bad => {
        for (const { chunk } of bad) missing[chunk] = 1;
      }),
    );
    first = last;
  }
  await Promise.all(jobs);
  work.missing = missing;
  if (work.found?.size === work.file.size) settleMissing(work);
}

/** SHA-256 of files; undefined also for one that the disk does not give, which must not condemn the others. Fault: STOP-01. */
export async function hashReadable(
  paths: readonly string[],
  world: Pick<InspectWorld, 'pool' | 'signal'>,
): Promise<readonly (string | undefined)[]> {
  try {
    return await hashAll(paths, world);
  } catch (thrown) {
    if (!isUnreadable(thrown)) throw thrown;
    if (paths.length <= 1) return paths.map(() => undefined);
    const middle = paths.length >>> 1;
    return [
      ...(await hashReadable(paths.slice(0, middle), world)),
      ...(await hashReadable(paths.slice(middle), world)),
    ];
  }
}

/** Dealt out to the pool in batches. */
async function hashAll(
  paths: readonly string[],
  { pool, signal }: Pick<InspectWorld, 'pool' | 'signal'>,
): Promise<readonly (string | undefined)[]> {
  const batches: (readonly string[])[] = [];
  for (let at = 0; at < paths.length; at += JOB_FILES) batches.push(paths.slice(at, at + JOB_FILES));
  const hashed = await Promise.all(
    batches.map(batch => pool.run('hash-files', { paths: batch }, signal ? { signal } : {})),
  );
  return hashed.flatMap(({ sha256 }) => sha256);
}
