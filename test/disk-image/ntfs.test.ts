import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { link, symlink } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ImageFile } from '../../agent/disk-image/disk-image.ts';
import { find } from '../../scripts/setup/program.mjs';
import { makeNtfs } from '../support/disk-image-kit.ts';
import { digestsOf, filesOfVolume } from '../support/image-volumes.ts';
import { tool } from '../support/raw-disk.ts';
import { noise } from '../support/site-kit.ts';
import { faultOf } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { overwrite, readTree, windowsLikeTree, writeTree } from '../support/wim-kit.ts';

const temporary = tempFolder('ntfs');
const at = (...names: readonly string[]) => path.join(temporary, ...names);

/** What ntfscat, of the Linux-NTFS project, reads. */
function ntfscat(volume: string, file: string): Buffer {
  return execFileSync(find('ntfscat') ?? 'ntfscat', ['-f', volume, file], { maxBuffer: 2 ** 28 });
}

const withoutFolders = (tree: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(tree).filter(([name]) => !name.endsWith('/')));

/** Every second cluster is taken, so that whatever grows is scattered. */
async function scatter(volume: string): Promise<void> {
  const bitmap = Buffer.from(ntfscat(volume, '$Bitmap')).map(byte => byte | 0xaa);
  writeFileSync(at('bitmap'), bitmap);
  await tool('ntfscp', ['-f', volume, at('bitmap'), '$Bitmap']);
}

describe('a volume as media has it', () => {
  it.each([
    ['clusters of 4 KiB', []],
    ['clusters of 512 bytes', ['-c', '512']],
    ['clusters of 64 KiB', ['-c', '65536']],
    ['sectors and records of 4 KiB', ['-s', '4096']],
  ])('gives each file under each of its names, resident or not, with %s', async (_, options) => {
    const tree = at(`tree${options.join('')}`);
    await windowsLikeTree(tree);
    const volume = at(`windows${options.join('')}.ntfs`);
    await makeNtfs(volume, { mib: 64, tree, label: 'Windows', options });
    const files = await filesOfVolume(volume, 'ntfs');
    expect(await digestsOf(volume, files)).toEqual(withoutFolders(await readTree(tree)));
    expect(files.get('users/öffentlich/emoji 🚀.txt')?.inline).toBeDefined();
    expect(files.get('windows/linked.txt')?.extents).toBe(files.get('windows/system32/kernel.txt')?.extents);
  });

  it('tells a symbolic link and a junction’s contents as no plain files', async () => {
    const tree = at('links');
    await writeTree(tree, { 'folder/file.txt': 'x' });
    await symlink('folder/file.txt', path.join(tree, 'link.txt'));
    await symlink('folder', path.join(tree, 'linked folder'));
    const volume = at('links.ntfs');
    await makeNtfs(volume, { mib: 16, tree });
    const files = await filesOfVolume(volume, 'ntfs');
    expect([...files.values()].map(file => [file.path, file.unreadable]).sort()).toEqual([
      ['folder/file.txt', undefined],
      ['link.txt', 'a symbolic link'],
      ['linked folder', 'a symbolic link'],
    ]);
  });
});

