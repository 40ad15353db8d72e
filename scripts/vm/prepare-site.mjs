// The sample site of virtual machines and the disks of its media, made once and used again until what they are made from changes.
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from '../build.mjs';
import { bootImageKey } from '../sample/boot-image.mjs';
import { digestOfFiles, madeOnce } from '../sample/made.mjs';
import { locked } from '../setup/lock.mjs';
import { at, BUILD, OUT } from '../setup/place.mjs';
import { layExt4Disk } from './ext4-disk.mjs';
import { layDisk, makeSite, siteAt } from './site.mjs';
import { STAND_IN } from './stand-in/place.mjs';

const FOLDER = join(OUT, 'vm', 'site');

/** What the media holds beside a boot image: the executables, the stand-in; and how it is made. */
const PARTS = [
  join(BUILD, 'prestage'),
  join(BUILD, 'prestage.exe'),
  join(STAND_IN, 'recipe'),
  ...['scripts/vm/site.mjs', 'scripts/vm/ext4-disk.mjs'].map(name => at(name)),
];

/** Media and policy are valid for 30 days: after 14 they are made anew, so that nobody meets ones that have expired. */
const FRESH_MS = 14 * 24 * 60 * 60 * 1000;

/** @returns the site's places, its distribution point and media whole. The stand-in is there. */
export async function prepareSite() {
  await build('all');
  return await locked(`${FOLDER}.lock`, async () => {
    await madeOnce(
      'site, distribution point and media for virtual machines',
      FOLDER,
      digestOfFiles(PARTS, [bootImageKey([]), String(Math.floor(Date.now() / FRESH_MS))]),
      makeSite,
    );
    return siteAt(FOLDER);
  });
}

/** A disk of the site's media that is only copied, never written. @param {'ntfs' | 'ext4'} type of its volume */
export async function prepareDisk(type) {
  const site = await prepareSite();
  return await locked(`${FOLDER}.lock`, async () => {
    const disk = join(FOLDER, `${type}.img`);
    if (!existsSync(`${disk}.made`)) {
      rmSync(disk, { force: true });
      await (type === 'ext4' ? layExt4Disk(site, disk) : layDisk(site, disk));
      writeFileSync(`${disk}.made`, '');
    }
    return { site, disk };
  });
}
