// Has the sources of one rank work together: each connection takes the next task, large amounts are for worker threads that have connections of their own.
import { Fault } from '../fault/fault.ts';
import { fetchInPlace, threadedFetch } from './chunk-fetchers.ts';
import { fetchFile } from './fetch-file.ts';
import { fetchRuns } from './fetch-runs.ts';
import { placeSmallFile } from './file-work.ts';
import { connectionsOf, makeRoom } from './host-connections.ts';
import type { FetchChunks, LaneWorld, TransferTools } from './lane-world.ts';
import { counted, inTurns, type Lane, stoppingAll, workThrough } from './lanes.ts';
import { patienceOf } from './patience-of.ts';
import type { Source } from './source.ts';
import { isOurOwn } from './source-failure.ts';
import { bytesOfTask, type FileTask, type Task } from './tasks.ts';

/** Works through the tasks with the sources of one rank. @returns what is left for the next. */
export async function fetchFromRank(
  tasks: readonly Task[],
  rank: readonly Source[],
  tools: TransferTools,
  isInterrupted: () => boolean,
): Promise<readonly Task[]> {
  const { choice } = tools;
  const left = await fromEquals(tasks, rank, tools, { isInterrupted, lastResort: rank.length === 1 });
  if (rank.length === 1 || left.length === 0 || isInterrupted()) return left;
  const wholes = choice.remaining().filter(source => rank.includes(source) && choice.isRangeless(source));
  if (wholes.length === 0) return left;
  return await fromEquals(left, wholes, tools, { isInterrupted, lastResort: true });
}

interface HowLong {
  readonly isInterrupted: () => boolean;
  readonly lastResort: boolean;
}

async function fromEquals(
  tasks: readonly Task[],
  rank: readonly Source[],
  tools: TransferTools,
  { isInterrupted, lastResort }: HowLong,
): Promise<readonly Task[]> {
  const { world } = tools;
  const stop = new AbortController();
  const signal = world.signal ? AbortSignal.any([world.signal, stop.signal]) : stop.signal;
  const parts: LaneWorld = { ...tools, signal, passes: new Map(), rank, lastResort, isInterrupted };
  const servers = rank.map(source => serverLanes(source, rank, tasks, parts));
  await makeRoom(new Map(servers.map(({ source, own }) => [source, own])), world.sources);
  const lanes = inTurns(servers.map(each => each.lanes)).map(lane =>
    stoppingAll(counted(lane, tools.atWork), stop),
  );
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
    isOpen: () => !signal.aborted && !parts.isInterrupted() && choice.remaining().includes(source),
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
    const bytes = await fetchFile(order, source, patienceOf(world, source, signal), count =>
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
