// What must go before Windows is applied: however deep, read-only or linked, and nothing beyond the volume.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Disk, machineDisk } from '../../agent/durable/disk.ts';
import { openDurableFiles } from '../../agent/durable/open-durable-files.ts';
import { everyCut } from '../support/every-cut.ts';
import { tempFolder } from '../support/temp-folder.ts';

const root = tempFolder('remove-tree');
let count = 0;
const fresh = (): string => {
  count += 1;
  const folder = path.join(root, String(count));
  mkdirSync(folder);
  return folder;
};
const native = (code: string, at: string): Error =>
  Object.assign(new Error(`${code}: ${at}`), { code, syscall: 'test', errno: -1, path: at });
const on = (steps: Partial<Disk>) => openDurableFiles({ ...machineDisk, ...steps }, { pausesMs: [1] });

/** Folders in each other, about `bytes` of path below `top`, with a file at the end. */
function layDeep(top: string, bytes: number): string {
  const deepest = path.join(top, ...Array.from({ length: Math.ceil(bytes / 101) }, () => 'd'.repeat(100)));
  mkdirSync(deepest, { recursive: true });
  writeFileSync(path.join(deepest, 'end.txt'), 'x');
  return deepest;
}

describe('clearing a volume', () => {
  it('spares the names it is told, whatever their case, and keeps the root', async () => {
    const folder = fresh();
    for (const name of ['_SMSTaskSequence', 'System Volume Information', 'Windows', 'Users/a/b'])
      mkdirSync(path.join(folder, name), { recursive: true });
    writeFileSync(path.join(folder, 'pagefile.sys'), 'x');
    const spared = new Set(['_smstasksequence', 'system volume information']);
    await openDurableFiles().clear(folder, name => spared.has(name.toLowerCase()));
    expect(readdirSync(folder).sort()).toEqual(['System Volume Information', '_SMSTaskSequence']);
  });

  it('removes a tree that no path leads to the end of any more', async () => {
    const folder = fresh();
    // Each of the two can be laid by its path; the second, moved to the end of the first, cannot be reached by one.
    const end = layDeep(path.join(folder, 'a'), 3800);
    layDeep(path.join(folder, 'b'), 3800);
    renameSync(path.join(folder, 'b'), path.join(end, 'b'));
    expect(() => readdirSync(path.join(end, 'b', 'd'.repeat(100), 'd'.repeat(100), 'd'.repeat(100)))).toThrow(
      'ENAMETOOLONG',
    );
    await openDurableFiles().clear(folder, () => false);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('removes links of every kind as links', async () => {
    const folder = fresh();
    const outside = fresh();
    writeFileSync(path.join(outside, 'keep'), 'x');
    mkdirSync(path.join(folder, 'Users/Public'), { recursive: true });
    symlinkSync(outside, path.join(folder, 'Documents and Settings'));
    symlinkSync(path.join(outside, 'keep'), path.join(folder, 'Users/Public/file'));
    symlinkSync('../..', path.join(folder, 'Users/Public/loop'));
    await openDurableFiles().clear(folder, () => false);
    expect(readdirSync(folder)).toEqual([]);
    expect(readdirSync(outside)).toEqual(['keep']);
  });

  it('never goes into a volume that is mounted in a folder: its attributes say so where lstat sees a plain folder', async () => {
    const folder = fresh();
    mkdirSync(path.join(folder, 'Mount/other volume'), { recursive: true });
    mkdirSync(path.join(folder, 'Users/Mount/other volume'), { recursive: true });
    const removed: string[] = [];
    const files = on({
      list: async at =>
        (await machineDisk.list(at)).map(entry =>
          entry.name === 'Mount' ? { ...entry, kind: 'link' } : entry,
        ),
      // Windows removes the mount point, which is an empty folder to its own volume.
      unlink: at => Promise.reject(native('EPERM', at)),
      removeFolder: async at => {
        removed.push(path.relative(folder, at).split(path.sep).join('/'));
        if (path.basename(at) === 'Mount') renameSync(at, path.join(root, `unmounted-${removed.length}`));
        else await machineDisk.removeFolder(at);
      },
    });
    await files.clear(folder, () => false);
    expect(removed.sort()).toEqual(['Mount', 'Users', 'Users/Mount']);
    expect(existsSync(path.join(root, 'unmounted-1/other volume'))).toBe(true);
  });

  it('clears the read-only attribute of files and folders, also of folders that may not be listed or emptied', async () => {
    const folder = fresh();
    const locked = path.join(folder, 'tree', 'read-only');
    mkdirSync(locked, { recursive: true });
    writeFileSync(path.join(locked, 'file'), 'x');
    chmodSync(path.join(locked, 'file'), 0o444);
    chmodSync(locked, 0o555);
    const refused = new Set([locked, path.join(locked, 'file')]);
    const refusing =
      <T>(step: (at: string) => Promise<T>, at: (name: string) => string = name => name) =>
      (name: string): Promise<T> =>
        refused.has(at(name)) ? Promise.reject(native('EACCES', name)) : step(name);
    const files = on({
      list: refusing(machineDisk.list),
      unlink: refusing(refusing(machineDisk.unlink, path.dirname)),
      removeFolder: refusing(machineDisk.removeFolder),
      makeWritable: async at => {
        refused.delete(at);
        await machineDisk.makeWritable(at);
      },
    });
    await files.clear(folder, () => false);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('names the file that somebody holds open', async () => {
    const folder = fresh();
    mkdirSync(path.join(folder, 'Windows'));
    writeFileSync(path.join(folder, 'Windows/pagefile.sys'), 'x');
    const files = on({ unlink: at => Promise.reject(native('EBUSY', at)) });
    await expect(files.clear(folder, () => false)).rejects.toMatchObject({
      code: 'DISK-02',
      subject: folder,
      detail: { native: 'EBUSY', at: path.join(folder, 'Windows/pagefile.sys') },
    });
  });

  it('may be cut anywhere: the spared names stand, and clearing again ends it', async () => {
    const plays = await everyCut({
      within: fresh(),
      losses: ['dropped', 'kept'],
      async prepare(folder) {
        mkdirSync(path.join(folder, '_SMSTaskSequence'));
        writeFileSync(path.join(folder, '_SMSTaskSequence/journal.log'), 'x');
        mkdirSync(path.join(folder, 'Windows/System32'), { recursive: true });
        writeFileSync(path.join(folder, 'Windows/System32/a.dll'), 'x');
        layDeep(path.join(folder, 'Users'), 3100);
      },
      run: (files, folder) => files.clear(folder, name => name === '_SMSTaskSequence'),
      async verify(folder) {
        expect(existsSync(path.join(folder, '_SMSTaskSequence/journal.log'))).toBe(true);
        await openDurableFiles().clear(folder, name => name === '_SMSTaskSequence');
        expect(readdirSync(folder)).toEqual(['_SMSTaskSequence']);
      },
    });
    expect(plays).toBeGreaterThan(50);
  });
});
