// A tree of many small files like those of programs: most are small, most bytes are in the large ones, and about half of the bytes can be compressed.
import { createCipheriv, createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { at } from '../setup/place.mjs';
import { timed } from '../setup/say.mjs';

export const MEAN_BYTES = 40_000;

/** Sizes are log-normal between these; the wider SPREAD, the more bytes are in few files. */
const [SMALLEST, LARGEST] = [200, 2_000_000];
const SPREAD = 1.9;

const FILES_A_FOLDER = 50;
const EXTENSIONS = ['js', 'dll', 'json', 'd.ts', 'md', 'exe'];

/** Pieces that files are put together from: of real programs, or noise. */
const PIECE = 16_384;
const POOL_BYTES = 48_000_000;

/** Makes the tree once. The same seed makes the same tree from the same node_modules. */
export async function smallTree(folder, { files, bytes = files * MEAN_BYTES, seed }) {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return;
  await timed(`made ${files} files, ${Math.round(bytes / 1e6)} MB`, async () => {
    const staging = `${folder}.new`;
    rmSync(staging, { recursive: true, force: true });
    const random = randomNumbers(seed);
    const pool = realBytes(POOL_BYTES);
    for (const [n, size] of sizes(files, bytes, random).entries()) {
      const home = join(staging, `part-${Math.floor(n / FILES_A_FOLDER)}`);
      if (n % FILES_A_FOLDER === 0) mkdirSync(home, { recursive: true });
      writeFileSync(join(home, `file-${n}.${EXTENSIONS[n % EXTENSIONS.length]}`), mixed(size, pool, random));
    }
    renameSync(staging, folder);
  });
}

/** Writes other bytes into some of the files, takes some away and adds some, as another release does. */
export function changeTree(folder, { seed, changed, removed, added }) {
  const random = randomNumbers(seed);
  const pool = realBytes(POOL_BYTES);
  const all = filesIn(folder);
  for (const file of all) {
    const draw = random.next();
    if (draw < removed) rmSync(file);
    else if (draw < removed + changed) {
      const bytes = readFileSync(file);
      const patch = mixed(Math.ceil(bytes.length / 10), pool, random);
      const from = Math.floor(random.next() * bytes.length);
      writeFileSync(
        file,
        Buffer.concat([bytes.subarray(0, from), patch, bytes.subarray(from + patch.length / 2)]),
      );
    }
  }
  for (let n = 0; n < all.length * added; n += 1)
    writeFileSync(join(dirname(all[0]), `added-${n}.dll`), mixed(MEAN_BYTES, pool, random));
}

/** The files of a folder and of those below it, in the order of their names. */
export function filesIn(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
    .sort();
}

/** Log-normal, cut at both ends, and then scaled until they have the sum. */
function sizes(count, sum, random) {
  const drawn = Array.from({ length: count }, () => Math.exp(SPREAD * normal(random)));
  const scaled = by => drawn.map(each => Math.min(LARGEST, Math.max(SMALLEST, Math.round(each * by))));
  let [low, high] = [1, LARGEST];
  while (high - low > 0.5) {
    const middle = (low + high) / 2;
    if (scaled(middle).reduce((a, b) => a + b, 0) < sum) low = middle;
    else high = middle;
  }
  return scaled(high);
}

/** Box and Muller's. */
function normal(random) {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
}

function mixed(size, pool, random) {
  const pieces = [];
  for (let left = size; left > 0; left -= PIECE) {
    const length = Math.min(left, PIECE);
    if (random.next() < 0.5) pieces.push(random.noise(length));
    else {
      const from = Math.floor(random.next() * (pool.length - length));
      pieces.push(pool.subarray(from, from + length));
    }
  }
  return Buffer.concat(pieces);
}

/** What lies in node_modules, text and binaries, in the order of names. */
function realBytes(most) {
  const pieces = [];
  let bytes = 0;
  for (const file of filesIn(at('node_modules'))) {
    if (bytes >= most) break;
    if (!/\.(js|mjs|cjs|ts|json|md|node|wasm|dll)$/.test(file) || file.includes('/.')) continue;
    const piece = readFileSync(file).subarray(0, most / 16);
    pieces.push(piece);
    bytes += piece.length;
  }
  return Buffer.concat(pieces);
}

/** The same numbers from 0 to 1, and the same noise, at each run. */
export function randomNumbers(seed) {
  const key = createHash('sha256').update(`seed ${seed}`).digest();
  const stream = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
  const noise = length => stream.update(Buffer.alloc(length));
  return { noise, next: () => noise(4).readUInt32LE() / 2 ** 32 };
}
