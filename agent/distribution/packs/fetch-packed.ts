// Fetches from packs what costs less that way than as plain files. All of it is a saving, none of it needed: what packs do not bring, because there are none, or
// they lie, or a source fails, is still missing afterwards and is fetched as plain files.
import { onDistributionPoint } from '../../content/layout.ts';
import type { PackFrame } from '../../content/pack-index.ts';
import { Fault } from '../../fault/fault.ts';
import { faultLine } from '../../fault/fault-line.ts';
import type { AcquireRequest } from '../acquire.ts';
import type { Source } from '../source.ts';
import { isLie, isOurOwn } from '../source-failure.ts';
import { chooseFrames, RANGE_BYTES } from './choose-frames.ts';
import { openFrameBuffers } from './frame-buffers.ts';
import { fetchAllFrames, fetchFramesWhole } from './frame-lanes.ts';
import type { Pack, PackedFetch, PackWorld } from './pack-world.ts';
import { hasSamePack, type ReadPackIndex, readPackIndex } from './read-pack-index.ts';
import { type WantedUnits, wantedUnits } from './wanted-units.ts';

/** An index and a range are two requests; what costs less than this many is fetched as it is. */
const WORTH_REQUESTS = 3;

/**
 * Asks the sources of one rank. `missing` of the works shrinks by what came. Throws only what no source can help: DISK-*, STOP-01, BUG-01.
 */
export async function fetchPacked(rank: readonly Source[], fetch: PackedFetch): Promise<void> {
  const refused = new Set<Source>();
  const packs: PackWorld = {
    ...fetch,
    rank,
    wanted: wantedUnits(fetch.request.manifest, fetch.works),
    buffers: openFrameBuffers(),
    isRefused: source => refused.has(source) || fetch.wrongPacks.has(source),
    refuse(source, fault) {
      if (packs.isRefused(source)) return;
      (isLie(fault) ? fetch.wrongPacks : refused).add(source);
      // Whether it is away will show with plain files, and is told then.
      if (fault.code === 'NET-01') return;
      const text = `Packs of ${source.name} are not used: ${faultLine(fault)}`;
      fetch.world.observe({ kind: 'note', level: 'warning', component: 'transfer', text });
    },
  };
  for (const pack of packsFor(fetch.request)) {
    if (fetch.isInterrupted()) return;
    await fromPack(pack, packs);
  }
}

/** The one from the version that lies here first: it has the fewest bytes. */
function packsFor({ reference, local, whole }: AcquireRequest): readonly Pack[] {
  const { id, version } = reference;
  const full = { path: onDistributionPoint.fullPack(id, version), subject: `${id} full.pack` };
  if (local === undefined || whole === true || local.version === version || local.id !== id) return [full];
  const subject = `${id} from-${local.version}.pack`;
  return [{ path: onDistributionPoint.packFrom(id, version, local.version), subject, older: local }, full];
}

/**
 * The first source that has the pack says what is in it; those with the very same one serve together, when there is enough for several. Who gives no ranges
 * comes last: from the others what is missing costs less.
 */
async function fromPack(pack: Pack, packs: PackWorld): Promise<void> {
  const { rank, wanted, choice } = packs;
  const { health } = choice;
  const rangeless = (source: Source): number => (choice.isRangeless(source) ? 1 : 0);
  const queue = rank.toSorted((a, b) => rangeless(a) - rangeless(b));
  for (let source = queue.shift(); source !== undefined; source = queue.shift()) {
    if (packs.isRefused(source)) continue;
    const requestBytes = health.requestCostBytes(source);
    const { bytes, requests } = wanted.plain();
    if (bytes + requests * requestBytes < WORTH_REQUESTS * requestBytes) return;
    const index = await indexAt(source, pack, packs);
    if (index === undefined) continue;
    if (!choice.isRangeless(source)) {
      const chosen = choose(index.frames, requestBytes, wanted);
      const others = await othersWith(pack, index.encoded, source, chosen, packs);
      await fetchAllFrames({ pack, packBytes: index.packBytes, frames: chosen }, [source, ...others], packs);
    }
    if (choice.isRangeless(source) && !packs.isRefused(source) && !packs.isInterrupted()) {
      if (queue.some(other => !choice.isRangeless(other) && !packs.isRefused(other))) {
        queue.push(source);
        continue;
      }
      const chosen = choose(index.frames, Number.POSITIVE_INFINITY, wanted);
      await fetchFramesWhole({ pack, packBytes: index.packBytes, frames: chosen }, source, packs);
    }
    if (!packs.isRefused(source)) return;
  }
}

function choose(
  frames: readonly PackFrame[],
  requestBytes: number,
  wanted: WantedUnits,
): readonly PackFrame[] {
  const offers = frames.map(frame => wanted.offerOf(frame));
  return chooseFrames(offers, requestBytes);
}

async function indexAt(source: Source, pack: Pack, packs: PackWorld): Promise<ReadPackIndex | undefined> {
  const { wanted, world, indexed } = packs;
  const { older } = pack;
  try {
    const expected = {
      subject: `${source.name} ${pack.subject}`,
      units: wanted.units,
      lengthOf: wanted.lengthOf,
      ...(older && { olderSizes: older.files.map(file => file.size) }),
    };
    const index = await readPackIndex(source, pack.path, expected, world.signal);
    if (index !== undefined) indexed(index.encoded.length);
    return index;
  } catch (thrown) {
    if (!(thrown instanceof Fault) || isOurOwn(thrown)) throw thrown;
    packs.refuse(source, thrown);
    return undefined;
  }
}

/** Further sources of the rank that have the same pack. One range has nothing for them. */
async function othersWith(
  pack: Pack,
  encoded: Uint8Array,
  first: Source,
  chosen: readonly PackFrame[],
  packs: PackWorld,
): Promise<readonly Source[]> {
  const { rank, choice, world, indexed } = packs;
  const bytes = chosen.reduce((sum, frame) => sum + frame.packedBytes, 0);
  if (bytes <= RANGE_BYTES) return [];
  const others = rank.filter(
    other => other !== first && !packs.isRefused(other) && !choice.isRangeless(other),
  );
  const asked = { received: indexed, ...(world.signal ? { signal: world.signal } : {}) };
  const same = await Promise.all(others.map(other => hasSamePack(other, pack.path, encoded, asked)));
  return others.filter((_, at) => same[at]);
}
