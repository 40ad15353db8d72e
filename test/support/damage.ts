// Damages the files below a folder at random, as disks, half-finished copies and people do.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { filesBelow } from './content-kit.ts';
import type { Seeded } from './seeded.ts';

/** About every second file; now and then a file that nobody named. */
export async function damage(folder: string, random: Seeded): Promise<void> {
  for (const [name, bytes] of Object.entries(await filesBelow(folder)).toSorted(byName)) {
    const file = path.join(folder, name);
    const changed = damaged(bytes, random);
    if (changed === 'removed') await rm(file);
    else if (changed === 'a folder in its place') {
      await rm(file);
      await mkdir(file);
    } else if (changed !== undefined) await writeFile(file, changed);
  }
  if (random.int(4) === 0) await writeFile(path.join(folder, 'nobody named this'), random.bytes(30));
}

function damaged(
  bytes: Uint8Array,
  random: Seeded,
): Uint8Array | 'removed' | 'a folder in its place' | undefined {
  const at = random.int(bytes.length + 1);
  switch (random.int(14)) {
    case 0:
      return 'removed';
    case 1:
      return 'a folder in its place';
    case 2:
      return bytes.subarray(0, at);
    case 3:
      return Buffer.concat([bytes, random.bytes(1 + random.int(2000))]);
    case 4:
      return Buffer.concat([bytes.subarray(0, at), Buffer.alloc(bytes.length - at)]);
    case 5:
    case 6: {
      const flipped = Uint8Array.from(bytes);
      for (let flips = random.int(4); flips >= 0; flips--) {
        const place = random.int(bytes.length);
        flipped[place] = (flipped[place] ?? 0) ^ (1 << random.int(8));
      }
      return flipped;
    }
    default:
      return undefined;
  }
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
