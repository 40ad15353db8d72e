// Every durable write, cut at each of its steps, on disks that lose what was not flushed in every way they may.
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { decodeLines, encodeLine } from '../../agent/durable/checked-lines.ts';
import type { DurableFiles } from '../../agent/durable/durable-files.ts';
import { everyCut } from '../support/every-cut.ts';
import { tempFolder } from '../support/temp-folder.ts';

const within = tempFolder('cuts');
const OLD = 'the old text';
const NEW = 'the new text, which is longer';
const textOf = async (file: string): Promise<string | undefined> =>
  existsSync(file) ? readFile(file, 'utf8') : undefined;

describe('after a power cut anywhere', () => {
  it('a replaced file is old or new, and new when the call had ended', async () => {
    const plays = await everyCut({
      within,
      prepare: folder => writeFile(path.join(folder, 'state'), OLD),
      run: (files, folder) => files.replaceFile(path.join(folder, 'state'), Buffer.from(NEW)),
      verify: async (folder, { done }) => {
        expect(done ? [NEW] : [OLD, NEW]).toContain(await textOf(path.join(folder, 'state')));
      },
    });
    expect(plays).toBeGreaterThan(40);
  });

  it('a file that was new is absent or whole', async () => {
    await everyCut({
      within,
      run: async (files, folder) => {
        await files.makeFolder(path.join(folder, 'a/b'));
        await files.replaceFile(path.join(folder, 'a/b/state'), Buffer.from(NEW));
      },
      verify: async (folder, { done }) => {
        expect(done ? [NEW] : [undefined, NEW]).toContain(await textOf(path.join(folder, 'a/b/state')));
      },
    });
  });

  it('what is put into folders that were made together is there', async () => {
    const names = ['a', 'a/b', 'c/d/e', 'c/f'];
    await everyCut({
      within,
      run: async (files, folder) => {
        await files.makeFolders(names.map(name => path.join(folder, name)));
        for (const name of names) await files.replaceFile(path.join(folder, name, 'state'), Buffer.from(NEW));
      },
      verify: async (folder, { done }) => {
        for (const name of names)
          expect(done ? [NEW] : [undefined, NEW]).toContain(await textOf(path.join(folder, name, 'state')));
      },
    });
  });

  it('a file replaced again and again never goes back behind what had ended', async () => {
    let ended = 0;
    await everyCut({
      within,
      seeds: 4,
      prepare: async () => {
        ended = 0;
      },
      run: async (files, folder) => {
        for (let n = 1; n <= 3; n += 1) {
          await files.replaceFile(path.join(folder, 'state'), Buffer.from(`${n}`));
          ended = n;
        }
      },
      verify: async folder => {
        const found = Number((await textOf(path.join(folder, 'state'))) ?? '0');
        expect(found).toBeGreaterThanOrEqual(ended);
        expect(found).toBeLessThanOrEqual(ended + 1);
      },
    });
  });

  it('every line whose append had ended is there, and only the end may be torn', async () => {
    let ended = 0;
    await everyCut({
      within,
      seeds: 4,
      prepare: async () => {
        ended = 0;
      },
      run: async (files, folder) => {
        for (let n = 1; n <= 3; n += 1) {
          await files.append(path.join(folder, 'journal'), encodeLine({ n }));
          ended = n;
        }
      },
      verify: async folder => {
        const file = path.join(folder, 'journal');
        const read = decodeLines(existsSync(file) ? await readFile(file) : new Uint8Array());
        expect(read.damagedLine).toBeUndefined();
        expect(read.values.length).toBeGreaterThanOrEqual(ended);
        expect(read.values).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }].slice(0, read.values.length));
      },
    });
  });

  it('a renamed file has its old name or its new one, never both or none, and the new one when the call had ended', async () => {
    await everyCut({
      within,
      prepare: async folder => {
        await writeFile(path.join(folder, 'from'), NEW);
        await writeFile(path.join(folder, 'to'), OLD);
      },
      run: (files, folder) => files.rename(path.join(folder, 'from'), path.join(folder, 'to')),
      verify: async (folder, { done }) => {
        const found = [await textOf(path.join(folder, 'from')), await textOf(path.join(folder, 'to'))];
        expect(
          done
            ? [[undefined, NEW]]
            : [
                [undefined, NEW],
                [NEW, OLD],
              ],
        ).toContainEqual(found);
      },
    });
  });

  it('a renamed folder comes whole under either name', async () => {
    await everyCut({
      within,
      prepare: async folder => {
        await mkdir(path.join(folder, 'from'));
        await writeFile(path.join(folder, 'from/file'), NEW);
      },
      run: async (files, folder) => {
        await files.rename(path.join(folder, 'from'), path.join(folder, 'to'));
        // What tells of it; on Windows it is this flush that also settles the folder's name.
        await files.append(path.join(folder, 'journal'), Buffer.from('renamed'));
      },
      verify: async (folder, { done }) => {
        const names = (await readdir(folder)).filter(name => name !== 'journal');
        expect(done ? [['to']] : [['to'], ['from']]).toContainEqual(names);
        expect(await textOf(path.join(folder, names[0]!, 'file'))).toBe(NEW);
        if ((await textOf(path.join(folder, 'journal'))) === 'renamed') expect(names).toEqual(['to']);
      },
    });
  });

  it('a partial file has all that was flushed', async () => {
    let flushed = 0;
    await everyCut({
      within,
      prepare: async () => {
        flushed = 0;
      },
      run: async (files, folder) => {
        const partial = await files.openPartial(path.join(folder, 'partial'));
        try {
          await partial.truncate(30);
          for (const at of [20, 0, 10]) {
            await partial.write(Buffer.alloc(10, 'x'), at);
            await partial.flush();
            flushed += 1;
          }
        } finally {
          await partial.close();
        }
      },
      verify: async folder => {
        if (flushed === 0) return;
        const found = (await textOf(path.join(folder, 'partial'))) ?? '';
        expect(found).toHaveLength(30);
        for (const at of [20, 0, 10].slice(0, flushed)) expect(found.slice(at, at + 10)).toBe('x'.repeat(10));
      },
    });
  });

  it('linked and copied files are there when the call had ended', async () => {
    await everyCut({
      within,
      prepare: async folder => {
        await mkdir(path.join(folder, 'old'));
        for (const name of ['a', 'b', 'c']) await writeFile(path.join(folder, 'old', name), name);
      },
      run: async (files, folder) => {
        await files.makeFolder(path.join(folder, 'new/sub'));
        await files.linkOrCopyAll(
          ['a', 'b'].map(name => ({
            from: path.join(folder, 'old', name),
            to: path.join(folder, 'new/sub', name),
          })),
        );
        await files.copyFile(path.join(folder, 'old/c'), path.join(folder, 'new/c'));
      },
      verify: async (folder, { done }) => {
        const found = [
          await textOf(path.join(folder, 'new/sub/a')),
          await textOf(path.join(folder, 'new/sub/b')),
          await textOf(path.join(folder, 'new/c')),
        ];
        if (done) expect(found).toEqual(['a', 'b', 'c']);
        else for (const [n, text] of found.entries()) expect([undefined, 'abc'[n]]).toContain(text);
        for (const name of ['a', 'b', 'c']) expect(await textOf(path.join(folder, 'old', name))).toBe(name);
      },
    });
  });

  it('a removed tree can be removed again, wherever the first attempt was cut, and stays gone when the call had ended', async () => {
    const remove = (files: DurableFiles, folder: string) => files.remove(path.join(folder, 'tree'));
    await everyCut({
      within,
      seeds: 3,
      systems: ['linux'],
      prepare: async folder => {
        await mkdir(path.join(folder, 'tree/deep'), { recursive: true });
        await writeFile(path.join(folder, 'tree/deep/file'), 'x');
        await writeFile(path.join(folder, 'tree/file'), 'x');
        await symlink('.', path.join(folder, 'tree/link'));
      },
      run: remove,
      verify: async (folder, { done }) => {
        if (done) expect(existsSync(path.join(folder, 'tree'))).toBe(false);
        else if (existsSync(path.join(folder, 'tree')))
          expect((await stat(path.join(folder, 'tree'))).isDirectory()).toBe(true);
      },
    });
  });
});
