import { appendFileSync, renameSync, symlinkSync, unlinkSync } from 'node:fs';
import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { beforeEach, describe, expect, test } from 'vitest';
import type { DurableFiles } from '../../agent/durable/durable-files.ts';
import { captureFiles } from '../../agent/user-state/capture-files.ts';
import { chooseFiles } from '../../agent/user-state/choose-files.ts';
import { decodeFrames, type Frame } from '../../agent/user-state/frames.ts';
import { findState, readClosed } from '../../agent/user-state/store.ts';
import { findProfiles } from '../../agent/user-state/walk-profiles.ts';
import { ASSOCIATION, capture, layProfiles, quick, restore, testStore } from '../support/state-kit.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { readTree, writeTree } from '../support/wim-kit.ts';

const folder = tempFolder('user-state');
let number = 0;
let old: string;
let fresh: string;
let shares: string;
beforeEach(async () => {
  number += 1;
  old = path.join(folder, `${number}/old`);
  fresh = path.join(folder, `${number}/new`);
  shares = path.join(folder, `${number}/store`);
  await mkdir(shares, { recursive: true });
  await mkdir(fresh, { recursive: true });
});

/** What method files takes of the profiles below `root`. */
const taken = (root: string) =>
  readTree(path.join(root, 'Users'), name => !/AppData|NTUSER|desktop\.ini|~\$|Default/.test(name));

describe('files of people', () => {
  test('come to the new computer byte for byte, with their times, names and empty folders, and nothing else does', async () => {
    await layProfiles(old);
    const store = testStore(shares);
    await capture(old, store);
    const { files } = await restore(fresh, store);
    expect(await readTree(path.join(fresh, 'Users'))).toEqual(await taken(old));
    expect(files).toMatchObject({ files: 7, there: 0, beside: [], leftOut: [] });
    expect(await readdir(path.join(fresh, 'Users'))).toEqual(['Public', 'anna', 'bob']);
    const notes = await stat(path.join(fresh, 'Users/anna/Desktop/notes.txt'));
    expect(notes.mtime.toISOString()).toBe('2024-05-06T07:08:09.000Z');
    expect(await readdir(path.join(fresh, 'Users/bob/Documents/Empty folder'))).toEqual([]);
  });

  test('with paths longer than 260 characters and names of 255 come too', async () => {
    const deep = Array.from({ length: 12 }, (_, at) => `${at}-${'d'.repeat(60)}`).join('/');
    await layProfiles(old, {
      [`Users/anna/Documents/${deep}/file.txt`]: 'deep',
      [`Users/anna/Documents/${'n'.repeat(251)}.txt`]: 'long',
    });
    await capture(old, testStore(shares));
    await restore(fresh, testStore(shares));
    expect(await readTree(path.join(fresh, 'Users'))).toEqual(await taken(old));
  });

  test('of many chunks and packs come back', async () => {
    await layProfiles(old, { 'Users/bob/Videos/film.mp4': Buffer.alloc(5_300_000, 'film') });
    await capture(old, testStore(shares));
    await restore(fresh, testStore(shares));
    expect(await readTree(path.join(fresh, 'Users'))).toEqual(await taken(old));
  });

  test('behind links are not taken, and names that Windows cannot store are told', async () => {
    await layProfiles(old, {
      'Users/anna/Documents/what?.txt': 'no name for Windows',
      'outside/secret.txt': 'not of a profile',
    });
    await symlink(path.join(old, 'outside'), path.join(old, 'Users/anna/Documents/My Music'));
    await symlink(path.join(old, 'outside/secret.txt'), path.join(old, 'Users/anna/Desktop/link.txt'));
    await symlink(path.join(old, 'Users/anna'), path.join(old, 'Users/All People'));
    await capture(old, testStore(shares));
    const { files } = await restore(fresh, testStore(shares));
    expect(files?.leftOut).toEqual(['anna/Documents/what?.txt: its name has the character ?']);
    expect(
      Object.keys(await readTree(fresh)).filter(name => /secret|link|All People|what/.test(name)),
    ).toEqual([]);
  });

  test('that are there with other bytes stay, and the restored ones get a name beside them', async () => {
    await layProfiles(old);
    await writeTree(fresh, {
      'Users/anna/Desktop/notes.txt': 'of the new computer',
      'Users/anna/Documents/empty.txt': '',
      'Users/anna/Documents/Müller': 'a file where a folder was',
    });
    await capture(old, testStore(shares));
    const { files } = await restore(fresh, testStore(shares));
    const read = (name: string) => readFile(path.join(fresh, 'Users/anna', name), 'utf8');
    expect(await read('Desktop/notes.txt')).toBe('of the new computer');
    expect(await read('Desktop/notes (restored).txt')).toBe('buy milk');
    expect(await read('Documents/Müller (restored)/Größe.docx')).toBe('Umlaute');
    expect(files).toMatchObject({ there: 1, beside: ['anna/Desktop/notes.txt -> notes (restored).txt'] });
  });

  test('are not written through a link of the new computer', async () => {
    await layProfiles(old);
    await mkdir(path.join(fresh, 'Users/anna'), { recursive: true });
    await mkdir(path.join(fresh, 'Windows'));
    await symlink(path.join(fresh, 'Windows'), path.join(fresh, 'Users/anna/Documents'));
    await symlink(path.join(fresh, 'Windows'), path.join(fresh, 'Users/bob'));
    await capture(old, testStore(shares));
    const { setAside } = await restore(fresh, testStore(shares));
    expect(await readdir(path.join(fresh, 'Windows'))).toEqual([]);
    expect(setAside).toEqual(['bob']);
    expect(
      await readFile(path.join(fresh, 'Users/anna/Documents (restored)/Müller/Größe.docx'), 'utf8'),
    ).toBe('Umlaute');
  });

  test('are not written where a folder leads that its owner has made a link meanwhile', async () => {
    // One file alone: what is written beside it would be in its own moment between look and write.
    await writeTree(old, { 'Users/anna/Documents/all.txt': 'for me' });
    await capture(old, testStore(shares));
    const documents = path.join(fresh, 'Users/anna/Documents');
    const elsewhere = path.join(fresh, 'elsewhere');
    await mkdir(elsewhere);
    const durable = quick();
    let swapped = false;
    const watched: DurableFiles = {
      ...durable,
      openPartial: async file => {
        const opened = await durable.openPartial(file);
        if (!swapped && path.dirname(file) === documents) {
          swapped = true;
          renameSync(documents, `${documents}.moved`);
          symlinkSync(elsewhere, documents);
        }
        return opened;
      },
    };
    await expect(restore(fresh, testStore(shares), { durable: watched })).rejects.toMatchObject({
      code: 'DISK-02',
      subject: documents,
    });
    expect(await readdir(elsewhere)).toEqual([]);
    expect(await readClosed(testStore(shares))).toBeUndefined();
  });

  test('of a person without a profile are set aside on a real computer, where a bare folder would be nobody’s', async () => {
    await layProfiles(old);
    await writeTree(fresh, { 'Users/anna/NTUSER.DAT': '' });
    await capture(old, testStore(shares));
    const { setAside } = await restore(fresh, testStore(shares), { kind: 'windows' });
    expect(setAside.toSorted()).toEqual(['Public', 'bob']);
    expect(await readdir(path.join(fresh, 'Users'))).toEqual(['anna']);
    expect(await readdir(path.join(fresh, 'UserState/bob'))).toEqual(['Documents', 'Downloads', 'Favorites']);
  });
});

