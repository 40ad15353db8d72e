// Capture and restore as steps of a task sequence, on a rehearsal machine with a real journal. scanstate and loadstate are Microsoft's: here they are
// recorded, not run, and what they would have left in the store is laid there by the test.
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { openInPlacePool } from '../../agent/content/in-place-pool.ts';
import { openDurableFiles } from '../../agent/durable/open-durable-files.ts';
import { jobs } from '../../agent/jobs.ts';
import { NO_COURSE } from '../../agent/journal/past.ts';
import type { Action } from '../../agent/plan/plan.ts';
import type { UserStateOrder } from '../../agent/policy/machine-record.ts';
import { STEPS } from '../../agent/steps/index.ts';
import { runPlan } from '../../agent/steps/run-plan.ts';
import { type Item, makeItem } from '../support/cache-kit.ts';
import { ASSOCIATION, capture, KEY, layProfiles, testStore } from '../support/state-kit.ts';
import { openStepKit, type StepKit } from '../support/step-kit.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { readTree, writeTree } from '../support/wim-kit.ts';

const folder = tempFolder('user-state-steps');
let number = 0;
let disk: string;
let shares: string;
beforeEach(async () => {
  number += 1;
  disk = path.join(folder, `${number}/disk`);
  shares = path.join(folder, `${number}/store`);
  await mkdir(shares, { recursive: true });
});

const RESTORE: Action = { name: 'restore-user-state' };
const CAPTURE: Action = { name: 'capture-user-state' };
const FACTS = { serial: 'NEW-1', model: 'New Book' };
const windows = (...names: readonly string[]) => path.join(disk, 'volumes/windows', ...names);

const order = (differences: Partial<UserStateOrder> = {}): UserStateOrder => ({
  role: 'restore',
  association: ASSOCIATION,
  store: shares,
  key: KEY,
  method: 'files',
  ...differences,
});

function kit(
  action: Action,
  userState: UserStateOrder | undefined,
  items: readonly Item[] = [],
): Promise<StepKit> {
  return openStepKit({
    disk,
    actions: [action],
    items,
    record: userState === undefined ? {} : { userState },
    facts: FACTS,
    // The plan of the WinPE part is in the journal already when a restore runs; here each run is its own.
    command: 'deploy',
  });
}

const restoreRun = async (userState = order(), items: readonly Item[] = []) => {
  const opened = await kit(RESTORE, userState, items);
  await opened.run('full-os');
  return opened;
};

const resultOf = ({ journal }: StepKit) => {
  const finished = journal.records.findLast(record => record.type === 'action-finished');
  return finished?.type === 'action-finished' ? finished.result : undefined;
};

describe('restoring', () => {
  test('brings the files, closes the association, and is done when it is asked again', async () => {
    await layProfiles(path.join(folder, `${number}/old`), {
      'Users/anna/Documents/what?.txt': 'no name for Windows',
    });
    await capture(path.join(folder, `${number}/old`), testStore(shares));
    await writeTree(windows(), { 'Users/anna/Desktop/notes.txt': 'of the new computer' });
    const run = await restoreRun();
    const { warning, log } = resultOf(run) ?? {};
    expect(warning).toMatch(/^1 files were restored under another name; 1 files could not be captured; see /);
    expect(await readFile(log ?? '', 'utf8')).toContain(
      'Restored under another name: anna/Desktop/notes.txt -> notes (restored).txt\r\nNot captured: anna/Documents/what?.txt',
    );
    expect(await readFile(windows('Users/anna/Desktop/notes (restored).txt'), 'utf8')).toBe('buy milk');
    const before = await readTree(windows('Users'));
    const asked = await openStepKit({
      disk,
      actions: [RESTORE],
      record: { userState: order() },
      facts: FACTS,
    });
    expect(await STEPS['restore-user-state'].done({ name: 'restore-user-state' }, asked.world)).toBe(true);
    expect(await readTree(windows('Users'))).toEqual(before);
  });

  test('that was cut after it had closed the association, and finds the share only later, is done', async () => {
    await layProfiles(path.join(folder, `${number}/old`));
    await capture(path.join(folder, `${number}/old`), testStore(shares));
    await restoreRun();
    const again = await openStepKit({
      disk,
      actions: [RESTORE],
      record: { userState: order() },
      facts: FACTS,
    });
    const course = { ...NO_COURSE, started: async () => {}, finished: async () => {} };
    const result = await STEPS['restore-user-state'].run(
      { name: 'restore-user-state' },
      again.world,
      () => {},
      course,
    );
    expect(result).toEqual({ alreadyDone: true });
  });

  test('after another installation of the same computer is done again, and told', async () => {
    await layProfiles(path.join(folder, `${number}/old`));
    await capture(path.join(folder, `${number}/old`), testStore(shares));
    await restoreRun();
    disk = path.join(folder, `${number}/anew`);
    const anew = await openStepKit({
      disk,
      actions: [RESTORE],
      record: { userState: order() },
      facts: FACTS,
    });
    await runPlan('full-os', { ...anew.world, began: '2027-01-01T00:00:00.000Z' }, anew.journal);
    expect(resultOf(anew)?.warning).toMatch(
      /^This computer restored it before, on .*; it was restored again\./,
    );
  });

  test('by another computer than the one that closed the association is refused', async () => {
    await layProfiles(path.join(folder, `${number}/old`));
    await capture(path.join(folder, `${number}/old`), testStore(shares));
    await restoreRun();
    disk = path.join(folder, `${number}/third`);
    const third = await openStepKit({
      disk,
      actions: [RESTORE],
      record: { userState: order() },
      facts: { serial: 'THIRD' },
    });
    await expect(third.run('full-os')).rejects.toMatchObject({ code: 'STATE-04', detail: { by: 'NEW-1' } });
  });

  test('without an order, or with that of the giver, is skipped', async () => {
    const none = await kit(RESTORE, undefined);
    await none.run('full-os');
    expect(resultOf(none)?.skipped).toBe('Policy has no user state for this computer.');
    await rm(none.layout.journal);
    const giver = await restoreRun(order({ role: 'capture' }));
    expect(resultOf(giver)?.skipped).toMatch(/another one takes it/);
  });

  test('what was not captured yet, or lies in a store that is not there, is a fault of its own', async () => {
    await expect(restoreRun()).rejects.toMatchObject({ code: 'STATE-06' });
    await expect(restoreRun(order({ store: '\\\\srv\\state' }))).rejects.toMatchObject({ code: 'STATE-02' });
  });

  test('waits for a share on a real computer, whose network may need a while', async () => {
    const run = await openStepKit({
      disk,
      actions: [RESTORE],
      record: { userState: order({ store: '//srv.invalid/state' }) },
      facts: FACTS,
      changed: () => ({ kind: 'windows' }),
    });
    await expect(run.run('full-os')).rejects.toMatchObject({ code: 'STATE-02' });
    expect(run.waits).toEqual([5_000, 10_000, 20_000, 40_000]);
  });
});

