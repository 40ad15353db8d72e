// ISO and disk image of the finished media, where they are asked for, each read back file by file.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { makeIso, readIso } from './bootable-iso.mjs';
import { digestsBelow } from './digest.mjs';
import { makeDisk, readDisk } from './disk-image.mjs';
import { step } from './progress.mjs';
import { expect, expectSame } from './read-back.mjs';

/** @param {{ firmware: { bios?: string, uefi?: string } }} given the boot sectors that were chosen. @returns the digests of the media, and what was made of it */
export async function makeImages({ options, firmware, signal, place }) {
  const more = { media: await digestsBelow(place.media) };
  if (options.iso) {
    const iso = join(place.folder, 'prestage-winpe.iso');
    await step('make the ISO', onPercent => makeIso(iso, { ...place, firmware, signal, onPercent }));
    const { entries, digests } = await step('read the ISO back', () => readIso(iso, { ...place, signal }));
    const wanted = [firmware.bios && 'BIOS', firmware.uefi && 'UEFI'].filter(Boolean);
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
