// Fetches what no local file holds: from the nearest sources first, several of them together where they are equals; small files and scattered chunks in
// place, large amounts by worker threads that take portions of them.
import type { ChunkIndex } from '../content/chunk-index.ts';
import { shareChunkIndex } from '../content/chunk-index.ts';
import { faultFromData } from '../content/job-messages.ts';
import { Fault } from '../fault/fault.ts';
import type { AcquireRequest, AcquireWorld } from './acquire.ts';
import { bytesOf, type ChunkRun, runsOf } from './chunk-runs.ts';
import { type ChunkFetch, FETCH_SCRATCH_BYTES, fetchChunks } from './fetch-chunks.ts';
import { fetchFile } from './fetch-file.ts';
import { type FileWork, missingBytes, placeSmallFile, settleMissing } from './file-work.ts';
import { connectionsOf } from './host-connections.ts';
import { inTurns, type Lane, stoppingAll, workThrough } from './lanes.ts';
import { type Meter, openMeter } from './meter.ts';
import { fetchPacked } from './packs/fetch-packed.ts';
import type { Patience } from './retry.ts';
import type { Source } from './source.ts';
import type { SourceChoice } from './source-choice.ts';
import { isOurOwn } from './source-failure.ts';
import { bytesOfTask, type ChunksTask, type FileTask, type Task, tasksOf } from './tasks.ts';

/** Below this a thread costs more than it saves. */
export const THREADS_FROM_BYTES = 32 * 1024 * 1024;

export interface Transferred {
  readonly fetchedBytes: number;
  /** Bytes of the indexes of packs, which are no content. */
  readonly packIndexBytes: number;
  readonly bySource: Readonly<Record<string, number>>;
}

/** Completes every file of `works`. Faults: CONTENT-01 when sources are exhausted, DISK-*, STOP-01. What was fetched until then is kept. */
export async function transfer(
  works: readonly FileWork[],
  request: AcquireRequest,
  choice: SourceChoice,
  world: AcquireWorld,
): Promise<Transferred> {
  const totalBytes = works.reduce((sum, work) => sum + missingBytes(work), 0);
  const meter = openMeter(request.reference.id, totalBytes, world);
  try {
    return await transferWith(meter, works, request, choice, world);
  } finally {
    meter.close();
  }
}

async function transferWith(
  meter: Meter,
  works: readonly FileWork[],
  request: AcquireRequest,
  choice: SourceChoice,
  world: AcquireWorld,
): Promise<Transferred> {
  const { reference } = request;
  let packIndexBytes = 0;
  const indexed = (bytes: number): void => {
    packIndexBytes += bytes;
  };
  let tasks = tasksOf(works, reference, world.settings.connections);
  // A rank is asked when those before it have nothing more to give.
  for (const rank of choice.ranks()) {
    if (tasks.length === 0) break;
    await fetchPacked(rank, { request, works, choice, world, meter, indexed });
    tasks = tasksOf(works, reference, world.settings.connections);
    tasks = await fromRank(tasks, rank, choice, world, meter);
  }
  for (const work of works) settleMissing(work);
  if (tasks.length > 0)
    throw choice.exhausted({ missingBytes: works.reduce((sum, work) => sum + missingBytes(work), 0) });
  meter.finish();
  return { packIndexBytes, fetchedBytes: meter.fetchedBytes(), bySource: meter.bySource() };
}

/** Works through the tasks with the sources of one rank. @returns what is left for the next. */
async function fromRank(
  tasks: readonly Task[],
  rank: readonly Source[],
  choice: SourceChoice,
  world: AcquireWorld,
  meter: Meter,
): Promise<readonly Task[]> {
  const stop = new AbortController();
  const signal = world.signal ? AbortSignal.any([world.signal, stop.signal]) : stop.signal;
  const passes: LaneWorld['passes'] = new Map();
  const bySource = rank.map(source =>
    lanesOf(source, connectionsOf(source, rank, world.settings.connections), tasks, {
      choice,
      world,
      meter,
      signal,
      passes,
    }),
  );
  const lanes = inTurns(bySource).map(lane => stoppingAll(lane, stop));
  const left = await workThrough(tasks, lanes, bytesOfTask);
  if (world.signal?.aborted) throw new Fault('STOP-01', rank[0]?.name ?? '');
  return left;
}

interface LaneWorld {
  readonly choice: SourceChoice;
  readonly world: AcquireWorld;
  readonly meter: Meter;
  readonly signal: AbortSignal;
  /** Whole files that pass by from a source without ranges. */
  readonly passes: Map<Source, Map<FileWork, Promise<void>>>;
}

/** The connections to one source: some of them belong to worker threads where there is much to fetch. */
function lanesOf(
  source: Source,
  connections: number,
  tasks: readonly Task[],
  parts: LaneWorld,
): readonly Lane<Source, Task>[] {
  const { choice, world, signal } = parts;
  // One stays for small files; where there is only one, it does both.
  const inThreads = connections > 1 ? threadedFetch(tasks, source, parts) : undefined;
  const threads = inThreads ? Math.min(world.pool.size, connections - 1) : 0;
  const lane = (takes: Lane<Source, Task>['takes'], fetch: FetchChunks): Lane<Source, Task> => ({
    source,
    takes,
    isOpen: () => !signal.aborted && choice.remaining().includes(source),
    speed: () => choice.health.speed(source),
    run: task =>
      task.kind === 'file' ? fetchSmall(task, source, parts) : fetchRuns(task, source, fetch, parts),
  });
  const all = (): boolean => true;
  const inPlace: FetchChunks = (task, advance) => fetchInPlace(task, advance, source, parts);
  return [
    ...Array.from({ length: threads }, () => lane(task => task.kind === 'chunks', inThreads ?? inPlace)),
    ...Array.from({ length: connections - threads }, () =>
      lane(inThreads ? task => task.kind === 'file' : all, inPlace),
    ),
  ];
}

