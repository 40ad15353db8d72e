import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { find } from '../../scripts/setup/program.mjs';
import {
  missingForMounts,
  UnsoundVolume,
  withMountedPartition,
} from '../../scripts/vm/disk/mounted-partition.mjs';
import { ROOT } from '../shape/sources.ts';
import { makeGptDisk, makeNtfs } from '../support/disk-image-kit.ts';
import { tempFolder } from '../support/temp-folder.ts';

const folder = tempFolder('mounted');
const at = (name: string): string => path.join(folder, name);
const MIB = 1024 * 1024;
const EXT4_PLACE = 33 * MIB;
/** An NTFS volume, then an ext4 volume, as partitions of one disk. */
const disk = at('disk.img');

beforeAll(async () => {
  mkdirSync(at('tree/Prestage'), { recursive: true });
  writeFileSync(at('tree/Prestage/agent.yaml'), 'site: x\n');
  await makeNtfs(at('ntfs.img'), { mib: 32, tree: at('tree') });
  writeFileSync(at('ext4.img'), '');
  truncateSync(at('ext4.img'), 64 * MIB);
  execFileSync(find('mke2fs')!, ['-q', '-t', 'ext4', '-F', '-d', at('tree'), at('ext4.img')]);
  await makeGptDisk(disk, [
    { type: '0700', mib: 32, from: at('ntfs.img') },
    { type: '8300', mib: 64, from: at('ext4.img') },
  ]);
});

function copy(name: string): string {
  copyFileSync(disk, at(name));
  return at(name);
}

/** What the kernel still has of an image: mounts of it, loop devices over it. */
function leftOver(image: string): readonly string[] {
  const loops = execFileSync(find('losetup')!, [
    '--list',
    '--noheadings',
    '--output',
    'NAME,BACK-FILE',
  ]).toString();
  return loops.split('\n').filter(line => line.includes(image));
}

test('this machine can mount, as these tests want', async () => {
  expect(await missingForMounts()).toEqual([]);
});

test('a partition of a disk is looked at where it is mounted, and what was changed there is in the image', async () => {
  const image = copy('looked-at.img');
  const size = await withMountedPartition(image, { partition: 2, type: 'ext4' }, async root => {
    expect(await readFile(path.join(root, 'Prestage/agent.yaml'), 'utf8')).toBe('site: x\n');
    await writeFile(path.join(root, 'new'), 'new');
    return (await stat(path.join(root, 'new'))).size;
  });
  expect(size).toBe(3);
  expect(leftOver(image)).toEqual([]);
  await withMountedPartition(image, { partition: 2, type: 'ext4' }, async root => {
    expect(await readFile(path.join(root, 'new'), 'utf8')).toBe('new');
  });
});

test('an NTFS volume is read, not changed', async () => {
  const image = copy('ntfs-disk.img');
  await withMountedPartition(image, { partition: 1, type: 'ntfs' }, async root => {
    expect(await readFile(path.join(root, 'Prestage/agent.yaml'), 'utf8')).toBe('site: x\n');
    await expect(writeFile(path.join(root, 'new'), '')).rejects.toThrow(/EROFS/);
  });
  expect(readFileSync(image).equals(readFileSync(disk))).toBe(true);
  expect(leftOver(image)).toEqual([]);
});

test('a look that fails leaves nothing mounted, and its failure is what is told', async () => {
  const image = copy('failing.img');
  const look = withMountedPartition(image, { partition: 2, type: 'ext4' }, () => {
    throw new Error('looked in vain');
  });
  await expect(look).rejects.toThrow('looked in vain');
  expect(leftOver(image)).toEqual([]);
});

test('a look that holds on to a file is told so; the mount is gone all the same', async () => {
  const image = copy('held.img');
  let held = -1;
  let mounted = '';
  const look = withMountedPartition(image, { partition: 2, type: 'ext4' }, root => {
    held = openSync(path.join(root, 'Prestage/agent.yaml'), 'r');
    mounted = root;
  });
  await expect(look).rejects.toThrow(/still in use after the look at it/);
  expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(mounted);
  closeSync(held);
  await expect.poll(() => leftOver(image)).toEqual([]);
});

test.each([
  { what: 'ext4 whose root folder is no folder', partition: 2, type: 'ext4' as const, damage: damageRoot },
  { what: 'ext4 whose books are wrong', partition: 2, type: 'ext4' as const, damage: damageBitmap },
  { what: 'ext4 without a superblock', partition: 2, type: 'ext4' as const, damage: damageSuperblock },
  { what: 'NTFS whose file table is gone', partition: 1, type: 'ntfs' as const, damage: damageMft },
])('$what is unsound, and nothing stays mounted', async ({ what, partition, type, damage }) => {
  const image = copy(`${what.replaceAll(' ', '-')}.img`);
  damage(image);
  const look = withMountedPartition(image, { partition, type }, () => 'looked');
  await expect(look).rejects.toThrow(UnsoundVolume);
  expect(leftOver(image)).toEqual([]);
});

function debugfs(image: string, request: string): void {
  const volume = `${image}?offset=${EXT4_PLACE}`;
  execFileSync(find('debugfs')!, ['-w', '-R', request, volume], { stdio: 'ignore' });
}

function damageRoot(image: string): void {
  debugfs(image, 'set_inode_field <2> mode 0100644');
}

function damageBitmap(image: string): void {
  debugfs(image, 'freei /Prestage/agent.yaml');
}

function damageSuperblock(image: string): void {
  overwrite(image, EXT4_PLACE + 1024, 1024);
}

/** mkntfs puts it at cluster 4 of 4 KiB. */
function damageMft(image: string): void {
  overwrite(image, MIB + 4 * 4096, 4096);
}

function overwrite(image: string, offset: number, length: number): void {
  const handle = openSync(image, 'r+');
  writeSync(handle, Buffer.alloc(length, 0x5a), 0, length, offset);
  closeSync(handle);
}

test('a partition that is not there is named', async () => {
  const look = withMountedPartition(copy('absent.img'), { partition: 3, type: 'ext4' }, () => 'looked');
  await expect(look).rejects.toThrow(/has no partition 3$/);
});

test.each<{ signal: NodeJS.Signals }>([{ signal: 'SIGINT' }, { signal: 'SIGTERM' }])(
  'a program that is ended by $signal while it looks leaves nothing mounted',
  async ({ signal }) => {
    const image = copy(`${signal}.img`);
    const module = pathToFileURL(path.join(ROOT, 'scripts/vm/disk/mounted-partition.mjs'));
    const program = `
      const { withMountedPartition } = await import(${JSON.stringify(module.href)});
      const image = ${JSON.stringify(image)};
      await withMountedPartition(image, { partition: 2, type: 'ext4' }, async root => {
        console.log(root);
        await new Promise(resolve => setTimeout(resolve, 60_000));
      });`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [root] = (await once(child.stdout, 'data')) as [Buffer];
    expect(leftOver(image)).toHaveLength(1);
    const ended = once(child, 'exit');
    child.kill(signal);
    expect(await ended).toEqual([null, signal]);
    expect(existsSync(root.toString().trim())).toBe(false);
    expect(leftOver(image)).toEqual([]);
  },
);