describe('a store', () => {
  test('are not set aside where a link leads that somebody has made beforehand', async () => {
    await layProfiles(old);
    await capture(old, testStore(shares));
    await mkdir(path.join(fresh, 'elsewhere'));
    await symlink('elsewhere', path.join(fresh, 'UserState'));
    await expect(restore(fresh, testStore(shares), { kind: 'windows' })).rejects.toMatchObject({
      code: 'DISK-02',
    });
    expect(await readdir(path.join(fresh, 'elsewhere'))).toEqual([]);
  });

  test('shows no name and no word of a file to whoever has no key', async () => {
    await layProfiles(old);
    await capture(old, testStore(shares));
    for (const [name] of Object.entries(await readTree(shares))) {
      const bytes = await readFile(path.join(shares, name));
      for (const secret of ['notes', 'milk', 'anna', 'Umlaute', 'Downloads'])
        expect(bytes.includes(secret)).toBe(false);
    }
    expect(Object.keys(await readTree(shares))).toEqual([
      `${ASSOCIATION}/pack-0001.bin`,
      `${ASSOCIATION}/state.json`,
      `${ASSOCIATION}/state.json.mac`,
    ]);
  });

  test('takes a second capture in place of the first, until the association is closed', async () => {
    await layProfiles(old);
    const store = testStore(shares);
    const first = await capture(old, store);
    await writeFile(path.join(old, 'Users/anna/Desktop/notes.txt'), 'buy bread');
    const second = await capture(old, store, { created: '2026-04-01T01:00:00.000Z' });
    expect(second).not.toBe(first);
    expect(await readdir(shares)).toEqual([ASSOCIATION]);
    await restore(fresh, store);
    expect(await readFile(path.join(fresh, 'Users/anna/Desktop/notes.txt'), 'utf8')).toBe('buy bread');
    expect(await readClosed(store)).toMatchObject({ state: second, computer: { serial: 'NEW-1' } });
    await expect(capture(old, store)).rejects.toMatchObject({ code: 'STATE-04', detail: { by: 'NEW-1' } });
    await expect(restore(fresh, store)).rejects.toMatchObject({ code: 'STATE-04' });
    expect((await findState(store))?.digest).toBe(second);
  });

  test('that holds no capture, is not there, or is a file, is told apart', async () => {
    await expect(restore(fresh, testStore(shares))).rejects.toMatchObject({ code: 'STATE-06' });
    await expect(restore(fresh, testStore(path.join(shares, 'gone')))).rejects.toMatchObject({
      code: 'STATE-02',
    });
    await expect(capture(old, testStore(path.join(shares, 'gone')))).rejects.toMatchObject({
      code: 'STATE-02',
    });
    await writeFile(path.join(shares, 'file'), '');
    await expect(restore(fresh, testStore(path.join(shares, 'file')))).rejects.toMatchObject({
      code: 'STATE-02',
    });
  });

  test('of another association in this one’s place is told, and one of another key is not believed', async () => {
    await layProfiles(old);
    await capture(old, testStore(shares));
    const other = '00000000-3c1c-4d5e-9f57-0b8f9a3c2d11';
    await expect(restore(fresh, testStore(shares, { association: other }))).rejects.toMatchObject({
      code: 'STATE-06',
    });
    const key = Buffer.alloc(32, 8).toString('base64');
    await expect(restore(fresh, testStore(shares, { key }))).rejects.toMatchObject({ code: 'STATE-01' });
    expect(await readdir(fresh)).toEqual([]);
  });

  test('needs room on the new computer before anything is written', async () => {
    await layProfiles(old);
    await capture(old, testStore(shares));
    await expect(restore(fresh, testStore(shares), { freeBytes: 1000 })).rejects.toMatchObject({
      code: 'DISK-01',
    });
    expect(await readdir(fresh)).toEqual([]);
    await restore(fresh, testStore(shares));
  });
});