describe('a volume that has been used', () => {
  it('follows a file table in pieces, and attribute lists of files with very many names', async () => {
    const tree = at('many');
    const many: Record<string, string> = {};
    for (let number = 0; number < 3000; number += 1) many[`f/${number}.txt`] = `file ${number}`;
    await writeTree(tree, many);
    for (let number = 0; number < 300; number += 1)
      await link(
        path.join(tree, 'f/1.txt'),
        path.join(tree, `f/another and rather long name, number ${number}`),
      );
    const volume = at('many.ntfs');
    await makeNtfs(volume, { mib: 100 });
    await scatter(volume);
    await tool('wimlib-imagex', ['capture', tree, at('many.wim'), '--compress=none']);
    await tool('wimlib-imagex', ['apply', at('many.wim'), '1', volume]);
    // The premises: the table's own list, and the list of the file with the names.
    expect(await tool('ntfsinfo', ['-i', '0', volume])).toMatch(/\$DATA \(0x80\) from mft record 1\d/);
    expect(await tool('ntfsinfo', ['-F', 'f/1.txt', volume])).toContain('$ATTRIBUTE_LIST');
    const files = await filesOfVolume(volume, 'ntfs');
    expect(files.size).toBe(3300);
    expect(await digestsOf(volume, files)).toEqual(await readTree(tree));
  });

  it('reads files in pieces, holes as zeros, and what was never written as zeros', async () => {
    const tree = at('grown');
    const volume = at('grown.ntfs');
    await writeTree(tree, {
      a: noise(20_000, 1),
      b: noise(20_000, 2),
      hole: noise(20_000, 3),
      fresh: noise(20_000, 4),
    });
    await makeNtfs(volume, { mib: 32, tree });
    for (const size of [50_000, 100_000, 150_000, 200_000])
      for (const [seed, name] of ['a', 'b'].entries()) {
        writeFileSync(at('part'), noise(size, seed + 5));
        await tool('ntfscp', [volume, at('part'), name]);
      }
    const inode = /^\s*(\d+) hole$/m.exec(await tool('ntfsls', ['-i', volume]))?.[1] ?? '';
    await tool('ntfstruncate', [volume, inode, '3000000']);
    // Room without bytes: initialised is what was there before.
    await tool('ntfsfallocate', ['-l', '1000000', volume, 'fresh', '0x80']);
    await tool('ntfscp', ['-N', 'stream', volume, at('part'), 'a']);
    const files = await filesOfVolume(volume, 'ntfs');
    expect(files.get('a')?.extents.length).toBeGreaterThan(1);
    expect(files.get('hole')?.extents.some(extent => extent.sparse)).toBe(true);
    expect(files.get('fresh')?.extents.some(extent => extent.sparse)).toBe(true);
    const expected: Record<string, Buffer> = {};
    for (const name of ['a', 'b', 'hole', 'fresh']) expected[name] = ntfscat(volume, name);
    await writeTree(at('cat'), expected);
    expect(await digestsOf(volume, files)).toEqual(await readTree(at('cat')));
  });

  it('names compressed and encrypted files as such', async () => {
    const tree = at('plain');
    await writeTree(tree, {
      'folder/secret.txt': noise(5000, 1),
      'folder/packed.txt': 'abc '.repeat(20_000),
    });
    const volume = at('flags.ntfs');
    await makeNtfs(volume, { mib: 16, tree });
    await setDataFlags(volume, 'secret.txt', 0x4000);
    await setDataFlags(volume, 'packed.txt', 0x0001);
    const files = await filesOfVolume(volume, 'ntfs');
    expect(files.get('folder/secret.txt')).toMatchObject({ unreadable: 'encrypted' });
    expect(files.get('folder/packed.txt')).toMatchObject({ unreadable: 'compressed' });
  });
});

/** Where the file's record lies in the volume: it has the name in a $FILE_NAME attribute of its own, others in an index. */
function recordOf(volume: string, name: string): { readonly offset: number; readonly record: Buffer } {
  const bytes = readFileSync(volume);
  const before = 66 + 24;
  for (
    let found = bytes.indexOf(name, 0, 'utf16le');
    found >= 0;
    found = bytes.indexOf(name, found + 2, 'utf16le')
  ) {
    const offset = found - (found % 1024);
    const record = bytes.subarray(offset, offset + 1024);
    const isOwn = found - offset >= before && bytes.readUInt32LE(found - before) === 0x30;
    if (isOwn && record.toString('latin1', 0, 4) === 'FILE') return { offset, record };
  }
  throw new Error(`no record of ${name}`);
}

/** A record of the file system's own, in the table's first piece. */
function systemRecord(volume: string, number: number): Buffer {
  const bytes = readFileSync(volume);
  const start = Number(bytes.readBigUInt64LE(48)) * bytes.readUInt16LE(11) * (bytes[13] ?? 0);
  return bytes.subarray(start + number * 1024, start + (number + 1) * 1024);
}