type FetchChunks = (task: ChunksTask, advance: (bytes: number) => void) => Promise<ChunkFetch>;

async function fetchRuns(
  task: ChunksTask,
  source: Source,
  fetch: FetchChunks,
  parts: LaneWorld,
): Promise<readonly Task[]> {
  const { choice, world, meter } = parts;
  if (choice.health.isRangeless(source)) return await letPass(task, source, fetch, parts);
  const begun = world.clock.ticks();
  const { fetchedBytes, left, failure } = await fetch(task, bytes => meter.advance(source.name, bytes));
  meter.received(source.name, fetchedBytes);
  markFetched(task, left);
  if (failure?.code === 'NET-08' && failure.detail.wholeOnly === true) {
    choice.health.foundRangeless(source);
    return await letPass({ ...task, runs: left }, source, fetch, parts);
  }
  if (failure) choice.failed(source, failure);
  else choice.health.served(source, fetchedBytes, (world.clock.ticks() - begun) / 1000);
  return left.length > 0 ? [{ ...task, runs: left }] : [];
}

/**
 * A source without ranges is asked for a file once, whatever the number of its tasks: all that is missing of it is picked out while the whole passes by. Ranges
 * would cost the whole file each.
 */
async function letPass(
  task: ChunksTask,
  source: Source,
  fetch: FetchChunks,
  { choice, world, meter, passes }: LaneWorld,
): Promise<readonly Task[]> {
  const { work, index, subject } = task;
  const own = passes.get(source) ?? new Map<FileWork, Promise<void>>();
  passes.set(source, own);
  const pass = async (): Promise<void> => {
    const { missing } = work;
    if (!(missing instanceof Uint8Array)) return;
    const all: ChunksTask = { ...task, runs: runsOf(missing), whole: true };
    const text = `${source.name} gives no parts of files: ${subject} (${index.sizeBytes} bytes) is fetched whole for ${bytesOf(all.runs, index)} bytes of it.`;
    world.observe({ kind: 'note', level: 'warning', component: 'transfer', text });
    const begun = world.clock.ticks();
    const { fetchedBytes, left, failure } = await fetch(all, bytes => meter.advance(source.name, bytes));
    meter.received(source.name, fetchedBytes);
    markFetched(all, left);
    if (failure) choice.failed(source, failure);
    else choice.health.served(source, fetchedBytes, (world.clock.ticks() - begun) / 1000);
  };
  const going = own.get(work) ?? pass();
  own.set(work, going);
  await going;
  const left = stillMissing(task);
  return left.length > 0 ? [{ ...task, runs: left }] : [];
}

/** What of the task's runs is missing now, whoever fetched the rest. */
function stillMissing({ runs, work: { missing } }: ChunksTask): readonly ChunkRun[] {
  if (!(missing instanceof Uint8Array)) return [];
  const own = new Uint8Array(missing.length);
  for (const { first, last } of runs) own.set(missing.subarray(first, last), first);
  return runsOf(own);
}

async function fetchSmall(
  task: FileTask,
  source: Source,
  { choice, world, meter, signal }: LaneWorld,
): Promise<readonly Task[]> {
  const { file } = task.work;
  const begun = world.clock.ticks();
  try {
    const order = { from: task.from, subject: task.subject, size: file.size, sha256: file.sha256 };
    const bytes = await fetchFile(order, source, patienceOf(world, signal), count =>
      meter.received(source.name, count),
    );
    choice.health.served(source, file.size, (world.clock.ticks() - begun) / 1000);
    await placeSmallFile(task.work, bytes, world.durable);
    meter.advance(source.name, file.size);
    return [];
  } catch (thrown) {
    if (!(thrown instanceof Fault) || isOurOwn(thrown)) throw thrown;
    choice.failed(source, thrown);
    return [task];
  }
}

function fetchInPlace(
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
      patience: patienceOf(world, signal),
      scratch: new Uint8Array(FETCH_SCRATCH_BYTES),
      advance,
    },
  );
}

/** @returns how to fetch in worker threads; undefined where that is not worth it or not possible. */
function threadedFetch(
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
  const shared = new Map<ChunkIndex, Uint8Array>();
  return async ({ from, subject, index, runs, work, whole = false }, advance) => {
    const indexBytes = shared.get(index) ?? shareChunkIndex(index, subject).bytes;
    shared.set(index, indexBytes);
    const gapBytes = choice.health.requestCostBytes(source);
    const order = {
      from,
      subject,
      index: indexBytes,
      runs,
      to: work.assemble,
      gapBytes,
      live: work.live,
      whole,
    };
    const input = { source: address, settings, ...order };
    const { failure, ...fetched } = await pool.run('fetch-ranges', input, { signal, advance });
    return { ...fetched, ...(failure ? { failure: faultFromData(failure) } : {}) };
  };
}

function patienceOf({ settings, random }: AcquireWorld, signal: AbortSignal): Patience {
  return { retryCount: settings.retryCount, retryDelayMs: settings.retryDelayMs, random, signal };
}

/** What the task asked for and is not left is there. */
function markFetched({ work, runs }: ChunksTask, left: readonly ChunkRun[]): void {
  if (!(work.missing instanceof Uint8Array)) return;
  for (const { first, last } of runs) work.missing.fill(0, first, last);
  for (const { first, last } of left) work.missing.fill(1, first, last);
}
