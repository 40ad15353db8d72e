// Fills the gaps of large files with chunks that lie on the machine: first those of the item's own files, then those of anything else that a
// manifest vouches for, and last those of its own files that nobody has cut yet.

import { Fault } from '../fault/fault.ts';
import type { AcquireWorld } from './acquire.ts';
import type { FileWork } from './file-work.ts';
import { fillFromSeeds } from './fill-from-seeds.ts';
import { chunksOf, placesOf, type SeedMap, type SeedPlaces } from './seed-map.ts';
import { cutAnew, knownChunks, type Seeds } from './seeds.ts';

/** @param elsewhere what the whole machine holds, where that may be used. @returns how many bytes were reused; they are durable. */
export async function reuseChunks(
  works: readonly FileWork[],
  seeds: Seeds,
  world: AcquireWorld,
  elsewhere: SeedMap | undefined,
): Promise<number> {
  let reusedBytes = 0;
  const stopIfAsked = (): void => {
    if (world.signal?.aborted) throw new Fault('STOP-01', 'reusing local chunks');
  };
  const lacking = (): readonly FileWork[] => works.filter(lacksChunks);
  const fill = async (places: SeedPlaces): Promise<void> => {
    for (const work of lacking())
      reusedBytes += await fillFromSeeds(work, places, { durable: world.durable, stopIfAsked });
  };

  if (lacking().length === 0) return 0;
  const own = await knownChunks(seeds, world);
  if (own.lists.length > 0) await fill(placesOf(own.lists));
  if (elsewhere !== undefined && lacking().length > 0)
    await fill(await placesElsewhere(lacking(), elsewhere));
  for (const seed of seeds.cut ? own.others : []) {
    if (lacking().length === 0) break;
    const list = await cutAnew(seed, world);
    if (list !== undefined) await fill(placesOf([list]));
  }
  return reusedBytes;
}

function lacksChunks({ index, missing }: FileWork): boolean {
  return index !== undefined && missing instanceof Uint8Array && missing.includes(1);
}

/** Chunks wherever they lie; and of a file that lies somewhere whole every chunk, also where no index of it is at hand but our own. */
async function placesElsewhere(works: readonly FileWork[], elsewhere: SeedMap): Promise<SeedPlaces> {
  const places = await elsewhere.open();
  const twins = placesOf(
    works.flatMap(({ file, index }) =>
      index === undefined
        ? []
        : [...places(Buffer.from(file.sha256, 'hex'))].map(place => chunksOf(index, place.path)),
    ),
  );
  return function* (digest) {
    yield* places(digest);
    yield* twins(digest);
  };
}
