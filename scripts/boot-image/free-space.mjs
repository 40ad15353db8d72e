// Whether there is room for all that will be written, asked before anything is: a disk that fills up midway costs a person minutes.
import { existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { Advice } from '../setup/say.mjs';

const MEGABYTE = 1_000_000;
const FAT32_MAX_BYTES = 2 ** 32 - 1;

/**
 * @param {{ to: string, source: object, given: number, iso: boolean, disk: boolean }} plan `given` are the bytes of agent and drivers
 * @returns {number} what is needed at most. Throws advice when the volume of `to` has less.
 */
export function checkFreeSpace({ to, source, given, iso, disk }) {
  const media = source.files.reduce((sum, { bytes }) => sum + bytes, 0);
  const bootWim = source.files.find(({ to: place }) => place === 'sources/boot.wim').bytes;
  if (bootWim + given > FAT32_MAX_BYTES)
    throw new Advice(
      `boot.wim would become larger than 4 GB (${megabytes(bootWim + given)}), which the EFI system partition (FAT32) cannot hold; nothing was made. Give fewer drivers.`,
    );
  // The tree that is laid over, the changed boot.wim and the optimised one beside it; then ISO and disk, each read back.
  const copies = [media + given, bootWim + given, given];
  for (const wanted of [iso, disk]) if (wanted) copies.push(2 * (media + given));
  const needed = copies.reduce((sum, bytes) => sum + bytes, 0);
  const place = firstThatExists(to);
  const { bavail, bsize } = statfsSync(place);
  const free = bavail * bsize;
  if (free < needed)
    throw new Advice(
      `There is too little space at ${place}: ${megabytes(needed)} may be needed, ${megabytes(free)} are free; nothing was made. Free some, or give a folder on another disk with --to.`,
    );
  return needed;
}

function firstThatExists(path) {
  return existsSync(path) ? path : firstThatExists(dirname(path));
}

const megabytes = bytes => `${Math.ceil(bytes / MEGABYTE)} MB`;
