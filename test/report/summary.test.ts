import { describe, expect, it, test } from 'vitest';
import { reportLines } from '../../agent/console/report-text.ts';
import type { JournalEntry, JournalRecord } from '../../agent/journal/record.ts';
import type { Plan, PlannedItem } from '../../agent/plan/plan.ts';
import { summarize } from '../../agent/report/summary.ts';

function records(...entries: readonly JournalEntry[]): JournalRecord[] {
  return entries.map((entry, n) => ({ ...entry, n, at: new Date(n * 1000).toISOString() }));
}

function planned(id: string, outcome: PlannedItem['outcome'], presentBytes: number): PlannedItem {
  const reference = {
    id,
    version: '2',
    type: 'application',
    name: id,
    digest: 'a'.repeat(64),
    manifestBytes: 1,
    totalBytes: 100,
  } as const;
  return {
    reference,
    outcome,
    presentBytes,
    reusableBytes: 0,
    fetchBytes: 100 - presentBytes,
    cachedVersion: '1',
  };
}

function planEntry(...items: readonly PlannedItem[]): JournalEntry {
  const plan: Plan = {
    format: 'prestage-plan/1',
    mediaId: 'm',
    policy: { serial: 1, digest: 'd' },
    deployment: 'ABC20001',
    taskSequence: { id: 'ABC00100', name: 'Windows' },
    volume: 'v',
    items,
    actions: [
      { name: 'acquire-content', id: 'ABC00004' },
      { name: 'hand-over' },
      { name: 'install-application', id: 'ABC00004' },
    ],
  };
  return { type: 'plan', plan };
}

const run = (command: 'deploy' | 'continue'): JournalEntry => ({
  type: 'run-started',
  command,
  version: '1',
  system: 'rehearsal',
});
const acquired = (fetchedBytes: number, reusedBytes: number): JournalEntry => ({
  type: 'action-finished',
  action: 'acquire-content:ABC00004',
  seconds: 2,
  result: { fetchedBytes, reusedBytes, indexBytes: 7, bySource: { dp: fetchedBytes } },
});

test('what was present is what lay there before this version came, however its bytes came', () => {
  const acquiredWith = (presentBytes: number, fetchedBytes: number): JournalEntry => {
    const entry = acquired(fetchedBytes, 0);
    return entry.type === 'action-finished' ? { ...entry, result: { ...entry.result, presentBytes } } : entry;
  };
  const presentOf = (...entries: readonly JournalEntry[]) =>
    summarize(records(...entries), '1').items.map(({ presentBytes }) => presentBytes);
  // Compressed: 40 bytes brought 90. In vain: 150 did.
  for (const fetchedBytes of [40, 150])
    expect(
      presentOf(run('deploy'), planEntry(planned('ABC00004', 'damaged', 10)), acquiredWith(10, fetchedBytes)),
    ).toEqual([10]);
  // A first attempt that failed had staged 90 of them; going on finds all of it.
  expect(
    presentOf(
      run('deploy'),
      planEntry(planned('ABC00004', 'missing', 0)),
      run('deploy'),
      planEntry(planned('ABC00004', 'missing', 0)),
      acquiredWith(90, 10),
      acquiredWith(100, 0),
    ),
  ).toEqual([90]);
  // Another version was acquired before.
  const other = planned('ABC00004', 'missing', 0);
  expect(
    presentOf(
      run('deploy'),
      planEntry({ ...other, reference: { ...other.reference, digest: 'of the older one' } }),
      acquiredWith(70, 30),
      run('deploy'),
      planEntry(other),
      acquiredWith(20, 80),
    ),
  ).toEqual([20]);
});

test('the first plan tells how the disk was found, and fetched bytes add up over the runs', () => {
  const report = summarize(
    records(
      run('deploy'),
      planEntry(planned('ABC00004', 'changed', 10)),
      { type: 'action-started', action: 'acquire-content:ABC00004' },
      run('deploy'),
      planEntry(planned('ABC00004', 'missing', 0)),
      { type: 'action-started', action: 'acquire-content:ABC00004' },
      acquired(60, 30),
      { type: 'run-finished', command: 'deploy', peakMemoryBytes: 1000, seconds: 9 },
    ),
    '1',
  );
  expect(report.outcome).toBe('handed-over');
  expect(report.items).toMatchObject([
    {
      outcome: 'changed',
      cachedVersion: '1',
      presentBytes: 10,
      reusedBytes: 30,
      fetchedBytes: 60,
      bySource: { dp: 60 },
    },
  ]);
  expect(report.bytes).toEqual({ total: 100, present: 10, reused: 30, fetched: 60, indexes: 7 });
  expect(report.byOutcome).toEqual({ present: 0, changed: 1, damaged: 0, missing: 0 });
  expect(report.runs).toBe(2);
  expect(report.actions.map(({ action, state, starts }) => [action, state, starts])).toEqual([
    ['acquire-content:ABC00004', 'finished', 2],
    ['hand-over', 'waiting', 0],
    ['install-application:ABC00004', 'waiting', 0],
  ]);
});

