// Where a partition of a disk image lies, by util-linux' reading of its table.
import { find, run } from '../../setup/program.mjs';

const SECTOR_BYTES = 512;

/**
 * @param partition its number, from 1; undefined for an image that is one volume without a table
 * @returns `{ offset, length }` in bytes; undefined for the whole image. Throws where there is no such partition.
 */
export async function partitionPlace(image, partition) {
  if (partition === undefined) return undefined;
  const table = await run(find('partx') ?? 'partx', [
    '--raw',
    '--bytes',
    '--noheadings',
    '--output',
    'NR,START,SIZE',
    image,
  ]);
  for (const line of table.trim().split('\n')) {
    const [number, start, length] = line.trim().split(/\s+/).map(Number);
    if (number === partition) return { offset: start * SECTOR_BYTES, length };
  }
  throw new Error(`${image} has no partition ${partition}`);
}