describe('while a capture is at work', () => {
  /** Captures into a list of frames; `during` is told of every path that is asked for. */
  async function frames(during: (path: string) => void, advance: (done: number) => void = () => {}) {
    const written: Uint8Array[] = [];
    const captured = await captureFiles({
      users: await findProfiles(path.join(old, 'Users')),
      choice: {
        ...chooseFiles(),
        isExcluded: name => {
          during(name);
          return false;
        },
      },
      writer: {
        write: async pieces => void written.push(...pieces.map(piece => Uint8Array.from(piece))),
        finish: async () => [],
        close: async () => {},
      },
      totalBytes: 1e9,
      advance,
    });
    const all: Frame[] = [];
    for await (const frame of decodeFrames(Readable.from(written), 'test')) all.push(frame);
    return { captured, all };
  }

  test('a file that vanishes is left out and named', async () => {
    await layProfiles(old);
    const gone = path.join(old, 'Users/anna/Desktop/notes.txt');
    const { captured, all } = await frames(name => {
      if (name === 'Desktop/notes.txt') unlinkSync(gone);
    });
    expect(captured.leftOut).toBe(1);
    expect(captured.remarks).toContain('anna/Desktop/notes.txt: gone');
    expect(all).toContainEqual({
      kind: 'left-out',
      profile: 'anna',
      path: 'Desktop/notes.txt',
      reason: 'gone',
    });
  });

  test('a file that grows is taken as it was read, and marked', async () => {
    await layProfiles(old, { 'Users/bob/Videos/film.mp4': Buffer.alloc(1_500_000, 'film') });
    let grown = false;
    const { captured, all } = await frames(
      () => {},
      done => {
        if (grown || done < 1_600_000) return;
        appendFileSync(path.join(old, 'Users/bob/Videos/film.mp4'), 'more');
        grown = true;
      },
    );
    expect(captured.remarks).toContain('bob/Videos/film.mp4: changed while it was read');
    expect(all).toContainEqual(expect.objectContaining({ kind: 'file-end', size: 1_500_004, changed: true }));
  });
});
