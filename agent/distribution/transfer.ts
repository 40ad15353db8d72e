// Fetches what no local file holds: from the nearest sources first, from those behind them what is left, and from the nearer ones again when they are back.
import type { AcquireRequest, AcquireWorld } from './acquire.ts';
import { fetchFromRank } from './fetch-from-rank.ts';
import { type FileWork, missingBytes, settleMissing } from './file-work.ts';
import { openFlushBehind } from './flush-behind.ts';
import { connectionsOf, makeRoom } from './host-connections.ts';
import type { TransferTools } from './lane-world.ts';
import { openMeter } from './meter.ts';
import { fetchPacked } from './packs/fetch-packed.ts';
import { watchForReturns } from './returns.ts';
import type { Source } from './source.ts';
import type { SourceChoice } from './source-choice.ts';
import { tasksOf } from './tasks.ts';
import { wholesTold } from './tell-wholes.ts';

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
  const totalBytes = missingOf(works);
  const tools = {
    choice,
    world,
    meter: openMeter(request.reference.id, totalBytes, world),
    behind: openFlushBehind(world.durable),
    atWork: new Map(),
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
  const { choice, world, meter, atWork } = tools;
  const { reference } = request;
  let packIndexBytes = 0;
  const indexed = (bytes: number): void => {
    packIndexBytes += bytes;
  };
  const { connections } = world.settings;
  const tellWholes = wholesTold(request, tools);
  let tasks = tasksOf(works, reference, connections);
  /** Those that have nothing more to give. */
  const done = new Set<Source>();
  const wrongPacks = new Set<Source>();
  const nextRank = (): readonly Source[] =>
    choice
      .ranks()
      .map(sources => sources.filter(source => !done.has(source)))
      .find(sources => sources.length > 0) ?? [];
  let missingBefore = missingOf(works);
  // A rank is asked when those before it have nothing more to give, and left again when one of them is back.
  for (let [task] = tasks; task !== undefined; [task] = tasks) {
    const rank = nextRank();
    const [first] = rank;
    if (first === undefined) {
      // Somebody brought something since: those who were left alone long enough get another try.
      const missing = missingOf(works);
      const again = missing < missingBefore ? choice.askAgain() : [];
      missingBefore = missing;
      if (again.length === 0) break;
      for (const source of again) done.delete(source);
      continue;
    }
    const returns = watchForReturns(rank, done, task, tools);
    const { isBack } = returns;
    try {
      await makeRoom(
        new Map(rank.map(source => [source, connectionsOf(source, rank, connections)])),
        world.sources,
      );
      const packed = {
        request,
        works,
        choice,
        world,
        meter,
        atWork,
        indexed,
        wrongPacks,
        isInterrupted: isBack,
      };
      await fetchPacked(rank, packed);
      const isMeasured = rank.length === 1 || rank.every(source => choice.health.speed(source) !== undefined);
      tasks = tasksOf(works, reference, connections, isMeasured ? 0 : lanesOf(rank, connections));
      tellWholes(works, first);
      if (!isBack()) tasks = await fetchFromRank(tasks, rank, tools, isBack);
    } finally {
      await returns.end();
    }
    if (!isBack()) for (const source of rank) done.add(source);
    for (const source of returns.sources()) done.delete(source);
  }
  for (const work of works) settleMissing(work);
  if (tasks.length > 0) throw choice.exhausted({ missingBytes: missingOf(works) });
  meter.finish();
  return { packIndexBytes, fetchedBytes: meter.fetchedBytes(), bySource: meter.bySource() };
}

function missingOf(works: readonly FileWork[]): number {
  return works.reduce((sum, work) => sum + missingBytes(work), 0);
}

function lanesOf(rank: readonly Source[], connections: number): number {
  return rank.reduce((sum, source) => sum + connectionsOf(source, rank, connections), 0);
}