describe('capturing in WinPE', () => {
  const refresh = (differences: Partial<UserStateOrder> = {}) =>
    order({ role: 'refresh', store: '_SMSTSStateStore', ...differences });

  test('and restoring in the new Windows brings a computer’s own files over its new installation', async () => {
    await layProfiles(windows());
    const before = await readTree(windows('Users'), name => /notes|Größe|all\.txt/.test(name));
    const run = await kit(CAPTURE, refresh());
    await run.run();
    expect(await readdir(windows('_SMSTSStateStore'))).toEqual([ASSOCIATION]);
    await rm(windows('Users'), { recursive: true });
    await restoreRun(refresh());
    expect(await readTree(windows('Users'), name => /notes|Größe|all\.txt/.test(name))).toEqual(before);
  });

  test('is not repeated over what a begun clearing has left, even when the journal is new', async () => {
    await layProfiles(windows());
    const run = await kit(CAPTURE, refresh());
    await run.run();
    const store = await readTree(windows('_SMSTSStateStore'));
    await rm(windows('Users/anna'), { recursive: true });
    await rm(run.layout.journal);
    const again = await kit(CAPTURE, refresh());
    await again.run();
    expect(resultOf(again)?.warning).toMatch(/^Captured before the volume was cleared/);
    expect(await readTree(windows('_SMSTSStateStore'))).toEqual(store);
  });

  test('is repeated when the journal is new and everybody’s folder is still there', async () => {
    await layProfiles(windows());
    const run = await kit(CAPTURE, refresh());
    await run.run();
    await writeFile(windows('Users/anna/Desktop/notes.txt'), 'buy bread');
    await rm(run.layout.journal);
    await (await kit(CAPTURE, refresh())).run();
    await rm(windows('Users'), { recursive: true });
    await restoreRun(refresh());
    expect(await readFile(windows('Users/anna/Desktop/notes.txt'), 'utf8')).toBe('buy bread');
  });

  test('into a folder that the clearing would take is refused', async () => {
    await layProfiles(windows());
    for (const store of ['State', windows('State')]) {
      const run = await kit(CAPTURE, refresh({ store }));
      await expect(run.run()).rejects.toMatchObject({ code: 'STATE-02' });
    }
    await expect((await kit(CAPTURE, refresh({ store: '../elsewhere' }))).run()).rejects.toMatchObject({
      code: 'STATE-02',
    });
  });

  test('of a volume without Windows, or by a computer that only takes, is skipped', async () => {
    const bare = await kit(CAPTURE, refresh());
    await bare.run();
    expect(resultOf(bare)?.skipped).toMatch(/no Windows with user profiles/);
    await rm(bare.layout.journal);
    const nothing = await restoreRun(refresh());
    expect(resultOf(nothing)?.skipped).toMatch(/^Nothing was captured/);
    await layProfiles(windows());
    await rm(bare.layout.journal);
    const taker = await kit(CAPTURE, order());
    await taker.run();
    expect(resultOf(taker)?.skipped).toMatch(/takes the user state/);
    expect(await readdir(shares)).toEqual([]);
  });
});

