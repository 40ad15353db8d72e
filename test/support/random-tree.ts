// Trees of files drawn from a seed: small and large, empty, with the same bytes under several names, with parts of each other.
import { MAX_CHUNK_BYTES } from '../../agent/content/chunking.ts';
import type { Files } from './content-kit.ts';
import type { Seeded } from './seeded.ts';

const FOLDERS = ['', 'b/', 'b/c d/', 'Ä#%/'] as const;
const NAMES = ['setup', 'data.cab', 'readme ü.txt', 'a+b', '日本', '100%25'] as const;

/** One to twelve files, up to about 12 MB. */
export function drawTree(random: Seeded): Files {
  const files: Record<string, Uint8Array> = {};
  const count = 1 + random.int(12);
  for (let n = 0; n < count; n++) {
    const name = `${random.pick(FOLDERS)}${random.pick(NAMES)}.${n}`;
    files[name] = drawBytes(random, Object.values(files));
  }
  return files;
}

/** Another version: some files gone, some new, some changed in places. */
export function editTree(tree: Files, random: Seeded): Files {
  const files: Record<string, Uint8Array> = {};
  for (const [name, bytes] of Object.entries(tree)) {
    const kind = random.int(5);
    if (kind === 0) continue;
    files[name] = kind === 1 ? edited(bytes, random) : bytes;
  }
  if (random.int(2) === 0) files[`new.${random.int(100)}`] = drawBytes(random, Object.values(tree));
  // A version has at least one file.
  return Object.keys(files).length > 0 ? files : { 'only.txt': random.bytes(10) };
}

function drawBytes(random: Seeded, others: readonly Uint8Array[]): Uint8Array {
  const other = others.length > 0 ? random.pick(others) : new Uint8Array();
  switch (random.int(8)) {
    case 0:
      return new Uint8Array();
    case 1:
      return other;
    case 2:
      return edited(other, random);
    // Where one way of fetching ends and the other begins.
    case 3:
      return random.bytes(MAX_CHUNK_BYTES - 1 + random.int(3));
    case 4:
      return new Uint8Array(random.int(2_000_000));
    case 5:
      return random.bytes(MAX_CHUNK_BYTES + random.int(2_500_000));
    default:
      return random.bytes(random.int(2000));
  }
}

/** Some bytes taken out, put in or written over. */
function edited(bytes: Uint8Array, random: Seeded): Uint8Array {
  const at = random.int(bytes.length + 1);
  const insert = random.bytes(random.int(200));
  return Buffer.concat([
    bytes.subarray(0, at),
    insert,
    bytes.subarray(Math.min(bytes.length, at + random.int(300))),
  ]);
}
