import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { decodeLines, encodeLine } from '../../agent/durable/checked-lines.ts';
import { type Disk, machineDisk } from '../../agent/durable/disk.ts';
import { openDurableFiles } from '../../agent/durable/open-durable-files.ts';
import { tempFolder } from '../support/temp-folder.ts';

const root = tempFolder('durable');
const durable = openDurableFiles();
let count = 0;
const fresh = (): string => {
  count += 1;
  const folder = path.join(root, String(count));
  mkdirSync(folder);
  return folder;
};

/** The machine's disk, but some steps fail as they would elsewhere. */
const failing = (steps: Partial<Disk>): Disk => ({ ...machineDisk, ...steps });
const native = (code: string): Error => Object.assign(new Error(code), { code, syscall: 'test', errno: -1 });
const refuse = (code: string) => () => Promise.reject(native(code));

describe('durable files', () => {
  it('make a folder with its parents, and an existing one is fine', async () => {
    const folder = path.join(fresh(), 'a', 'b', 'ü');
    await durable.makeFolder(folder);
    await durable.makeFolder(folder);
    expect(statSync(folder).isDirectory()).toBe(true);
  });

  it('make folders with common parents at the same time', async () => {
    const folder = fresh();
    await Promise.all(
      ['a/b/c', 'a/b/d', 'a/e', 'a/b/c'].map(name => durable.makeFolder(path.join(folder, name))),
    );
    expect(readdirSync(path.join(folder, 'a')).sort()).toEqual(['b', 'e']);
  });

  it('replace a file whole and leave nothing beside it', async () => {
    const folder = fresh();
    const file = path.join(folder, 'state.json');
    await durable.replaceFile(file, Buffer.from('a long first text'));
    await durable.replaceFile(file, Buffer.from('second'));
    expect(readFileSync(file, 'utf8')).toBe('second');
    expect(readdirSync(folder)).toEqual(['state.json']);
  });

  it('take back what of an append did not fit, so that the next one does not continue a torn line', async () => {
    const file = path.join(fresh(), 'journal.log');
    await durable.append(file, encodeLine({ n: 0 }));
    const full = openDurableFiles(
      failing({
        open: async (name, mode) => {
          const opened = await machineDisk.open(name, mode);
          return {
            ...opened,
            write: async (bytes, position) => {
              await opened.write(bytes.subarray(0, 10), position);
              throw native('ENOSPC');
            },
          };
        },
      }),
    );
    await expect(full.append(file, encodeLine({ n: 1 }))).rejects.toMatchObject({ code: 'DISK-01' });
    await durable.append(file, encodeLine({ n: 2 }));
    await durable.append(file, encodeLine({ n: 3 }));
    const { values, damagedLine } = decodeLines(readFileSync(file));
    expect(values).toEqual([{ n: 0 }, { n: 2 }, { n: 3 }]);
    expect(damagedLine).toBeUndefined();
  });

  it('write into a read-only file, which Windows refuses until the attribute is cleared', async () => {
    const file = path.join(fresh(), 'setup.exe');
    writeFileSync(file, 'old', { mode: 0o444 });
    const onWindows = openDurableFiles(
      failing({
        open: (name, mode) =>
          mode !== 'read' && existsSync(name) && (statSync(name).mode & 0o200) === 0
            ? Promise.reject(native('EPERM'))
            : machineDisk.open(name, mode),
        rename: (from, to) =>
          existsSync(to) && (statSync(to).mode & 0o200) === 0
            ? Promise.reject(native('EPERM'))
            : machineDisk.rename(from, to),
      }),
      { pausesMs: [] },
    );
    const partial = await onWindows.openPartial(file);
    await partial.write(Buffer.from('new'), 0);
    await partial.close();
    expect(readFileSync(file, 'utf8')).toBe('new');
    chmodSync(file, 0o444);
    await onWindows.replaceFile(file, Buffer.from('newer'));
    expect(readFileSync(file, 'utf8')).toBe('newer');
  });

  it('let two writers of one file take turns', async () => {
    const file = path.join(fresh(), 'state.json');
    await Promise.all(
      Array.from({ length: 20 }, (_, n) => durable.replaceFile(file, Buffer.alloc(1000 + n, n))),
    );
    expect(readFileSync(file)).toEqual(Buffer.alloc(1019, 19));
  });

  it('replace a file whose name is as long as a name may be', async () => {
    const folder = fresh();
    const file = path.join(folder, 'n'.repeat(255));
    await durable.replaceFile(file, Buffer.from('x'));
    expect(readdirSync(folder)).toEqual(['n'.repeat(255)]);
  });

  it('append, making the file when absent', async () => {
    const file = path.join(fresh(), 'log');
    await durable.append(file, Buffer.from('one\n'));
    await durable.append(file, Buffer.from('two\n'));
    expect(readFileSync(file, 'utf8')).toBe('one\ntwo\n');
  });

  it('fill a partial file at positions and keep what is there', async () => {
    const file = path.join(fresh(), 'partial');
    const first = await durable.openPartial(file);
    await first.write(Buffer.from('world'), 6);
    await first.flush();
    await first.close();
    await first.close();
    const second = await durable.openPartial(file);
    await second.write(Buffer.from('hello '), 0);
    await second.truncate(9);
    await second.flush();
    await second.close();
    expect(readFileSync(file, 'utf8')).toBe('hello wor');
  });

  it('rename a file over another, and a folder to a new name', async () => {
    const folder = fresh();
    writeFileSync(path.join(folder, 'a'), 'A');
    writeFileSync(path.join(folder, 'b'), 'B');
    await durable.rename(path.join(folder, 'a'), path.join(folder, 'b'));
    mkdirSync(path.join(folder, 'old'));
    await durable.rename(path.join(folder, 'old'), path.join(folder, 'new'));
    expect(readdirSync(folder).sort()).toEqual(['b', 'new']);
    expect(readFileSync(path.join(folder, 'b'), 'utf8')).toBe('A');
  });

  it('refuse to rename over a folder, even an empty one: DISK-02', async () => {
    const folder = fresh();
    mkdirSync(path.join(folder, 'from'));
    mkdirSync(path.join(folder, 'to'));
    await expect(durable.rename(path.join(folder, 'from'), path.join(folder, 'to'))).rejects.toMatchObject({
      code: 'DISK-02',
      detail: { found: 'a folder' },
    });
  });

  it('copy a file whole, of several pieces', async () => {
    const folder = fresh();
    const bytes = Buffer.alloc(9 * 1024 * 1024 + 5, 'piece');
    writeFileSync(path.join(folder, 'from'), bytes);
    await durable.copyFile(path.join(folder, 'from'), path.join(folder, 'to'));
    expect(readFileSync(path.join(folder, 'to')).equals(bytes)).toBe(true);
    expect(readdirSync(folder).sort()).toEqual(['from', 'to']);
  });

  it('make a second name where the file system can', async () => {
    const folder = fresh();
    writeFileSync(path.join(folder, 'a'), 'A');
    await durable.linkOrCopy(path.join(folder, 'a'), path.join(folder, 'b'));
    expect(statSync(path.join(folder, 'b')).ino).toBe(statSync(path.join(folder, 'a')).ino);
    await expect(durable.linkOrCopy(path.join(folder, 'a'), path.join(folder, 'b'))).rejects.toMatchObject({
      code: 'DISK-02',
    });
  });

  it.each(['EPERM', 'EXDEV', 'EMLINK', 'ENOTSUP'])('copy where a link is refused with %s', async code => {
    const folder = fresh();
    writeFileSync(path.join(folder, 'a'), 'A');
    await openDurableFiles(failing({ link: refuse(code) })).linkOrCopyAll([
      { from: path.join(folder, 'a'), to: path.join(folder, 'b') },
      { from: path.join(folder, 'a'), to: path.join(folder, 'c') },
    ]);
    expect(readFileSync(path.join(folder, 'c'), 'utf8')).toBe('A');
    expect(statSync(path.join(folder, 'b')).ino).not.toBe(statSync(path.join(folder, 'a')).ino);
  });

  it('remove a tree without following links, and absent is fine', async () => {
    const folder = fresh();
    const outside = path.join(folder, 'outside');
    mkdirSync(outside);
    writeFileSync(path.join(outside, 'keep'), 'x');
    mkdirSync(path.join(folder, 'tree/deep/er'), { recursive: true });
    writeFileSync(path.join(folder, 'tree/deep/file'), 'x');
    symlinkSync(outside, path.join(folder, 'tree/link'));
    symlinkSync('nowhere', path.join(folder, 'tree/deep/dangling'));
    await durable.remove(path.join(folder, 'tree'));
    await durable.remove(path.join(folder, 'tree'));
    await durable.remove(path.join(folder, 'outside/keep/below-a-file'));
    expect(readdirSync(folder)).toEqual(['outside']);
    expect(existsSync(path.join(outside, 'keep'))).toBe(true);
  });

  it('remove a link itself, not the folder behind it', async () => {
    const folder = fresh();
    mkdirSync(path.join(folder, 'target'));
    symlinkSync('target', path.join(folder, 'link'));
    await durable.remove(path.join(folder, 'link'));
    expect(readdirSync(folder)).toEqual(['target']);
  });
});