const reasons = (files: ReadonlyMap<string, ImageFile>) =>
  [...files].map(([key, file]) => [key, file.unreadable]);

function dataAttribute(record: Buffer): number {
  for (let place = record.readUInt16LE(20); ; ) {
    if (record.readUInt32LE(place) === 0x80) return place;
    const length = record.readUInt32LE(place + 4);
    if (length === 0) throw new Error('no data');
    place += length;
  }
}

async function setDataFlags(volume: string, name: string, flags: number): Promise<void> {
  const { offset, record } = recordOf(volume, name);
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(flags);
  await overwrite(volume, offset + dataAttribute(record) + 12, bytes);
}

describe('a volume that cannot be so', () => {
  async function small(name: string): Promise<string> {
    const tree = at(`${name}-tree`);
    await writeTree(tree, { 'folder/large.bin': noise(50_000, 1), 'folder/tiny.txt': 'tiny' });
    const volume = at(`${name}.ntfs`);
    await makeNtfs(volume, { mib: 16, tree });
    return volume;
  }

  it('finds a record that was written half', async () => {
    const volume = await small('torn');
    const { offset } = recordOf(volume, 'large.bin');
    await overwrite(volume, offset + 510, Buffer.from([0xff, 0xff]));
    expect(await faultOf(filesOfVolume(volume, 'ntfs'))).toMatchObject({
      code: 'DISK-09',
      subject: volume,
      detail: { found: 'an old part 1' },
    });
  });

  it.each([
    [
      'beyond the volume',
      [0x41, 0x0d, 0xff, 0xff, 0xff, 0x7f],
      'its data runs leave the volume or have no end',
    ],
    ['before it', [0x11, 0x0d, 0xff], 'its data runs leave the volume or have no end'],
    ['of no length', [0x11, 0x00, 0x20], 'its data runs leave the volume or have no end'],
    ['without an end', [0x1f], 'its data runs leave the volume or have no end'],
    ['of another length', [0x11, 0x01, 0x20, 0x00], 'its data runs have another length than it says'],
  ])('does not follow data runs %s', async (_, mapping, why) => {
    const volume = await small(`runs-${mapping.join('-')}`);
    const { offset, record } = recordOf(volume, 'large.bin');
    const place = dataAttribute(record);
    await overwrite(volume, offset + place + record.readUInt16LE(place + 32), Buffer.from(mapping));
    const files = await filesOfVolume(volume, 'ntfs');
    expect(files.get('folder/large.bin')).toMatchObject({ unreadable: why });
    expect(files.get('folder/tiny.txt')?.unreadable).toBeUndefined();
  });

  it('does not follow a folder that is in itself, or one that is another by now', async () => {
    const volume = await small('loop');
    const { offset, record } = recordOf(volume, 'folder');
    const own = record.readUInt32LE(44);
    const name = record.indexOf('folder', 0, 'utf16le') - 66;
    const reference = Buffer.alloc(8);
    reference.writeUInt32LE(own, 0);
    reference.writeUInt16LE(record.readUInt16LE(16), 6);
    await overwrite(volume, offset + name, reference);
    const doubted = [['folder', 'the index of its folder tells another file']];
    expect(reasons(await filesOfVolume(volume, 'ntfs'))).toEqual(doubted);
    const other = await small('replaced');
    const place = recordOf(other, 'folder').offset;
    await overwrite(other, place + 16, Buffer.from([0x77]));
    expect(reasons(await filesOfVolume(other, 'ntfs'))).toEqual(doubted);
  });

  it('refuses names that no file can have', async () => {
    const volume = await small('names');
    const { offset, record } = recordOf(volume, 'tiny.txt');
    await overwrite(volume, offset + record.indexOf('tiny.txt', 0, 'utf16le'), Buffer.from([0, 0]));
    expect(await faultOf(filesOfVolume(volume, 'ntfs'))).toMatchObject({ code: 'DISK-09' });
  });

  it('does not give one file for two whose names differ only by case', async () => {
    const tree = at('cases-tree');
    await writeTree(tree, { 'readme.txt': 'one', 'Other1.txt': 'two' });
    const volume = at('cases.ntfs');
    await makeNtfs(volume, { mib: 16, tree });
    const { offset, record } = recordOf(volume, 'Other1.txt');
    await overwrite(
      volume,
      offset + record.indexOf('Other1.txt', 0, 'utf16le'),
      Buffer.from('README.TXT', 'utf16le'),
    );
    const files = await filesOfVolume(volume, 'ntfs');
    expect(reasons(files)).toEqual([
      ['readme.txt', 'two files of one name'],
      ['other1.txt', 'the index of its folder tells another file'],
    ]);
  });
});

