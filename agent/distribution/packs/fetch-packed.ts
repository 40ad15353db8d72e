// Fetches from packs what costs less that way than as plain files. All of it is a saving, none of it needed: what packs do not bring, because there are none, or
// they lie, or a source fails, is still missing afterwards and is fetched as plain files.
import path from 'node:path';
import pLimit from 'p-limit';
import { faultFromData } from '../../content/job-messages.ts';
import { onDistributionPoint } from '../../content/layout.ts';
import type { ContentManifest } from '../../content/manifest.ts';
import type { PackFrame, PackIndex } from '../../content/pack-index.ts';
import type { JobCatalogue } from '../../content/worker-pool.ts';
import { Fault } from '../../fault/fault.ts';
import type { AcquireRequest, AcquireWorld } from '../acquire.ts';
import type { FileWork } from '../file-work.ts';
import type { Meter } from '../meter.ts';
import type { Source } from '../source.ts';
import type { SourceChoice } from '../source-choice.ts';
import { isOurOwn } from '../source-failure.ts';
import { chooseFrames, rangesOf } from './choose-frames.ts';
import { fetchFrames } from './fetch-frames.ts';
import { readPackIndex } from './read-pack-index.ts';
import { type WantedUnits, wantedUnits } from './wanted-units.ts';

export interface PackedFetch {
  readonly request: AcquireRequest;
  readonly works: readonly FileWork[];
  readonly choice: SourceChoice;
  readonly world: AcquireWorld;
  readonly meter: Meter;
  /** Told of each index of a pack that came: bytes that are no content. */
  readonly indexed: (bytes: number) => void;
}

/** An index and a range are two requests; what costs less than this many is fetched as it is. */
const WORTH_REQUESTS = 3;

/** A range of several frames is not longer, so that each connection has its part. */
const RANGE_BYTES = 8 * 1024 * 1024;

/**
 * Asks the sources of one rank, until one has packs. `missing` of the works shrinks by what came. Throws only what no source can help: DISK-*, STOP-01, BUG-01.
 */
export async function fetchPacked(rank: readonly Source[], fetch: PackedFetch): Promise<void> {
  const { choice, request, works } = fetch;
  const wanted = wantedUnits(request.manifest, works);
  for (const source of rank) {
    for (const pack of packsFor(request)) {
      const requestBytes = choice.health.requestCostBytes(source);
      const { bytes, requests } = wanted.plain();
      if (bytes + requests * requestBytes < WORTH_REQUESTS * requestBytes) return;
      const outcome = await fromPack(pack, source, wanted, fetch);
      if (outcome === 'enough') return;
      if (outcome === 'unusable') break;
    }
  }
}

interface Pack {
  readonly path: string;
  readonly subject: string;
  /** The version that its dictionaries are made of. */
  readonly older?: ContentManifest;
}

/** The one from the version that lies here first: it has the fewest bytes. */
function packsFor({ reference, local, whole }: AcquireRequest): readonly Pack[] {
  const { id, version } = reference;
  const full = { path: onDistributionPoint.fullPack(id, version), subject: `${id} full.pack` };
  if (local === undefined || whole === true || local.version === version || local.id !== id) return [full];
  const subject = `${id} from-${local.version}.pack`;
  return [{ path: onDistributionPoint.packFrom(id, version, local.version), subject, older: local }, full];
}

/** @returns `enough`: packs have brought what they can; `unusable`: no pack of this source is asked any more. */
async function fromPack(
  pack: Pack,
  source: Source,
  wanted: WantedUnits,
  fetch: PackedFetch,
): Promise<'enough' | 'go on' | 'unusable'> {
  const { world } = fetch;
  /** The source is not blamed: whether it fails or lies with plain files as well, they will show. */
  const refuse = (fault: Fault): 'unusable' => {
    tell(world, source, fault);
    return 'unusable';
  };
  try {
    const index = await readPackIndex(
      source,
      pack.path,
      {
        subject: `${source.name} ${pack.subject}`,
        units: wanted.units,
        lengthOf: wanted.lengthOf,
        ...(pack.older && { olderSizes: pack.older.files.map(file => file.size) }),
      },
      world.signal,
    );
    if (index === undefined) return 'go on';
    fetch.indexed(index.indexBytes);
    const failure = await fetchChosen(pack, index, source, wanted, fetch);
    if (failure === undefined) return pack.older === undefined ? 'enough' : 'go on';
    return refuse(failure);
  } catch (thrown) {
    if (!(thrown instanceof Fault) || isOurOwn(thrown)) throw thrown;
    return refuse(thrown);
  }
}

