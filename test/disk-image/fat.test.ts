import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeFat } from '../support/disk-image-kit.ts';
import { digestsOf, filesOfVolume } from '../support/image-volumes.ts';
import { extract, tool } from '../support/raw-disk.ts';
import { noise } from '../support/site-kit.ts';
import { faultOf } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { overwrite, readTree, writeTree } from '../support/wim-kit.ts';

const temporary = tempFolder('fat');
const at = (...names: readonly string[]) => path.join(temporary, ...names);

const FILES = {
  'EFI/BOOT/BOOTX64.EFI': noise(1_500_000, 1),
  'EFI/Microsoft/Boot/BCD': noise(30_000, 2),
  'sources/boot.wim': noise(5_000_000, 3),
  'a name that is much longer than thirteen characters and has several parts.txt': 'long',
  'Größe und 日本語.txt': 'letters of other languages',
  'lower.txt': 'lower case in a short name',
  'UPPER.TXT': 'upper',
  'empty.bin': '',
};

describe.each([
  ['FAT32', 32, 64],
  ['FAT16', 16, 32],
] as const)('%s', (name, bits, mib) => {
  const volume = at(`${name}.img`);

  it('gives each file under its long name, wherever its clusters lie', async () => {
    const tree = at(name);
    await writeTree(tree, FILES);
    await makeFat(volume, { mib, bits, tree, label: 'SYSTEM' });
    // Every second of many small files is deleted, so that one that takes all the room fills the gaps.
    const small: Record<string, Uint8Array> = {};
    for (let number = 0; number < 60; number += 1) small[`s${number}.bin`] = noise(3000, number);
    await writeTree(at(`${name}-small`), small);
    const names = Object.keys(small);
    await tool('mcopy', ['-i', volume, ...names.map(each => at(`${name}-small`, each)), '::/']);
    await tool('mdel', [
      '-i',
      volume,
      ...names.filter((_, place) => place % 2 === 0).map(each => `::/${each}`),
    ]);
    const free = /([\d ]+) bytes free/.exec(await tool('mdir', ['-i', volume]))?.[1]?.replaceAll(' ', '');
    writeFileSync(at('rest.bin'), Buffer.alloc(Number(free) - 16_384, 'rest '));
    await tool('mcopy', ['-i', volume, at('rest.bin'), '::/']);
    const files = await filesOfVolume(volume, 'fat');
    await extract(volume, at(`${name}-7z`));
    const expected = await readTree(at(`${name}-7z`));
    expect(await digestsOf(volume, files)).toEqual(expected);
    expect(Object.keys(expected)).toEqual(expect.arrayContaining(Object.keys(FILES)));
    expect([...files.values()].some(file => file.extents.length > 5)).toBe(true);
  });

  it('ends a loop of clusters, in a file and in a folder', async () => {
    const tree = at(`${name}-loops`);
    await writeTree(tree, { 'folder/inner.bin': noise(50_000, 1), 'file.bin': noise(50_000, 2) });
    const looped = at(`${name}-loops.img`);
    await makeFat(looped, { mib, bits, tree });
    const entry = readFileSync(looped).indexOf('FILE    BIN');
    const cluster = readFileSync(looped).readUInt16LE(entry + 26);
    await setNext(looped, bits, cluster, cluster);
    const files = await filesOfVolume(looped, 'fat');
    expect(files.get('file.bin')).toMatchObject({ unreadable: expect.stringMatching(/chain/) });
    expect(files.get('folder/inner.bin')?.unreadable).toBeUndefined();
    const folder = readFileSync(looped).indexOf('FOLDER     ');
    const folderCluster = readFileSync(looped).readUInt16LE(folder + 26);
    await setNext(looped, bits, folderCluster, folderCluster);
    expect(await faultOf(filesOfVolume(looped, 'fat'))).toMatchObject({ code: 'DISK-09' });
  });
});

/** Writes an entry of the first file allocation table. */
async function setNext(volume: string, bits: 16 | 32, cluster: number, next: number): Promise<void> {
  const boot = readFileSync(volume).subarray(0, 512);
  const table = boot.readUInt16LE(14) * boot.readUInt16LE(11);
  const bytes = Buffer.alloc(bits / 8);
  bytes.writeUIntLE(next, 0, bits / 8);
  await overwrite(volume, table + (cluster * bits) / 8, bytes);
}

it('ends a folder that is in itself', async () => {
  const tree = at('self');
  await writeTree(tree, { 'folder/inner/file.bin': 'x' });
  const volume = at('self.img');
  await makeFat(volume, { mib: 64, bits: 32, tree });
  const bytes = readFileSync(volume);
  const folder = bytes.readUInt16LE(bytes.indexOf('FOLDER     ') + 26);
  const cluster = Buffer.alloc(2);
  cluster.writeUInt16LE(folder);
  await overwrite(volume, bytes.indexOf('INNER      ') + 26, cluster);
  expect(await faultOf(filesOfVolume(volume, 'fat'))).toMatchObject({ code: 'DISK-09' });
});

describe('names that two entries have', () => {
  const entryOf = (volume: string, name: string) => readFileSync(volume).indexOf(name);

  it('proves no file whose name is also the short name of another one', async () => {
    const tree = at('short');
    await writeTree(tree, { 'BOOTX64.EFI': 'good', 'a name that is long.efi': 'evil' });
    const volume = at('short.img');
    await makeFat(volume, { mib: 64, bits: 32, tree });
    const at8 = entryOf(volume, 'ANAMET~1EFI');
    const bytes = readFileSync(volume);
    // The long name belongs to a short one with this sum; both are changed.
    const short = Buffer.from('BOOTX64 EFI');
    const sum = [...short].reduce((value, byte) => (((value & 1) << 7) + (value >> 1) + byte) & 0xff, 0);
    for (let part = at8 - 32; bytes[part + 11] === 0x0f; part -= 32)
      await overwrite(volume, part + 13, Buffer.from([sum]));
    await overwrite(volume, at8, short);
    const files = await filesOfVolume(volume, 'fat');
    expect([...files].map(([key, { unreadable }]) => [key, unreadable])).toEqual(
      expect.arrayContaining([
        ['bootx64.efi', 'two files of one name'],
        ['a name that is long.efi', 'two files of one name'],
      ]),
    );
  });

  it('refuses two folders of one name, and a folder and a file', async () => {
    const tree = at('folders');
    await writeTree(tree, { 'EFI/GOOD.EFI': 'good', 'EFJ/EVIL.EFI': 'evil', EFK: 'a file' });
    for (const twin of ['EFJ        ', 'EFK        ']) {
      const volume = at(`${twin.trim()}.img`);
      await makeFat(volume, { mib: 64, bits: 32, tree });
      await overwrite(volume, entryOf(volume, twin), Buffer.from('EFI'));
      expect(await faultOf(filesOfVolume(volume, 'fat'))).toMatchObject({
        code: 'DISK-09',
        detail: { expected: 'one entry of this name' },
      });
    }
  });
});

it('refuses FAT12 and what is no FAT by name', async () => {
  await makeFat(at('fat12.img'), { mib: 2, bits: 12 });
  expect(await faultOf(filesOfVolume(at('fat12.img'), 'fat'))).toMatchObject({
    code: 'DISK-09',
    detail: { found: 'FAT12' },
  });
  writeFileSync(at('zeros.img'), Buffer.alloc(4096));
  expect((await faultOf(filesOfVolume(at('zeros.img'), 'fat'))).code).toBe('DISK-09');
});
