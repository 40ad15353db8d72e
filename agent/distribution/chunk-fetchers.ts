// Two ways of fetching chunks: on this thread, or by worker threads with connections of their own.
import type { ChunkIndex } from '../content/chunk-index.ts';
import { shareChunkIndex } from '../content/chunk-index.ts';
import { faultFromData } from '../content/job-messages.ts';
import { bytesOf } from './chunk-runs.ts';
import { type ChunkFetch, FETCH_SCRATCH_BYTES, fetchChunks } from './fetch-chunks.ts';
import type { FetchChunks, LaneWorld } from './lane-world.ts';
import { patienceOf } from './patience-of.ts';
import type { Source } from './source.ts';
import type { ChunksTask, Task } from './tasks.ts';

/** Below this a thread costs more than it saves. */
export const THREADS_FROM_BYTES = 32 * 1024 * 1024;

/** One portion at a time, with memory of its own. */
export function fetchInPlace(
  { from, subject, index, runs, work, whole = false }: ChunksTask,
  advance: (bytes: number) => void,
  source: Source,
  { choice, world, signal }: LaneWorld,
): Promise<ChunkFetch> {
  const gapBytes = choice.health.requestCostBytes(source);
  return fetchChunks(
    { from, subject, index, runs, to: work.assemble, gapBytes, live: work.live, whole },
    {
      source,
      durable: world.durable,
      patience: patienceOf(world, source, signal),
      scratch: new Uint8Array(FETCH_SCRATCH_BYTES),
      advance,
    },
  );
}

/** @returns how to fetch in worker threads; undefined where that is not worth it or not possible. */
export function threadedFetch(
  tasks: readonly Task[],
  source: Source,
  { choice, world, signal }: LaneWorld,
): FetchChunks | undefined {
  const { pool, settings } = world;
  const { address } = source;
  const bytes = tasks.reduce(
    (sum, task) => sum + (task.kind === 'chunks' ? bytesOf(task.runs, task.index) : 0),
    0,
  );
  if (address === undefined || pool.size < 2 || bytes < THREADS_FROM_BYTES) return undefined;
  const shared = new Map<ChunkIndex, ChunkIndex>();
  return async ({ from, subject, index, runs, work, whole = false }, advance) => {
    const known = shared.get(index) ?? shareChunkIndex(index, subject);
    shared.set(index, known);
    const gapBytes = choice.health.requestCostBytes(source);
    const order = {
      from,
      subject,
      index: known.bytes,
      offsets: known.offsets,
      runs,
      to: work.assemble,
      gapBytes,
      live: work.live,
      whole,
    };
    const input = { source: address, settings, ...order };
    const { onPause } = patienceOf(world, source, signal);
    const { failure, ...fetched } = await pool.run('fetch-ranges', input, {
      signal,
      advance,
      onPause,
      near: source.name,
    });
    return { ...fetched, ...(failure ? { failure: faultFromData(failure) } : {}) };
  };
}
