// The power-cut equipment itself: it counts, it cuts, and it loses what an honest disk may lose, no more and no less.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { everyCut } from './every-cut.ts';
import { type LossyOptions, openLossyFiles, PowerCut } from './lossy-files.ts';
import { tempFolder } from './temp-folder.ts';

const root = tempFolder('lossy');
let count = 0;
const fresh = (options: Partial<LossyOptions> = {}) => {
  count += 1;
  const folder = path.join(root, `${count}`);
  mkdirSync(folder);
  const at = (name: string): string => path.join(folder, name);
  const graveyard = path.join(root, `${count}-graveyard`);
  return { folder, at, graveyard, lossy: openLossyFiles({ graveyard, ...options }) };
};
const text = (file: string): string | undefined =>
  existsSync(file) ? readFileSync(file, 'utf8') : undefined;
const bytes = (words: string): Uint8Array => Buffer.from(words);

describe('lossy files', () => {
  it('count each step of a durable write by itself', async () => {
    const { lossy, at, folder } = fresh();
    await lossy.files.replaceFile(at('state'), bytes('x'));
    expect(lossy.points).toEqual([
      'make state.prestage-new',
      'write 1 bytes of state.prestage-new',
      'flush state.prestage-new',
      'rename state.prestage-new to state',
      'flush state',
      `flush folder ${path.basename(folder)}`,
    ]);
  });

  it('stop before the chosen step and refuse everything after it', async () => {
    const { lossy, at } = fresh({ cutAt: 4 });
    await expect(lossy.files.replaceFile(at('state'), bytes('x'))).rejects.toBeInstanceOf(PowerCut);
    expect(lossy.points).toHaveLength(3);
    expect(lossy.isCut).toBe(true);
    await expect(lossy.files.remove(at('state'))).rejects.toBeInstanceOf(PowerCut);
    await expect(lossy.files.openPartial(at('other'))).rejects.toBeInstanceOf(PowerCut);
  });

  it('take back unflushed writes, truncations and extensions to what the last flush left', async () => {
    const { lossy, at } = fresh();
    writeFileSync(at('file'), '0123456789');
    const partial = await lossy.files.openPartial(at('file'));
    await partial.write(bytes('AB'), 0);
    await partial.flush();
    await partial.write(bytes('xxxx'), 8);
    await partial.truncate(4);
    await partial.write(bytes('yy'), 1);
    await partial.truncate(100);
    await partial.close();
    expect(text(at('file'))?.slice(0, 4)).toBe('Ayy3');
    await lossy.loseUnflushed('dropped');
    expect(text(at('file'))).toBe('AB23456789');
  });

  it.each([
    ['kept', '01234newest'],
    ['torn', '01234new89'],
    ['zeroed', '01234\0\0\0\0\0\0'],
  ] as const)('show an unflushed write as %s', async (loss, expected) => {
    const { lossy, at } = fresh();
    writeFileSync(at('file'), '0123456789');
    const partial = await lossy.files.openPartial(at('file'));
    await partial.write(bytes('newest'), 5);
    await partial.close();
    await lossy.loseUnflushed(loss);
    expect(text(at('file'))).toBe(expected);
  });

  it('lose a file that was made and never flushed, and a folder too', async () => {
    const { lossy, at, folder } = fresh();
    const partial = await lossy.files.openPartial(at('file'));
    await partial.write(bytes('x'), 0);
    await partial.close();
    await lossy.loseUnflushed('dropped');
    expect(readdirSync(folder)).toEqual([]);
  });

  it('leave a file whose folder alone was flushed empty', async () => {
    const { lossy, at } = fresh();
    const partial = await lossy.files.openPartial(at('file'));
    await partial.write(bytes('data'), 0);
    await partial.close();
    await lossy.files.append(at('other'), bytes('x'));
    await lossy.loseUnflushed('dropped');
    expect(text(at('file'))).toBe('');
  });

  it('undo a rename that no flush followed, and give back what it replaced', async () => {
    const { lossy, at } = fresh({ cutAt: 2 });
    writeFileSync(at('a'), 'A');
    writeFileSync(at('b'), 'B');
    await expect(lossy.files.rename(at('a'), at('b'))).rejects.toBeInstanceOf(PowerCut);
    expect(text(at('b'))).toBe('A');
    await lossy.loseUnflushed('dropped');
    expect([text(at('a')), text(at('b'))]).toEqual(['A', 'B']);
  });

  it('undo a removal that no flush followed', async () => {
    const { lossy, at, graveyard } = fresh({ cutAt: 4 });
    mkdirSync(at('tree/deep'), { recursive: true });
    writeFileSync(at('tree/deep/file'), 'x');
    await expect(lossy.files.remove(at('tree'))).rejects.toBeInstanceOf(PowerCut);
    expect(existsSync(at('tree'))).toBe(false);
    await lossy.loseUnflushed('dropped');
    expect(text(at('tree/deep/file'))).toBe('x');
    expect(existsSync(graveyard)).toBe(false);
  });

  it.each([
    ['linux', 'from'],
    ['windows', 'to'],
  ] as const)('let the flush of another file settle a name as %s does', async (system, expected) => {
    const { lossy, at, folder } = fresh({ system });
    mkdirSync(at('from'));
    writeFileSync(at('journal'), '');
    await lossy.disk.rename(at('from'), at('to'));
    await lossy.files.append(at('journal'), bytes('x'));
    await lossy.loseUnflushed('dropped');
    expect(readdirSync(folder)).toEqual([expected, 'journal'].sort());
  });

  it('draw mixed losses from the seed, the same for the same seed', async () => {
    const outcome = async (seed: number): Promise<string> => {
      const { lossy, at, folder } = fresh();
      for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) {
        const partial = await lossy.files.openPartial(at(name));
        await partial.write(bytes('data'), 0);
        await partial.close();
      }
      await lossy.loseUnflushed('mixed', seed);
      return readdirSync(folder)
        .map(name => name + JSON.stringify(text(at(name))))
        .join();
    };
    expect(await outcome(1)).toBe(await outcome(1));
    expect(new Set([await outcome(1), await outcome(2), await outcome(3)]).size).toBeGreaterThan(1);
  });

  it('lose nothing once everything was flushed, whatever the loss', async () => {
    for (const loss of ['dropped', 'kept', 'torn', 'zeroed', 'mixed'] as const) {
      const { lossy, at } = fresh();
      await lossy.files.makeFolder(at('a/b'));
      await lossy.files.replaceFile(at('a/b/c'), bytes('text'));
      await lossy.files.linkOrCopy(at('a/b/c'), at('a/d'));
      await lossy.files.rename(at('a'), at('z'));
      await lossy.loseUnflushed(loss, 5);
      expect([text(at('z/b/c')), text(at('z/d'))]).toEqual(['text', 'text']);
    }
  });
});