describe('a volume that Windows would read in another way', () => {
  const GOOD = noise(30_000, 1);

  /** `folder/good.bin` and a file of the same length that lies about what it is. */
  async function volumeOf(name: string): Promise<string> {
    const tree = at(`${name}-tree`);
    await writeTree(tree, {
      'folder/good.bin': GOOD,
      'folder/evil twin.bin': noise(30_000, 2),
      'tiny.txt': 'tiny',
    });
    const volume = at(`${name}.ntfs`);
    await makeNtfs(volume, { mib: 16, tree });
    return volume;
  }

  /** Where the index of a small folder has the name of a file: in the folder's own record. */
  function indexEntry(volume: string, folder: string, name: string): number {
    const { offset, record } = recordOf(volume, folder);
    const found = record.indexOf(name, 0, 'utf16le');
    expect(found).toBeGreaterThan(0);
    return offset + found - 66 - 16;
  }

  it('does not prove a file that the index of its folder does not lead to', async () => {
    const volume = await volumeOf('exchanged');
    const [good, evil] = ['good.bin', 'evil twin.bin'].map(name => indexEntry(volume, 'folder', name));
    const reference = readFileSync(volume).subarray(evil, (evil ?? 0) + 8);
    await overwrite(volume, good ?? 0, Buffer.from(reference));
    // The premise: others go by the index, and find the other file.
    expect(ntfscat(volume, 'folder/good.bin')).toEqual(Buffer.from(noise(30_000, 2)));
    expect((await filesOfVolume(volume, 'ntfs')).get('folder/good.bin')).toMatchObject({
      unreadable: 'the index of its folder tells another file',
    });
  });

  it('does not prove a file that no index has', async () => {
    const volume = await volumeOf('unlisted');
    const entry = indexEntry(volume, 'folder', 'good.bin');
    await overwrite(volume, entry + 16 + 66, Buffer.from('hood.bin', 'utf16le'));
    const files = await filesOfVolume(volume, 'ntfs');
    expect(files.get('folder/good.bin')?.unreadable).toBe('it is not in the index of its folder');
    expect(files.get('folder/hood.bin')?.unreadable).toBe('the index of its folder tells another file');
    expect(files.get('folder/evil twin.bin')?.unreadable).toBeUndefined();
  });

  it('does not prove a file whose name is another one’s short name', async () => {
    const volume = await volumeOf('short');
    const entry = indexEntry(volume, 'folder', 'evil twin.bin') + 16;
    await overwrite(volume, entry + 64, Buffer.from([8, 2]));
    await overwrite(volume, entry + 66, Buffer.from('GOOD.BIN', 'utf16le'));
    expect((await filesOfVolume(volume, 'ntfs')).get('folder/good.bin')?.unreadable).toBe(
      'two files of one name',
    );
  });

  it('does not follow an index that is in itself', async () => {
    const tree = at('large-index-tree');
    const many: Record<string, string> = {};
    for (let number = 0; number < 200; number += 1) many[`many/file number ${number}.txt`] = 'x';
    await writeTree(tree, { ...many, 'other/one.txt': 'one' });
    const volume = at('large-index.ntfs');
    await makeNtfs(volume, { mib: 16, tree });
    expect(reasons(await filesOfVolume(volume, 'ntfs')).filter(([, why]) => why !== undefined)).toEqual([]);
    // The block with the entries that lead to the others leads to itself.
    const bytes = readFileSync(volume);
    let block = bytes.indexOf('INDX');
    while (block % 4096 !== 0 || (bytes[block + 36] ?? 0) === 0) block = bytes.indexOf('INDX', block + 1);
    const entry = block + 24 + bytes.readUInt32LE(block + 24);
    const child = entry + bytes.readUInt16LE(entry + 8) - 8;
    await overwrite(volume, child, Buffer.from(bytes.subarray(block + 16, block + 24)));
    const files = await filesOfVolume(volume, 'ntfs');
    expect(files.get('many')?.unreadable).toBe('an index that is in itself');
    expect(files.get('many/file number 7.txt')?.unreadable).toBe('it is not in the index of its folder');
    expect(files.get('other/one.txt')?.unreadable).toBeUndefined();
  });

  it('does not choose between two contents of one file', async () => {
    const volume = await volumeOf('twice');
    const { offset, record } = recordOf(volume, 'tiny.txt');
    const data = dataAttribute(record);
    const length = record.readUInt32LE(data + 4);
    const used = record.readUInt32LE(24);
    const second = Buffer.concat([
      record.subarray(data, data + length),
      record.subarray(data + length, used),
    ]);
    await overwrite(volume, offset + data + length, second);
    const size = Buffer.alloc(4);
    size.writeUInt32LE(used + length);
    await overwrite(volume, offset + 24, size);
    expect((await filesOfVolume(volume, 'ntfs')).get('tiny.txt')?.unreadable).toBe('it has its data twice');
  });

  it('refuses a volume whose log Windows would play back first', async () => {
    const volume = await volumeOf('log');
    const record = systemRecord(volume, 2);
    const data = dataAttribute(record);
    // One run: how many bytes tell its length, and its first cluster.
    const runs = data + record.readUInt16LE(data + 32);
    const head = record[runs] ?? 0;
    const cluster = record.readIntLE(runs + 1 + (head & 15), head >> 4);
    const page = Buffer.alloc(512);
    page.write('RSTR');
    page.writeUInt16LE(48, 24);
    await overwrite(volume, cluster * 4096, page);
    expect(await faultOf(filesOfVolume(volume, 'ntfs'))).toMatchObject({
      code: 'DISK-09',
      detail: { expected: 'a volume that was closed' },
    });
    page.writeUInt16LE(2, 48 + 14);
    await overwrite(volume, cluster * 4096, page);
    expect((await filesOfVolume(volume, 'ntfs')).get('tiny.txt')?.unreadable).toBeUndefined();
  });

  it('refuses a file table that says it is larger than its volume', async () => {
    const volume = at('table.ntfs');
    await makeNtfs(volume, { mib: 12, options: ['-c', '65536'] });
    const record = systemRecord(volume, 0);
    const data = dataAttribute(record);
    const bytes = readFileSync(volume);
    const start = bytes.indexOf(record);
    // The same 127 of 191 clusters twice.
    const runs = Buffer.from([0x11, 127, Number(bytes.readBigUInt64LE(48)), 0x11, 127, 0, 0]);
    await overwrite(volume, start + data + record.readUInt16LE(data + 32), runs);
    const highest = Buffer.alloc(8);
    highest.writeBigUInt64LE(253n);
    await overwrite(volume, start + data + 24, highest);
    expect(await faultOf(filesOfVolume(volume, 'ntfs'))).toMatchObject({
      code: 'DISK-09',
      detail: { expected: 'a file table that fits on it' },
    });
  });

  it('refuses a volume with capital letters of its own', async () => {
    const volume = await volumeOf('letters');
    // Behind the underscore and the backquote come the small letters.
    const table = readFileSync(volume).indexOf('_`ABC', 0, 'utf16le');
    await overwrite(volume, table + 4, Buffer.from('B', 'utf16le'));
    expect(await faultOf(filesOfVolume(volume, 'ntfs'))).toMatchObject({
      code: 'DISK-09',
      detail: { expected: 'the capital letters of Windows' },
    });
  });
});
