// Deals ranges of a pack's frames out to the connections of the sources that have it. What none of them brings stays missing.
import path from 'node:path';
import { faultFromData } from '../../content/job-messages.ts';
import type { PackFrame } from '../../content/pack-index.ts';
import type { JobCatalogue } from '../../content/worker-pool.ts';
import { Fault } from '../../fault/fault.ts';
import type { AcquireRequest, AcquireWorld } from '../acquire.ts';
import { connectionsOf, makeRoom } from '../host-connections.ts';
import { counted, inTurns, type Lane, stoppingAll, workThrough } from '../lanes.ts';
import { patienceOf } from '../patience-of.ts';
import type { Source } from '../source.ts';
import { RANGE_BYTES, rangesOf } from './choose-frames.ts';
import { fetchFrames } from './fetch-frames.ts';
import type { Pack, PackWorld } from './pack-world.ts';

/** Frames of one pack that are worth fetching. */
export interface ChosenFrames {
  readonly pack: Pack;
  readonly packBytes: number;
  /** Ascending. */
  readonly frames: readonly PackFrame[];
}

/** Neighbours that one connection brings. */
type FramesTask = readonly PackFrame[];

/** A source that fails leaves its frames to the others. One that turns out to give no ranges is not refused: it may be asked for the whole. */
export async function fetchAllFrames(
  chosen: ChosenFrames,
  sources: readonly Source[],
  packs: PackWorld,
): Promise<void> {
  const { choice, world } = packs;
  const { health } = choice;
  const stop = new AbortController();
  const signal = world.signal ? AbortSignal.any([world.signal, stop.signal]) : stop.signal;
  const [first] = sources;
  if (first === undefined) return;
  const tasks = rangesOf(chosen.frames, health.requestCostBytes(first), RANGE_BYTES).map(
    ({ frames }): FramesTask => frames,
  );
  const parts = new Map(
    sources.map(source => [source, connectionsOf(source, sources, world.settings.connections)]),
  );
  await makeRoom(parts, world.sources);
  const lanes = [...parts].map(([source, connections]) => {
    const lane: Lane<Source, FramesTask> = {
      source,
      takes: () => true,
      isOpen: () =>
        !signal.aborted && !packs.isInterrupted() && !packs.isRefused(source) && !choice.isRangeless(source),
      speed: () => health.speed(source),
      run: async frames => {
        const left = await fetchSome({ ...chosen, frames }, source, packs, { signal, whole: false });
        return left.length > 0 ? [left] : [];
      },
    };
    return Array.from({ length: connections }, () => stoppingAll(counted(lane, packs.atWork), stop));
  });
  await workThrough(tasks, inTurns(lanes), frames =>
    frames.reduce((sum, frame) => sum + frame.packedBytes, 0),
  );
  if (world.signal?.aborted) throw new Fault('STOP-01', chosen.pack.subject);
}

/** The whole pack passes by, once, from a source that gives no ranges. */
export async function fetchFramesWhole(
  chosen: ChosenFrames,
  source: Source,
  packs: PackWorld,
): Promise<void> {
  if (chosen.frames.length === 0) return;
  const signal = packs.world.signal ?? new AbortController().signal;
  await fetchSome(chosen, source, packs, { signal, whole: true });
}

/** @returns what did not come. */
async function fetchSome(
  { pack, packBytes, frames }: ChosenFrames,
  source: Source,
  packs: PackWorld,
  { signal, whole }: { readonly signal: AbortSignal; readonly whole: boolean },
): Promise<readonly PackFrame[]> {
  const { choice, world, meter, wanted, request, buffers } = packs;
  const { health } = choice;
  const subject = `${source.name} ${pack.subject}`;
  const begun = world.clock.ticks();
  let receivedBytes = 0;
  const { left, failure } = await fetchFrames(
    { pack: pack.path, packBytes, frames, gapBytes: health.requestCostBytes(source), whole },
    {
      source,
      patience: patienceOf(world, source, signal),
      received: bytes => {
        receivedBytes += bytes;
      },
      buffers,
      take: async (frame, packed) => {
        const { units, placed } = wanted.wantedOf(frame);
        const dictionary = dictionaryOf(frame, pack, request, world);
        const input = { packed, rawBytes: frame.rawBytes, subject, dictionary, units };
        const taken = await world.pool.run('unpack-frame', input, { signal });
        meter.advance(source.name, placed(taken.placed));
        if (taken.failure !== undefined) throw faultFromData(taken.failure);
      },
    },
  );
  meter.received(source.name, receivedBytes);
  if (failure === undefined) health.served(source, receivedBytes, (world.clock.ticks() - begun) / 1000);
  else if (failure.code === 'NET-08' && failure.detail.wholeOnly === true && !whole)
    choice.foundRangeless(source);
  else packs.refuse(source, failure);
  return left;
}

/** @returns where the bytes of the older version lie, if they lie here as they did when the pack was made. */
function dictionaryOf(
  { dictionary }: PackFrame,
  { older }: Pack,
  { reference }: AcquireRequest,
  { layout }: AcquireWorld,
): JobCatalogue['unpack-frame']['input']['dictionary'] {
  if (dictionary === undefined) return undefined;
  const item = layout.item(reference.id);
  const pieces = dictionary.segments.map(({ file, offset, length }) => ({
    // The index was held against the older version: it has a file of this number.
    path: path.join(item, ...(older?.files[file]?.path ?? '').split('/')),
    offset,
    length,
  }));
  return { pieces, sha256: dictionary.sha256 };
}