describe('durable files on a disk that behaves as Windows does', () => {
  it('accept that folders cannot be flushed, and flush the files instead', async () => {
    const flushed: string[] = [];
    const disk = failing({
      flushFolder: refuse('EPERM'),
      open: async (file, mode) => {
        const open = await machineDisk.open(file, mode);
        return { ...open, flush: () => open.flush().then(() => void flushed.push(path.basename(file))) };
      },
    });
    const folder = fresh();
    const files = openDurableFiles(disk);
    await files.replaceFile(path.join(folder, 'a'), Buffer.from('A'));
    await files.linkOrCopyAll(
      ['b', 'c'].map(name => ({ from: path.join(folder, 'a'), to: path.join(folder, name) })),
    );
    expect(flushed).toEqual(['a.prestage-new', 'a', 'b', 'c']);
  });

  it('wait out a virus scanner that holds the target open', async () => {
    let refusals = 3;
    const disk = failing({
      rename: (from, to) => {
        refusals -= 1;
        return refusals >= 0 ? Promise.reject(native('EPERM')) : machineDisk.rename(from, to);
      },
    });
    const file = path.join(fresh(), 'state');
    await openDurableFiles(disk, { pausesMs: [1, 1, 1, 1] }).replaceFile(file, Buffer.from('x'));
    expect(readFileSync(file, 'utf8')).toBe('x');
  });

  it('wait until a file is shared that they must open', async () => {
    let refusals = 3;
    const disk = failing({
      open: (file, mode) => {
        refusals -= 1;
        return refusals >= 0 ? Promise.reject(native('EBUSY')) : machineDisk.open(file, mode);
      },
    });
    const file = path.join(fresh(), 'journal');
    await openDurableFiles(disk, { pausesMs: [1, 1, 1, 1] }).append(file, Buffer.from('x'));
    expect(readFileSync(file, 'utf8')).toBe('x');
  });

  it('give up on a file that stays open, keep the old one and name the native code', async () => {
    const file = path.join(fresh(), 'state');
    await durable.replaceFile(file, Buffer.from('old'));
    const files = openDurableFiles(failing({ rename: refuse('EPERM') }), { pausesMs: [1, 1] });
    await expect(files.replaceFile(file, Buffer.from('new'))).rejects.toMatchObject({
      code: 'DISK-02',
      subject: file,
      detail: { native: 'EPERM' },
    });
    expect(readFileSync(file, 'utf8')).toBe('old');
  });

  it('clear the read-only attribute of what is to be removed', async () => {
    const readOnly = new Set<string>();
    const disk = failing({
      unlink: file => (readOnly.has(file) ? Promise.reject(native('EPERM')) : machineDisk.unlink(file)),
      makeWritable: file => Promise.resolve(void readOnly.delete(file)),
    });
    const folder = fresh();
    const file = path.join(folder, 'tree/read-only');
    mkdirSync(path.dirname(file));
    writeFileSync(file, 'x');
    readOnly.add(file);
    await openDurableFiles(disk).remove(path.dirname(file));
    expect(readdirSync(folder)).toEqual([]);
  });

  it('remove a junction as the folder that it is', async () => {
    const folder = fresh();
    symlinkSync('.', path.join(folder, 'junction'));
    const removed: string[] = [];
    const disk = failing({
      unlink: refuse('EPERM'),
      removeFolder: async name => void removed.push(path.basename(name)),
    });
    await openDurableFiles(disk).remove(path.join(folder, 'junction'));
    expect(removed).toEqual(['junction']);
    expect(lstatSync(path.join(folder, 'junction')).isSymbolicLink()).toBe(true);
  });
});

