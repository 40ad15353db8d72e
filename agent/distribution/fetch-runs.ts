// Fetches what a task wants of a large file from one source: as ranges, or where the source gives none out of the whole file that passes by.
import { bytesOf, type ChunkRun, runsOf } from './chunk-runs.ts';
import type { FileWork } from './file-work.ts';
import type { FetchChunks, LaneWorld } from './lane-world.ts';
import type { Source } from './source.ts';
import type { ChunksTask, Task } from './tasks.ts';

/** @returns what is left for others. Throws what no source can help: DISK-*, STOP-01, BUG-01. */
export async function fetchRuns(
  task: ChunksTask,
  source: Source,
  fetch: FetchChunks,
  parts: LaneWorld,
): Promise<readonly Task[]> {
  const { choice, world, meter, behind } = parts;
  if (choice.isRangeless(source)) return await withoutParts(task, source, fetch, parts);
  const begun = world.clock.ticks();
  const { fetchedBytes, unflushedBytes, left, failure } = await fetch(task, bytes =>
    meter.advance(source.name, bytes),
  );
  behind.wrote(task.work.assemble, unflushedBytes);
  meter.received(source.name, fetchedBytes);
  markFetched(task, left);
  if (failure?.code === 'NET-08' && failure.detail.wholeOnly === true) {
    choice.foundRangeless(source);
    return await withoutParts({ ...task, runs: left }, source, fetch, parts);
  }
  if (failure) choice.failed(source, failure);
  else choice.health.served(source, fetchedBytes, (world.clock.ticks() - begun) / 1000);
  return left.length > 0 ? [{ ...task, runs: left }] : [];
}

/** An equal that gives parts costs the missing bytes alone: as long as there is one, what is wanted is left to it. */
function withoutParts(
  task: ChunksTask,
  source: Source,
  fetch: FetchChunks,
  parts: LaneWorld,
): Promise<readonly Task[]> | readonly Task[] {
  const { choice, rank, lastResort } = parts;
  const open = choice.remaining();
  const isLeft = !lastResort && rank.some(other => open.includes(other) && !choice.isRangeless(other));
  return isLeft ? [task] : letPass(task, source, fetch, parts);
}

/**
 * A source without ranges is asked for a file once, whatever the number of its tasks: all that is missing of it is picked out while the whole passes by. Ranges
 * would cost the whole file each.
 */
async function letPass(
  task: ChunksTask,
  source: Source,
  fetch: FetchChunks,
  { choice, world, meter, behind, passes }: LaneWorld,
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
    const { fetchedBytes, unflushedBytes, left, failure } = await fetch(all, bytes =>
      meter.advance(source.name, bytes),
    );
    behind.wrote(work.assemble, unflushedBytes);
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

/** What the task asked for and is not left is there. What is left may have come another way meanwhile, so nothing is marked as missing. */
function markFetched({ work: { missing }, runs }: ChunksTask, left: readonly ChunkRun[]): void {
  if (!(missing instanceof Uint8Array)) return;
  const isLeft = new Uint8Array(missing.length);
  for (const { first, last } of left) isLeft.fill(1, first, last);
  for (const { first, last } of runs)
    for (let chunk = first; chunk < last; chunk++) if (isLeft[chunk] === 0) missing[chunk] = 0;
}
