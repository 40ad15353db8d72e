// A raw GPT disk with the media on its EFI system partition, for a virtual machine: sparse, so it takes little more than the media.
import { readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { digestsBelow } from './digest.mjs';
import { need } from './host.mjs';
import { runTool } from './run-tool.mjs';

const MEBIBYTE = 1024 * 1024;
const START_MEBIBYTES = 1;
const SECTORS_PER_MEBIBYTE = 2048;
/** What Prestage and Windows write there later; FAT32 itself wants 33 MB (Microsoft, "UEFI/GPT-based hard drive partitions": 100 MB or more). */
const ROOM_MEBIBYTES = 256;
const LABEL = 'PRESTAGE';

export async function makeDisk(disk, { media, mediaBytes, signal }) {
  const mebibytes = Math.ceil(mediaBytes / MEBIBYTE) + ROOM_MEBIBYTES;
  writeFileSync(disk, '');
  truncateSync(disk, (START_MEBIBYTES + mebibytes + 1) * MEBIBYTE); // the second partition table lies in the last MiB
  const last = START_MEBIBYTES + mebibytes;
  const partition = `1:${START_MEBIBYTES * SECTORS_PER_MEBIBYTE}:${last * SECTORS_PER_MEBIBYTE - 1}`;
  await runTool(
    need('sgdisk'),
    ['--clear', `--new=${partition}`, '--typecode=1:EF00', '--change-name=1:EFI system partition', disk],
    { signal },
  );
  const format = ['-F', '32', '-n', LABEL, `--offset=${START_MEBIBYTES * SECTORS_PER_MEBIBYTE}`];
  await runTool(need('mkfs.vfat'), [...format, disk, String(mebibytes * 1024)], { signal });
  const names = readdirSync(media).map(name => join(media, name));
  await runTool(need('mcopy'), ['-i', volumeIn(disk), '-s', '-m', ...names, '::'], { signal });
}

/** Reads the disk back: @returns the digest of every file of its EFI system partition. `scratch` takes what is copied out. */
export async function readDisk(disk, { scratch, signal }) {
  await runTool(need('sgdisk'), ['--verify', disk], { signal });
  const folder = join(scratch, 'disk');
  await mkdir(folder);
  await runTool(need('mcopy'), ['-i', volumeIn(disk), '-s', '-n', '::*', folder], { signal });
  return digestsBelow(folder);
}

const volumeIn = disk => `${disk}@@${START_MEBIBYTES * MEBIBYTE}`;