test.each([
  ['TRUST-02', 'refused'],
  ['USAGE-02', 'refused'],
  ['NET-01', 'failed'],
] as const)('a run that ended with %s is reported as %s', (code, outcome) => {
  const fault = { code, title: 't', subject: 's', detail: {}, causes: [] };
  const report = summarize(records(run('deploy'), { type: 'run-failed', fault }), '1');
  expect(report.outcome).toBe(outcome);
  expect(report.faults).toHaveLength(1);
  expect(reportLines(report).join('\n')).toContain(code);
});

test('an action that was started and never ended is told apart from one that failed', () => {
  const fault = { code: 'PKG-01', title: 't', subject: 's', detail: {}, causes: [] } as const;
  const report = summarize(
    records(
      run('continue'),
      planEntry(planned('ABC00004', 'present', 100)),
      { type: 'action-started', action: 'install-application:ABC00004' },
      { type: 'action-failed', action: 'install-application:ABC00004', fault },
      { type: 'action-started', action: 'hand-over' },
    ),
    '1',
  );
  const states = Object.fromEntries(report.actions.map(({ action, state }) => [action, state]));
  expect(states).toMatchObject({
    'install-application:ABC00004': 'failed',
    'hand-over': 'cut',
    'acquire-content:ABC00004': 'waiting',
  });
  expect(reportLines(report).join('\n')).toMatch(/install-application:ABC00004 +failed .*PKG-01 t/);
});

describe('an action that failed in one run and was started again in the next', () => {
  const fault = { code: 'PKG-01', title: 't', subject: 's', detail: {}, causes: [] } as const;
  const action = 'install-application:ABC00004';
  const again = [
    run('continue'),
    { type: 'action-started', action },
    { type: 'action-failed', action, seconds: 40, fault },
    { type: 'run-failed', fault, peakMemoryBytes: 5_000_000 },
    run('continue'),
    { type: 'action-started', action },
  ] as const;

  it('took the time of all its attempts, and the run that failed has its memory counted', () => {
    const report = summarize(
      records(
        ...again,
        // As earlier versions wrote it.
        { type: 'action-failed', action, fault },
        { type: 'action-started', action },
        { type: 'action-finished', action, seconds: 2.5, result: {} },
      ),
      '1',
    );
    expect(report.actions).toMatchObject([{ action, state: 'finished', seconds: 42.5, starts: 3 }]);
    expect(report.peakMemoryBytes).toBe(5_000_000);
  });

  it('is cut where nothing was heard of it since', () => {
    const report = summarize(records(...again), '1');
    expect(report.actions).toMatchObject([{ action, state: 'cut', seconds: 40, starts: 2 }]);
  });
});

test('a deployment that was completed and begun again is not completed', () => {
  const before = [run('deploy'), planEntry(), run('continue'), { type: 'completed' }] as const;
  expect(summarize(records(...before), '1').outcome).toBe('completed');
  const again = records(...before, run('deploy'), planEntry());
  expect(summarize(again, '1').outcome).toBe('running');
  // Until there is a new plan, the old one is what the computer goes by.
  expect(summarize(records(...before, run('deploy')), '1').outcome).toBe('completed');
});

test('a journal without a plan gives a report of nothing, and its text can be shown', () => {
  const report = summarize([], '1');
  expect(report).toMatchObject({ outcome: 'running', items: [], runs: 0 });
  expect(reportLines(report).length).toBeGreaterThan(3);
});

test('the last action, which takes the journal away, counts as finished in the report that it leaves', () => {
  const actions = summarize(
    records(run('continue'), { type: 'action-started', action: 'retire-media' }, { type: 'completed' }),
    '1',
  ).actions;
  expect(actions.map(({ action, state }) => [action, state])).toEqual([['retire-media', 'finished']]);
});

test('actions stand in the order of the plan, whatever the order in which they were found to be done', () => {
  const actions = summarize(
    records(
      run('deploy'),
      planEntry(planned('ABC00004', 'present', 100)),
      { type: 'action-started', action: 'hand-over' },
      {
        type: 'action-finished',
        action: 'acquire-content:ABC00004',
        seconds: 0,
        result: { alreadyDone: true },
      },
    ),
    '1',
  ).actions;
  expect(actions.map(({ action }) => action)).toEqual([
    'acquire-content:ABC00004',
    'hand-over',
    'install-application:ABC00004',
  ]);
});
