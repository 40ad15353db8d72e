// Takes whole files that lie on the machine: those of the item's own folders get a second name, those of other items are copied.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import pLimit from 'p-limit';
import { MAX_CHUNK_BYTES } from '../content/chunking.ts';
import { allEnded } from '../fault/all-ended.ts';
import type { AcquireWorld } from './acquire.ts';
import { type FileWork, placeSmallFile } from './file-work.ts';
import type { SeedMap, SeedPlaces } from './seed-map.ts';
import { openSeedReader } from './seed-reader.ts';
import { findWholeFiles, type Seeds } from './seeds.ts';

/** Each waits for its flush; so many wait together. */
const COPIES_AT_ONCE = 16;

/** @param elsewhere what the whole machine holds, where that may be used. @returns how many bytes were reused; they are durable. */
export async function reuseWholeFiles(
  works: readonly FileWork[],
  seeds: Seeds,
  world: AcquireWorld,
  elsewhere: SeedMap | undefined,
): Promise<number> {
  const linkedBytes = await takeOwnFiles(works, seeds, world);
  return linkedBytes + (elsewhere === undefined ? 0 : await copySmallFiles(works, elsewhere, world));
}

/** Gives seed files a second name where nothing stands in the way; a damaged small file is written anew from them. */
async function takeOwnFiles(works: readonly FileWork[], seeds: Seeds, world: AcquireWorld): Promise<number> {
  const whole = await findWholeFiles(works, seeds, world);
  const links: { readonly from: string; readonly to: string }[] = [];
  let reusedBytes = 0;
  for (const work of works) {
    const { file, found, assemble } = work;
    const from = work.missing === 'nothing' ? undefined : whole.get(file.sha256);
    if (from === undefined || from === assemble) continue;
    if (found === undefined) {
      links.push({ from, to: assemble });
      work.missing = 'nothing';
      reusedBytes += file.size;
    } else if (file.chunks === undefined) {
      // What cannot be read any more is no seed.
      const bytes = await readFile(from).catch(() => undefined);
      // Proven again on the bytes that are written: the file may have changed since it was hashed.
      if (bytes === undefined || createHash('sha256').update(bytes).digest('hex') !== file.sha256) continue;
      await placeSmallFile(work, bytes, world.durable);
      reusedBytes += file.size;
    }
  }
  await world.durable.linkOrCopyAll(links);
  return reusedBytes;
}

/**
 * Copies, not second names: the other item stays in the cache and may be mended where it lies, one bad sector would spoil both, and FAT32 has no
 * links. Large files come by their chunks, which are proven one by one.
 */
async function copySmallFiles(
  works: readonly FileWork[],
  elsewhere: SeedMap,
  world: AcquireWorld,
): Promise<number> {
  const wanted = works.filter(
    ({ file, missing }) =>
      missing !== 'nothing' && file.chunks === undefined && file.size > 0 && file.size <= MAX_CHUNK_BYTES,
  );
  if (wanted.length === 0) return 0;
  const places = await elsewhere.open();
  const limit = pLimit(COPIES_AT_ONCE);
  // The caller may swap or stop after a failure.
  const copied = await allEnded(
    wanted.map(work =>
      limit(async () => {
        const bytes = world.signal?.aborted ? undefined : await provenBytes(work, places);
        if (bytes === undefined) return 0;
        await placeSmallFile(work, bytes, world.durable);
        return bytes.length;
      }),
    ),
  );
  return copied.reduce((sum, bytes) => sum + bytes, 0);
}

async function provenBytes({ file }: FileWork, places: SeedPlaces): Promise<Uint8Array | undefined> {
  const digest = Buffer.from(file.sha256, 'hex');
  const seeds = openSeedReader();
  try {
    for (const place of places(digest)) {
      const bytes = new Uint8Array(file.size);
      if ((await seeds.read(place, bytes)) && createHash('sha256').update(bytes).digest().equals(digest))
        return bytes;
    }
    return undefined;
  } finally {
    await seeds.close();
  }
}