describe('errors of the disk', () => {
  it.each([
    ['ENOSPC', 'DISK-01'],
    ['EDQUOT', 'DISK-01'],
    ['EROFS', 'DISK-02'],
    ['EACCES', 'DISK-02'],
    ['EIO', 'DISK-03'],
    ['ENOENT', 'DISK-03'],
  ])('%s is %s, with the native code in the detail', async (code, fault) => {
    const file = path.join(fresh(), 'file');
    const disk = failing({ open: refuse(code) });
    const files = openDurableFiles(disk, { pausesMs: [] });
    const expected = { code: fault, subject: file, detail: { native: code } };
    await expect(files.replaceFile(file, Buffer.from('x'))).rejects.toMatchObject(expected);
    await expect(files.append(file, Buffer.from('x'))).rejects.toMatchObject(expected);
    await expect(files.openPartial(file)).rejects.toMatchObject(expected);
  });

  it('are told for a partial file too', async () => {
    const disk = failing({
      open: async (file, mode) => ({ ...(await machineDisk.open(file, mode)), write: refuse('ENOSPC') }),
    });
    const file = path.join(fresh(), 'file');
    const partial = await openDurableFiles(disk).openPartial(file);
    await expect(partial.write(Buffer.from('x'), 0)).rejects.toMatchObject({
      code: 'DISK-01',
      detail: { operation: 'write' },
    });
    await partial.close();
  });

  it('are real ones here: a full device, a file in place of a folder', async () => {
    const full = await durable.openPartial('/dev/full');
    await expect(full.write(Buffer.from('x'), 0)).rejects.toMatchObject({
      code: 'DISK-01',
      detail: { native: 'ENOSPC' },
    });
    await full.close();
    const file = path.join(fresh(), 'file');
    writeFileSync(file, '');
    await expect(durable.makeFolder(path.join(file, 'below'))).rejects.toMatchObject({ code: 'DISK-02' });
    await expect(durable.rename(path.join(path.dirname(file), 'none'), `${file}2`)).rejects.toMatchObject({
      code: 'DISK-03',
    });
  });

  it('leave what is no error of the disk as it is', async () => {
    const cut = new Error('power cut');
    const files = openDurableFiles(failing({ rename: () => Promise.reject(cut) }));
    await expect(files.replaceFile(path.join(fresh(), 'f'), Buffer.from('x'))).rejects.toBe(cut);
  });
});
