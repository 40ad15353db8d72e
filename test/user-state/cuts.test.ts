// The power may go at any durable write, on either computer: what was captured before stays until the new capture is whole, and a restore that
// starts over ends as one that was never cut.
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { Fault } from '../../agent/fault/fault.ts';
import { findState, readClosed } from '../../agent/user-state/store.ts';
import { everyCut } from '../support/every-cut.ts';
import { capture, quick, restore, testStore } from '../support/state-kit.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { readTree, writeTree } from '../support/wim-kit.ts';

const folder = tempFolder('user-state-cuts');
/** Kept whole, lost whole, and drawn for each write and name. */
const LOSSES = ['kept', 'dropped', 'mixed'] as const;
const old = path.join(folder, 'old');

beforeAll(async () => {
  await writeTree(old, {
    'Users/anna/Desktop/notes.txt': 'buy milk',
    'Users/anna/Documents/big.bin': Buffer.alloc(300_000, 'big'),
  });
  await writeTree(path.join(folder, 'before'), { 'Users/anna/Desktop/notes.txt': 'an older note' });
});

const notes = (root: string): Promise<string> =>
  readFile(path.join(root, 'Users/anna/Desktop/notes.txt'), 'utf8');

test('a first capture is whole or not there, and capturing again succeeds', async () => {
  const plays = await everyCut({
    within: folder,
    losses: LOSSES,
    prepare: at => mkdir(path.join(at, 'store')),
    run: async (durable, at) => void (await capture(old, testStore(path.join(at, 'store')), { durable })),
    verify: async (at, { done }) => {
      const store = testStore(path.join(at, 'store'));
      const state = await findState(store);
      expect(done && state === undefined).toBe(false);
      if (state !== undefined) {
        await restore(path.join(at, 'new'), store);
        expect(await readTree(path.join(at, 'new'))).toEqual(await readTree(old));
        return;
      }
      await capture(old, store);
      await restore(path.join(at, 'new'), store);
      expect(await notes(path.join(at, 'new'))).toBe('buy milk');
    },
  });
  expect(plays).toBeGreaterThan(90);
}, 120_000);

test('a second capture leaves the first until it is whole', async () => {
  await everyCut({
    within: folder,
    losses: LOSSES,
    prepare: async at => {
      await mkdir(path.join(at, 'store'));
      await capture(path.join(folder, 'before'), testStore(path.join(at, 'store')));
    },
    run: async (durable, at) => void (await capture(old, testStore(path.join(at, 'store')), { durable })),
    verify: async (at, { done }) => {
      const store = testStore(path.join(at, 'store'));
      await restore(path.join(at, 'new'), store);
      const text = await notes(path.join(at, 'new'));
      if (done) expect(text).toBe('buy milk');
      else expect(['buy milk', 'an older note']).toContain(text);
      expect(Object.keys(await readTree(path.join(at, 'new'))).length).toBe(text === 'buy milk' ? 2 : 1);
    },
  });
}, 120_000);

test('a restore that starts over makes nothing double, loses nothing and closes once', async () => {
  await mkdir(path.join(folder, 'captured'));
  await capture(old, testStore(path.join(folder, 'captured')));
  const laid = { 'Users/anna/Desktop/notes.txt': 'of the new computer' };
  const uncut = path.join(folder, 'uncut');
  await cp(path.join(folder, 'captured'), path.join(folder, 'captured-uncut'), { recursive: true });
  await writeTree(uncut, laid);
  await restore(uncut, testStore(path.join(folder, 'captured-uncut')));
  const goal = await readTree(uncut);
  const plays = await everyCut({
    within: folder,
    losses: LOSSES,
    prepare: async at => {
      await cp(path.join(folder, 'captured'), path.join(at, 'store'), { recursive: true });
      await writeTree(path.join(at, 'new'), laid);
    },
    run: async (durable, at) =>
      void (await restore(path.join(at, 'new'), testStore(path.join(at, 'store')), { durable })),
    verify: async (at, { done }) => {
      const store = testStore(path.join(at, 'store'));
      const again = await restore(path.join(at, 'new'), store).catch((error: unknown) => {
        if (error instanceof Fault && error.code === 'STATE-04') return 'closed';
        throw error;
      });
      if (done) expect(again).toBe('closed');
      expect(await readTree(path.join(at, 'new'))).toEqual(goal);
      expect(await readClosed(store)).toMatchObject({ computer: { serial: 'NEW-1' } });
    },
  });
  expect(plays).toBeGreaterThan(90);
}, 240_000);

test('a restore that is cut leaves the store as it was', async () => {
  const at = path.join(folder, 'untouched');
  await cp(path.join(folder, 'captured'), path.join(at, 'store'), { recursive: true });
  const before = await readTree(path.join(at, 'store'));
  await writeFile(path.join(at, 'in the way'), '');
  const durable = quick();
  const failing = {
    ...durable,
    rename: async () => {
      throw new Fault('DISK-01', at);
    },
  };
  await expect(
    restore(path.join(at, 'new'), testStore(path.join(at, 'store')), { durable: failing }),
  ).rejects.toMatchObject({ code: 'DISK-01' });
  expect(await readTree(path.join(at, 'store'))).toEqual(before);
});
