// A disk like the depot's, but with ext4 where NTFS is: Linux' drivers of NTFS write no journal, so what survives a power cut on it says nothing. ext4
// journals what NTFS does (names, sizes, places) and promises as little for data that nobody flushed: durability is judged on it, function on NTFS.
import { rmSync, truncateSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../setup/program.mjs';
import { layFolders } from './site.mjs';

const SECTOR_BYTES = 512;
const MEBIBYTE = 1024 * 1024;

/** In MiB: EFI system partition and volume lie where `media apply` would lay them, under the same names. */
const ESP = { start: 1, length: 256 };

/** Of the volume, as `media apply` numbers its partitions. */
export const VOLUME = { number: 3, startBytes: (ESP.start + ESP.length + 16) * MEBIBYTE };

/**
 * @param {ReturnType<import('./site.mjs').siteAt>} site whose media is laid
 * @param {string} disk raw image to make
 * @param {{ volumeMb?: number }} [size]
 */
export async function layExt4Disk(site, disk, { volumeMb = 768 } = {}) {
  const folder = `${disk}.folders`;
  rmSync(folder, { recursive: true, force: true });
  rmSync(disk, { force: true });
  await layFolders(site, folder);
  const totalMb = VOLUME.startBytes / MEBIBYTE + volumeMb + 1;
  writeFileSync(disk, '');
  truncateSync(disk, totalMb * MEBIBYTE);
  const mib = value => (value * MEBIBYTE) / SECTOR_BYTES;
  const end = (startMb, lengthMb) => mib(startMb + lengthMb) - 1;
  const espEnd = ESP.start + ESP.length;
  await run('sgdisk', [
    ...[
      '-n',
      `1:${mib(ESP.start)}:${end(ESP.start, ESP.length)}`,
      '-t',
      '1:ef00',
      '-c',
      '1:EFI system partition',
    ],
    ...['-n', `2:${mib(espEnd)}:${end(espEnd, 16)}`, '-t', '2:0c01', '-c', '2:Microsoft reserved partition'],
    ...[
      '-n',
      `3:${mib(espEnd + 16)}:${end(espEnd + 16, volumeMb)}`,
      '-t',
      '3:0700',
      '-c',
      '3:Basic data partition',
    ],
    disk,
  ]);
  await layEsp(join(folder, 'volumes/esp'), disk);
  const options = `offset=${VOLUME.startBytes},lazy_itable_init=0,lazy_journal_init=0`;
  await run('mke2fs', [
    '-q',
    '-t',
    'ext4',
    '-L',
    'Windows',
    '-b',
    '4096',
    '-E',
    options,
    '-d',
    join(folder, 'volumes/windows'),
    disk,
    `${volumeMb}M`,
  ]);
  rmSync(folder, { recursive: true });
}

async function layEsp(folder, disk) {
  const part = `${disk}.esp`;
  rmSync(part, { force: true });
  writeFileSync(part, '');
  truncateSync(part, ESP.length * MEBIBYTE);
  await run('mkfs.vfat', ['-F', '32', '-n', 'SYSTEM', part]);
  for (const name of await readdir(folder)) await run('mcopy', ['-s', '-i', part, join(folder, name), '::/']);
  await run('dd', [
    `if=${part}`,
    `of=${disk}`,
    'bs=1M',
    `seek=${ESP.start}`,
    'conv=notrunc,sparse',
    'status=none',
  ]);
  rmSync(part);
}
