import { appendFile, mkdtemp, readFile, truncate, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { openDurableFiles } from '../../agent/durable/open-durable-files.ts';
import { makeRedact } from '../../agent/fault/redact.ts';
import { openJournal, readJournal } from '../../agent/journal/journal.ts';
import { recall } from '../../agent/journal/past.ts';
import { systemClock } from '../../agent/progress/clock.ts';

let file: string;
beforeEach(async () => {
  file = path.join(await mkdtemp(path.join(os.tmpdir(), 'prestage-journal-')), 'sub', 'journal.log');
});

const open = () =>
  openJournal({ path: file, durable: openDurableFiles(), clock: systemClock, redact: makeRedact() });
const started = (action: string) => ({ type: 'action-started', action }) as const;
const finished = (action: string) => ({ type: 'action-finished', action, seconds: 1, result: {} }) as const;

test('an absent journal is empty, and what is appended is there for the next run', async () => {
  const journal = await open();
  expect(journal.records).toEqual([]);
  await journal.append(started('a'));
  await journal.append(finished('a'));
  const again = await open();
  expect(again.records.map(({ type, n }) => [n, type])).toEqual([
    [0, 'action-started'],
    [1, 'action-finished'],
  ]);
});

test('appends that are asked for at once keep their order and numbers', async () => {
  const journal = await open();
  await Promise.all(Array.from({ length: 20 }, (_, at) => journal.append(started(`a${at}`))));
  const records = await readJournal(file);
  expect(records.map(record => record.n)).toEqual(Array.from({ length: 20 }, (_, at) => at));
});

test.each([
  ['torn in the middle of its last line', async () => truncate(file, (await readFile(file)).length - 9)],
  ['followed by zeros', async () => appendFile(file, Buffer.alloc(4096))],
  ['followed by rubbish without an end', async () => appendFile(file, 'deadbeefdeadbeef {"ty')],
])('a journal %s is read up to there and goes on cleanly', async (_, damage) => {
  const journal = await open();
  await journal.append(started('a'));
  await journal.append(started('b'));
  await damage();
  const again = await open();
  const before = again.records.length;
  expect(before).toBeGreaterThanOrEqual(1);
  await again.append(finished('a'));
  const records = await readJournal(file);
  expect(records).toHaveLength(before + 1);
  expect(records.at(-1)?.type).toBe('action-finished');
});

test('a rotten record in the middle is JOURNAL-01 with its line, and nothing is written', async () => {
  const journal = await open();
  for (const action of ['a', 'b', 'c']) await journal.append(started(action));
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.replace('"action":"b"', '"action":"x"'));
  await expect(open()).rejects.toMatchObject({ code: 'JOURNAL-01', detail: { line: 2 } });
  await expect(readJournal(file)).rejects.toMatchObject({ code: 'JOURNAL-01' });
});

test('the past knows what is open, what is finished and the highest serial', async () => {
  const journal = await open();
  await journal.append(started('a'));
  await journal.append(finished('a'));
  await journal.append(started('b'));
  for (const serial of [7, 9, 8]) {
    await journal.append({
      type: 'policy-accepted',
      serial,
      digest: 'd',
      from: 'mp',
      deployment: 'x',
      taskSequence: 'y',
    });
  }
  await journal.append({ type: 'restart-asked', by: 'a', kind: 'soft' });
  const past = recall(journal.records);
  expect([...past.finished.keys()]).toEqual(['a']);
  expect([...past.open]).toEqual(['b']);
  expect(past.policySerial).toBe(9);
  expect(past.restartPending).toBe('soft');
  expect(past.completed).toBe(false);
  await journal.append({ type: 'run-started', command: 'continue', version: '0', system: 'full-os' });
  expect(recall(journal.records).restartPending).toBeUndefined();
});

test('applying the image again undoes what was done to the volume, but not what was fetched', async () => {
  const journal = await open();
  for (const action of [
    'acquire-content:A',
    'acquire-content:B',
    'apply-image:A',
    'add-drivers:B',
    'hand-over',
  ]) {
    await journal.append(started(action));
    await journal.append(finished(action));
  }
  await journal.append(started('apply-image:A'));
  expect([...recall(journal.records).finished.keys()]).toEqual(['acquire-content:A', 'acquire-content:B']);
});

test('what was cut in a Windows that is gone is no part of the new one: it is neither open nor failed', async () => {
  const journal = await open();
  const fault = { code: 'PKG-01', title: '', subject: '', detail: {}, causes: [] } as const;
  await journal.append(started('apply-image:A'));
  await journal.append(finished('apply-image:A'));
  await journal.append(started('install-application:B'));
  await journal.append(started('install-application:C'));
  await journal.append({ type: 'action-failed', action: 'install-application:C', fault });
  await journal.append(started('apply-image:A'));
  const { open: cut, failed } = recall(journal.records);
  expect([...cut, ...failed]).toEqual(['apply-image:A']);
});

test('content that is acquired anew has not been used yet', async () => {
  const journal = await open();
  for (const action of ['add-drivers:B', 'add-drivers:C']) {
    await journal.append(started(action));
    await journal.append(finished(action));
  }
  await journal.append(started('acquire-content:B'));
  expect([...recall(journal.records).finished.keys()]).toEqual(['add-drivers:C']);
});

test('what came of an action is kept without secrets, whatever shape they have', async () => {
  const redact = makeRedact(['12345', 'geheim"42']);
  const journal = await openJournal({ path: file, durable: openDurableFiles(), clock: systemClock, redact });
  const fault = { code: 'PKG-01', subject: 'run geheim"42', detail: { exitCode: 12345 } } as const;
  const record = { ...fault, title: '', causes: [] };
  await journal.append({ type: 'action-failed', action: 'a', fault: record });
  await journal.append({
    type: 'action-finished',
    action: 'a',
    seconds: 12345,
    result: { warning: 'pin 12345' },
  });
  await journal.append({ type: 'status', message: 'joined with geheim"42' });
  const text = await readFile(file, 'utf8');
  expect(text).not.toContain('geheim');
  expect(text).toContain('"exitCode":12345');
  expect((await readJournal(file)).at(-1)).toMatchObject({ message: 'joined with ********' });
  expect((await readJournal(file)).at(-2)).toMatchObject({
    seconds: 12345,
    result: { warning: 'pin ********' },
  });
});
