// Fetches what no local file holds: from the best source first, what is left from the next; small files in place, large amounts by worker
// threads that take portions of it.
import pLimit from 'p-limit';
import type { ChunkIndex } from '../content/chunk-index.ts';
import { shareChunkIndex } from '../content/chunk-index.ts';
import { faultFromData } from '../content/job-messages.ts';
import { onDistributionPoint } from '../content/layout.ts';
import type { ContentReference } from '../content/manifest.ts';
import { Fault } from '../fault/fault.ts';
import type { AcquireWorld } from './acquire.ts';
import { bytesOf, type ChunkRun, type PortionLimits, portionsOf, runsOf } from './chunk-runs.ts';
import { type ChunkFetch, FETCH_SCRATCH_BYTES, fetchChunks } from './fetch-chunks.ts';
import { fetchFile } from './fetch-file.ts';
import { type FileWork, missingBytes, placeSmallFile, settleMissing } from './file-work.ts';
import { type Meter, openMeter } from './meter.ts';
import type { Patience } from './retry.ts';
import type { Source } from './source.ts';
import type { SourceChoice } from './source-choice.ts';
import { isOurOwn } from './source-failure.ts';

/** Below this a thread costs more than it saves. */
const THREADS_FROM_BYTES = 32 * 1024 * 1024;

/** Each run is a request of its own, so many small ones are dealt out too. */
const PORTION_RUNS = 64;

/** A portion ends with a flush that its thread waits for: not too small, and enough of them that no thread is left with a long last one. */
const PORTION_BYTES = { least: 32 * 1024 * 1024, most: 512 * 1024 * 1024, perWorker: 4 } as const;

export interface Transferred {
  readonly fetchedBytes: number;
  readonly bySource: Readonly<Record<string, number>>;
}

/** Completes every file of `works`. Faults: CONTENT-01 when sources are exhausted, DISK-*, STOP-01. What was fetched until then is kept. */
export async function transfer(
  works: readonly FileWork[],
  { id, version }: ContentReference,
  choice: SourceChoice,
  world: AcquireWorld,
): Promise<Transferred> {
  const totalBytes = works.reduce((sum, work) => sum + missingBytes(work), 0);
  const meter = openMeter(id, totalBytes, world);
  let tasks = tasksOf(works, id, version, portionLimits(totalBytes, world.pool.size));
  for (const source of choice.remaining()) {
    if (tasks.length === 0) break;
    tasks = await fromSource(tasks, source, choice, world, meter);
  }
  for (const work of works) settleMissing(work);
  if (tasks.length > 0)
    throw choice.exhausted({ missingBytes: works.reduce((sum, work) => sum + missingBytes(work), 0) });
  meter.finish();
  return { fetchedBytes: meter.fetchedBytes(), bySource: meter.bySource() };
}

/** A small file, or some runs of chunks of a large one. */
type Task = { readonly work: FileWork; readonly from: string; readonly subject: string } & (
  | { readonly kind: 'file' }
  | { readonly kind: 'chunks'; readonly index: ChunkIndex; readonly runs: readonly ChunkRun[] }
);

function portionLimits(totalBytes: number, workers: number): PortionLimits {
  const { least, most, perWorker } = PORTION_BYTES;
  return { bytes: Math.min(most, Math.max(least, totalBytes / (workers * perWorker))), runs: PORTION_RUNS };
}

function tasksOf(
  works: readonly FileWork[],
  id: string,
  version: string,
  limits: PortionLimits,
): readonly Task[] {
  return works.flatMap((work): readonly Task[] => {
    const { file, index, missing } = work;
    const named = {
      work,
      from: onDistributionPoint.file(id, version, file.path),
      subject: `${id} ${file.path}`,
    };
    if (missing === 'nothing') return [];
    if (missing === 'whole' || index === undefined) return [{ ...named, kind: 'file' }];
    return portionsOf(runsOf(missing), index, limits).map(runs => ({
      ...named,
      kind: 'chunks',
      index,
      runs,
    }));
  });
}