describe('USMT', () => {
  const usmt = (differences: Partial<UserStateOrder> = {}) =>
    order({ role: 'refresh', method: 'usmt', package: 'CON00031', ...differences });

  const usmtItem = (files = ['scanstate.exe', 'loadstate.exe', 'MigApp.xml', 'MigDocs.xml']): Promise<Item> =>
    makeItem(Object.fromEntries(files.map(name => [`amd64/${name}`, Buffer.from(name)])), {
      pool: openInPlacePool({ jobs, durable: openDurableFiles() }),
      scratch: path.join(folder, 'scratch'),
      id: 'CON00031',
      type: 'package',
    });

  test('scans offline into the store and loads from it, with the key in a file that is gone afterwards', async () => {
    await layProfiles(windows());
    const item = await usmtItem();
    const run = await kit(CAPTURE, usmt(), [item]);
    await run.run();
    expect(resultOf(run)).toMatchObject({ exitCode: 0, rehearsed: true });
    await restoreRun(usmt(), [item]);
    const [scan = '', load = ''] = await run.programs();
    expect(scan).toContain(`/offlinewindir:"${windows('Windows')}"`);
    expect(scan).toContain(`"${path.join(shares, `${ASSOCIATION}.partial`, 'usmt')}"`);
    expect(load).toContain(`loadstate.exe" "${path.join(shares, ASSOCIATION, 'usmt')}" /c`);
    const key = path.join(run.layout.own, 'user-state', 'usmt.key');
    for (const command of [scan, load]) expect(command).toContain(`/keyfile:"${key}"`);
    expect(existsSync(key)).toBe(false);
  });

  test('that fails leaves the capture before, names its log, and closes nothing', async () => {
    await layProfiles(windows());
    const item = await usmtItem();
    const run = await kit(CAPTURE, usmt(), [item]);
    await run.run();
    const [scan = ''] = await run.programs();
    const store = await readTree(path.join(shares, ASSOCIATION));
    await writeFile(path.join(disk, 'exit-codes.json'), JSON.stringify({ [scan]: 33 }));
    await rm(run.layout.journal);
    const failing = await kit(CAPTURE, usmt(), [item]);
    await expect(failing.run()).rejects.toMatchObject({
      code: 'STATE-05',
      detail: { exitCode: 33, log: path.join(run.layout.logs, 'scanstate.log') },
    });
    expect(await readTree(path.join(shares, ASSOCIATION))).toEqual(store);
    await writeFile(path.join(disk, 'exit-codes.json'), JSON.stringify({ [scan]: 3 }));
    await rm(run.layout.journal);
    const skipping = await kit(CAPTURE, usmt(), [item]);
    await skipping.run();
    expect(resultOf(skipping)?.warning).toContain('USMT_WOULD_HAVE_FAILED');
  });

  test('is proven byte for byte before it is loaded', async () => {
    await layProfiles(windows());
    const item = await usmtItem();
    // scanstate is recorded only: this stands for what it writes.
    const mig = path.join(shares, `${ASSOCIATION}.partial/usmt/USMT/USMT.MIG`);
    const run = await openStepKit({
      disk,
      actions: [CAPTURE],
      items: [item],
      record: { userState: usmt() },
      facts: FACTS,
      changed: machine => ({
        run: async request => {
          await mkdir(path.dirname(mig), { recursive: true });
          await writeFile(mig, 'a store of USMT');
          return { ...(await machine.run(request)), rehearsed: false };
        },
      }),
    });
    await run.run();
    const stored = path.join(shares, ASSOCIATION, 'usmt/USMT/USMT.MIG');
    await writeFile(stored, 'A store of USMT');
    await expect(restoreRun(usmt(), [item])).rejects.toMatchObject({ code: 'STATE-01' });
    await writeFile(stored, 'a store of USMT');
    await writeFile(path.join(path.dirname(stored), 'more.bin'), '');
    await expect(restoreRun(usmt(), [item])).rejects.toMatchObject({ code: 'STATE-01' });
    await rm(path.join(path.dirname(stored), 'more.bin'));
    const loaded = await restoreRun(usmt(), [item]);
    expect((await loaded.programs()).filter(command => command.includes('loadstate'))).toHaveLength(1);
  });

  test('without its tools, or without a package in the plan, is a fault before anything is written', async () => {
    await layProfiles(windows());
    await expect((await kit(CAPTURE, usmt())).run()).rejects.toMatchObject({ code: 'STATE-05' });
    const empty = await usmtItem(['readme.txt']);
    await expect((await kit(CAPTURE, usmt(), [empty])).run()).rejects.toMatchObject({ code: 'STATE-05' });
    expect(existsSync(path.join(shares, ASSOCIATION))).toBe(false);
  });
});
