// ISO and disk image of the finished media, where they are asked for, each read back file by file.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { makeIso, readIso } from './bootable-iso.mjs';
import { digestsBelow } from './digest.mjs';
import { makeDisk, readDisk } from './disk-image.mjs';
import { step } from './progress.mjs';
import { expect, expectSame } from './read-back.mjs';

/** @returns the digests of the media, and what was made of it */
export async function makeImages({ options, source, signal, place }) {
  const more = { media: await digestsBelow(place.media) };
  if (options.iso) {
    const iso = join(place.folder, 'prestage-winpe.iso');
    await step('make the ISO', onPercent => makeIso(iso, { ...place, ...source, signal, onPercent }));
    const { entries, digests } = await step('read the ISO back', () => readIso(iso, { ...place, signal }));
    const wanted = [source.firmware.bios && 'BIOS', source.firmware.uefi && 'UEFI'].filter(Boolean);
    expect('boot entries of the ISO', wanted.join(' '), entries.join(' '));
    expectSame('the ISO', more.media, digests);
    more.iso = { bytes: statSync(iso).size, starts: entries };
  }
  if (options.disk) {
    const disk = join(place.folder, 'prestage-winpe.img');
    const mediaBytes = Object.keys(more.media).reduce(
      (sum, file) => sum + statSync(join(place.media, file)).size,
      0,
    );
    await step('make the disk image', () => makeDisk(disk, { ...place, mediaBytes, signal }));
    const digests = await step('read the disk image back', () => readDisk(disk, { ...place, signal }));
    expectSame('the disk image', more.media, digests);
    more.disk = { bytes: statSync(disk).size };
  }
  return more;
}