describe('cutting everywhere', () => {
  it('finds the fault of code that does not flush before it renames', async () => {
    const careless = everyCut({
      within: root,
      run: async (files, folder) => {
        const partial = await files.openPartial(path.join(folder, 'new'));
        await partial.write(bytes('data'), 0).finally(partial.close);
        await files.rename(path.join(folder, 'new'), path.join(folder, 'state'));
      },
      verify: async folder => {
        expect([undefined, 'data']).toContain(text(path.join(folder, 'state')));
      },
    });
    await expect(careless).rejects.toThrow(
      /cut before point \d+ \(flush state\), (torn|zeroed|dropped|mixed)/,
    );
  });

  it('finds the fault of code that takes a step for done before it is durable', async () => {
    let told = false;
    const careless = everyCut({
      within: root,
      prepare: async () => {
        told = false;
      },
      run: async (files, folder) => {
        const partial = await files.openPartial(path.join(folder, 'file'));
        try {
          await partial.write(bytes('data'), 0);
          told = true;
          await partial.flush();
        } finally {
          await partial.close();
        }
      },
      verify: async folder => {
        if (told) expect(text(path.join(folder, 'file'))).toBe('data');
      },
    });
    await expect(careless).rejects.toThrow(/cut before point/);
  });

  it('passes on errors that are no power cut', async () => {
    const failing = everyCut({
      within: root,
      run: () => Promise.reject(new Error('a defect')),
      verify: async () => {},
    });
    await expect(failing).rejects.toThrow('a defect');
  });
});