/** Works through the tasks with one source. @returns what is left for the next. */
async function fromSource(
  tasks: readonly Task[],
  source: Source,
  choice: SourceChoice,
  world: AcquireWorld,
  meter: Meter,
): Promise<readonly Task[]> {
  const inThreads = threadedFetch(tasks, source, world);
  const limit = pLimit(inThreads ? world.pool.size : world.settings.connections);
  const stop = new AbortController();
  const signal = world.signal ? AbortSignal.any([world.signal, stop.signal]) : stop.signal;
  const { retryCount, retryDelayMs } = world.settings;
  const patience: Patience = { retryCount, retryDelayMs, random: world.random, signal };
  const left: Task[] = [];
  let broken: unknown;

  async function attempt(task: Task): Promise<void> {
    if (signal.aborted || !choice.remaining().includes(source)) {
      left.push(task);
      return;
    }
    try {
      left.push(...(await run(task)));
    } catch (thrown) {
      // No other source can help with this: the other tasks end at a sound place, then it is thrown.
      broken ??= thrown;
      stop.abort();
    }
  }

  async function run(task: Task): Promise<readonly Task[]> {
    if (task.kind === 'file') return fetchSmall(task);
    const advance = (bytes: number): void => meter.advance(source.name, bytes);
    const {
      fetchedBytes,
      left: runs,
      failure,
    } = await (inThreads?.(task, signal, advance) ?? inPlace(task, advance));
    meter.received(source.name, fetchedBytes);
    markFetched(task, runs);
    if (failure) choice.failed(source, failure);
    return runs.length > 0 ? [{ ...task, runs }] : [];
  }

  async function fetchSmall(task: Task): Promise<readonly Task[]> {
    const { file } = task.work;
    try {
      const order = { from: task.from, subject: task.subject, size: file.size, sha256: file.sha256 };
      const bytes = await fetchFile(order, source, patience, count => meter.received(source.name, count));
      await placeSmallFile(task.work, bytes, world.durable);
      meter.advance(source.name, file.size);
      return [];
    } catch (thrown) {
      if (!(thrown instanceof Fault) || isOurOwn(thrown)) throw thrown;
      choice.failed(source, thrown);
      return [task];
    }
  }

  const inPlace = (task: ChunksTask, advance: (bytes: number) => void): Promise<ChunkFetch> =>
    fetchChunks(
      { from: task.from, subject: task.subject, index: task.index, runs: task.runs, to: task.work.assemble },
      { source, durable: world.durable, patience, scratch: new Uint8Array(FETCH_SCRATCH_BYTES), advance },
    );

  await Promise.all(tasks.map(task => limit(() => attempt(task))));
  if (broken !== undefined) throw broken;
  if (world.signal?.aborted) throw new Fault('STOP-01', source.name);
  return left;
}

type ChunksTask = Extract<Task, { readonly kind: 'chunks' }>;
type ThreadedFetch = (
  task: ChunksTask,
  signal: AbortSignal,
  advance: (bytes: number) => void,
) => Promise<ChunkFetch>;

/** @returns how to fetch in worker threads; undefined where that is not worth it or not possible. */
function threadedFetch(
  tasks: readonly Task[],
  source: Source,
  { pool, settings }: AcquireWorld,
): ThreadedFetch | undefined {
  const { address } = source;
  const bytes = tasks.reduce(
    (sum, task) => sum + (task.kind === 'chunks' ? bytesOf(task.runs, task.index) : 0),
    0,
  );
  if (address === undefined || pool.size < 2 || bytes < THREADS_FROM_BYTES) return undefined;
  const shared = new Map<ChunkIndex, Uint8Array>();
  return async ({ from, subject, index, runs, work }, signal, advance) => {
    const indexBytes = shared.get(index) ?? shareChunkIndex(index, subject).bytes;
    shared.set(index, indexBytes);
    const input = { source: address, settings, from, subject, index: indexBytes, runs, to: work.assemble };
    const { failure, ...fetched } = await pool.run('fetch-ranges', input, { signal, advance });
    return { ...fetched, ...(failure ? { failure: faultFromData(failure) } : {}) };
  };
}

/** What the task asked for and is not left is there. */
function markFetched({ work, runs }: ChunksTask, left: readonly ChunkRun[]): void {
  if (!(work.missing instanceof Uint8Array)) return;
  for (const { first, last } of runs) work.missing.fill(0, first, last);
  for (const { first, last } of left) work.missing.fill(1, first, last);
}