function tell({ observe }: AcquireWorld, source: Source, fault: Fault): void {
  const text = `Packs of ${source.name} are not used: ${fault.message}`;
  observe({ kind: 'note', level: 'warning', component: 'transfer', text });
}

/** @returns why not everything that was chosen came. */
async function fetchChosen(
  pack: Pack,
  { packBytes, frames }: PackIndex,
  source: Source,
  wanted: WantedUnits,
  fetch: PackedFetch,
): Promise<Fault | undefined> {
  const { choice, world, meter, request } = fetch;
  const { health } = choice;
  const offers = frames.map(frame => wanted.offerOf(frame));
  const whole = health.isRangeless(source);
  const requestBytes = health.requestCostBytes(source);
  const chosen = chooseFrames(offers, whole ? Number.POSITIVE_INFINITY : requestBytes);
  const ranges = whole
    ? [{ start: 0, end: packBytes, frames: chosen }].filter(() => chosen.length > 0)
    : rangesOf(chosen, requestBytes, RANGE_BYTES);
  const subject = `${source.name} ${pack.subject}`;
  const stop = new AbortController();
  const signal = world.signal ? AbortSignal.any([world.signal, stop.signal]) : stop.signal;
  const { retryCount, retryDelayMs, connections } = world.settings;
  let failure: Fault | undefined;
  const fetchRange = async (range: (typeof ranges)[number]): Promise<void> => {
    if (failure !== undefined || signal.aborted) return;
    const begun = world.clock.ticks();
    let receivedBytes = 0;
    const { failure: failed } = await fetchFrames(
      { pack: pack.path, packBytes, frames: range.frames, gapBytes: requestBytes, whole },
      {
        source,
        patience: { retryCount, retryDelayMs, random: world.random, signal },
        received: bytes => {
          receivedBytes += bytes;
        },
        take: async (frame, packed) => {
          const { units, placed } = wanted.wantedOf(frame);
          const dictionary = dictionaryOf(frame, pack, request, world);
          const taken = await world.pool.run(
            'unpack-frame',
            { packed, rawBytes: frame.rawBytes, subject, dictionary, units },
            { signal },
          );
          meter.advance(source.name, placed(taken.placed));
          if (taken.failure !== undefined) throw faultFromData(taken.failure);
        },
      },
    );
    meter.received(source.name, receivedBytes);
    if (failed === undefined) health.served(source, receivedBytes, (world.clock.ticks() - begun) / 1000);
    else failure ??= failed;
  };
  const limit = pLimit(whole ? 1 : connections);
  const ended = await Promise.allSettled(
    ranges.map(range =>
      limit(() =>
        fetchRange(range).catch(thrown => {
          // Nobody can help with this: the others end as well, then it is thrown.
          stop.abort();
          throw thrown;
        }),
      ),
    ),
  );
  if (world.signal?.aborted) throw new Fault('STOP-01', subject);
  const broken = ended.filter(each => each.status === 'rejected').map(each => each.reason);
  const first = broken.find(each => !(each instanceof Fault && each.code === 'STOP-01')) ?? broken[0];
  if (first !== undefined) throw first;
  if (failure?.code === 'NET-08' && failure.detail.wholeOnly === true && !whole) {
    health.foundRangeless(source);
    return await fetchChosen(pack, { packBytes, frames }, source, wanted, fetch);
  }
  return failure;
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
