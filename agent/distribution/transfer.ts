// Fetches what no local file holds: from the nearest sources first, several of them together where they are equals; small files and scattered chunks in
// place, large amounts by worker threads that take portions of them.
import { Fault } from '../fault/fault.ts';
import type { AcquireRequest, AcquireWorld } from './acquire.ts';
import { fetchInPlace, patienceOf, threadedFetch } from './chunk-fetchers.ts';
import { fetchFile } from './fetch-file.ts';
import { fetchRuns } from './fetch-runs.ts';
import { type FileWork, missingBytes, placeSmallFile, settleMissing } from './file-work.ts';
import { openFlushBehind } from './flush-behind.ts';
import { connectionsOf, makeRoom } from './host-connections.ts';
import type { FetchChunks, LaneWorld, TransferTools } from './lane-world.ts';
import { inTurns, type Lane, stoppingAll, workThrough } from './lanes.ts';
import { openMeter } from './meter.ts';
import { fetchPacked } from './packs/fetch-packed.ts';
import type { Source } from './source.ts';
import type { SourceChoice } from './source-choice.ts';
import { isOurOwn } from './source-failure.ts';
import { bytesOfTask, type FileTask, type Task, tasksOf } from './tasks.ts';

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
  const tools = {
    choice,
    world,
    meter: openMeter(request.reference.id, totalBytes, world),
    behind: openFlushBehind(world.durable),
  };
  try {
    return await transferWith(tools, works, request);
  } finally {
    tools.meter.close();
    await tools.behind.end();
  }
}

async function transferWith(
  tools: TransferTools,
  works: readonly FileWork[],
  request: AcquireRequest,
): Promise<Transferred> {
  const { choice, world, meter } = tools;
  const { reference } = request;
  let packIndexBytes = 0;
  const indexed = (bytes: number): void => {
    packIndexBytes += bytes;
  };
  let tasks = tasksOf(works, reference, world.settings.connections);
  // A rank is asked when those before it have nothing more to give.
  for (const rank of choice.ranks()) {
    if (tasks.length === 0) break;
    await makeRoom(
      new Map(rank.map(source => [source, connectionsOf(source, rank, world.settings.connections)])),
      world.sources,
    );
    await fetchPacked(rank, { request, works, choice, world, meter, indexed });
    tasks = tasksOf(works, reference, world.settings.connections);
    tasks = await fromRank(tasks, rank, tools);
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
  tools: TransferTools,
): Promise<readonly Task[]> {
  const { world } = tools;
  const stop = new AbortController();
  const signal = world.signal ? AbortSignal.any([world.signal, stop.signal]) : stop.signal;
  const parts: LaneWorld = { ...tools, signal, passes: new Map() };
  const servers = rank.map(source => serverLanes(source, rank, tasks, parts));
  await makeRoom(new Map(servers.map(({ source, own }) => [source, own])), world.sources);
  const lanes = inTurns(servers.map(each => each.lanes)).map(lane => stoppingAll(lane, stop));
  const left = await workThrough(tasks, lanes, bytesOfTask).finally(async () => {
    if (servers.some(({ threads }) => threads > 0)) await world.pool.forget();
  });
  if (world.signal?.aborted) throw new Fault('STOP-01', rank[0]?.name ?? '');
  return left;
}

/** The connections to one source. */
interface ServerLanes {
  readonly source: Source;
  /** How many of them belong to worker threads, and how many to this one. */
  readonly threads: number;
  readonly own: number;
  readonly lanes: readonly Lane<Source, Task>[];
}

/** Some belong to worker threads where there is much to fetch. */
function serverLanes(
  source: Source,
  rank: readonly Source[],
  tasks: readonly Task[],
  parts: LaneWorld,
): ServerLanes {
  const { choice, world, signal } = parts;
  const connections = connectionsOf(source, rank, world.settings.connections);
  // One stays for small files; where there is only one, it does both.
  const inThreads = connections > 1 ? threadedFetch(tasks, source, parts) : undefined;
  const threads = inThreads ? Math.min(world.pool.size, connections - 1) : 0;
  const own = connections - threads;
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
  const lanes = [
    ...Array.from({ length: threads }, () => lane(task => task.kind === 'chunks', inThreads ?? inPlace)),
    ...Array.from({ length: own }, () => lane(inThreads ? task => task.kind === 'file' : all, inPlace)),
  ];
  return { source, threads, own, lanes };
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
