import { mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { cmTraceLine } from '../../agent/console/cmtrace.ts';
import { lastScreenLines } from '../../agent/console/last-screen.ts';
import { openLogFiles } from '../../agent/console/log-files.ts';
import { openScreen } from '../../agent/console/screen.ts';
import { durationText, sizeText } from '../../agent/console/size-text.ts';
import { tableLines } from '../../agent/console/table.ts';
import { wrapped } from '../../agent/console/wrap.ts';
import { Fault } from '../../agent/fault/fault.ts';
import { makeRedact } from '../../agent/fault/redact.ts';
import { makeMeter } from '../../agent/progress/meter.ts';

test('sizes and durations read as a person says them', () => {
  expect([0, 1023, 1024, 12_900_000, 3 * 1024 ** 3].map(sizeText)).toEqual([
    '0 bytes',
    '1023 bytes',
    '1.0 KB',
    '12.3 MB',
    '3.0 GB',
  ]);
  expect([0.25, 59, 200, 3900].map(durationText)).toEqual(['250 ms', '59 s', '3 min 20 s', '1 h 5 min']);
});

test('a table keeps its columns straight with wide characters', () => {
  expect(
    tableLines(
      [{ title: 'Name' }, { title: 'Size', right: true }],
      [
        ['日本語', '5'],
        ['ab', '1234'],
      ],
    ),
  ).toEqual(['Name    Size', '------  ----', '日本語     5', 'ab      1234']);
});

test('the last screen tells code, subject, expected and found, what is safe and what is next', () => {
  const fault = new Fault(
    'NET-07',
    'setup.exe',
    { expected: 'aa', found: 'bb', tried: ['http://a', 'http://b'] },
    { cause: new Error('reset') },
  );
  const text = lastScreenLines(fault).join('\n');
  expect(text).toMatch(/^NET-07 {2}Wrong bytes\n {2}setup\.exe/);
  for (const part of [
    'expected: aa',
    'found: bb',
    '    http://b',
    'because: Error: reset',
    'Safe: ',
    'Next: ',
    'prestage explain NET-07',
  ])
    expect(text).toContain(part);
});

test('the last screen and what is told break between words on a terminal, and not in a file', () => {
  const fault = new Fault('USAGE-18', 'dp', { expected: `site ${'x '.repeat(60)}` });
  const prose = lastScreenLines(fault, 80).filter(line => !line.includes('x x'));
  expect(Math.max(...prose.map(line => line.length))).toBeLessThan(80);
  const words = (lines: readonly string[]): string[] => lines.join(' ').split(/ +/);
  expect(words(lastScreenLines(fault, 80))).toEqual(words(lastScreenLines(fault)));
  // What was expected is copied: it stays one line.
  expect(lastScreenLines(fault, 80).some(line => line.length > 100)).toBe(true);
  expect(wrapped(`  See ${'a'.repeat(30)} there now`, 20)).toEqual([
    '  See',
    `    ${'a'.repeat(30)}`,
    '    there now',
  ]);
  expect(wrapped('short', undefined)).toEqual(['short']);
});

test('a CMTrace line has the form of a real smsts.log line and cannot be ended by its message', () => {
  const line = cmTraceLine({
    text: 'a ]LOG]!> b',
    component: 'apply-image',
    type: 2,
    at: new Date(2026, 5, 7, 14, 4, 33, 29),
    thread: 12,
  });
  expect(line).toMatch(
    /^<!\[LOG\[a \]LOG\] !> b\]LOG\]!><time="14:04:33\.029[+-]\d+" date="06-07-2026" component="apply-image" context="" type="2" thread="12" file="">\r\n$/,
  );
});

test('both logs get the event, without the secret', async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'prestage-log-'));
  const clock = { now: () => new Date(0), ticks: () => 0 };
  const logs = openLogFiles(folder, { clock, redact: makeRedact(['geheim42']), version: '1' });
  logs.observe({ kind: 'note', level: 'warning', component: 'policy', text: 'with geheim42 inside' });
  logs.observe({ kind: 'advanced', stage: 'transfer', doneBytes: 1, totalBytes: 2 });
  logs.close();
  const trace = await readFile(path.join(folder, 'prestage.log'), 'utf8');
  const events = (await readFile(path.join(folder, 'events.ndjson'), 'utf8'))
    .trim()
    .split('\n')
    .map(line => JSON.parse(line));
  expect(trace).toContain('with ******** inside');
  expect(trace).not.toContain('geheim42');
  expect(events).toHaveLength(2);
  expect(events[0]).toMatchObject({ kind: 'note', component: 'policy', text: 'with ******** inside' });
});

test('a disk that is full ends the logs, not the run', async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'prestage-log-'));
  for (const name of ['prestage.log', 'events.ndjson']) await symlink('/dev/full', path.join(folder, name));
  const clock = { now: () => new Date(0), ticks: () => 0 };
  const logs = openLogFiles(folder, { clock, redact: makeRedact(), version: '1' });
  for (let n = 0; n < 100; n++)
    logs.observe({ kind: 'note', level: 'error', component: 'deploy', text: 'full' });
  logs.close();
});

test('logs that cannot be begun are named as the disk that refuses them', async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'prestage-log-'));
  await writeFile(path.join(folder, 'Logs'), 'a file of that name');
  const clock = { now: () => new Date(0), ticks: () => 0 };
  expect(() =>
    openLogFiles(path.join(folder, 'Logs'), { clock, redact: makeRedact(), version: '1' }),
  ).toThrow(expect.objectContaining({ code: 'DISK-02' }));
});

test('the percentage never falls, also when the work grows or a reading goes back', () => {
  let now = 0;
  const meter = makeMeter({ ticks: () => now });
  const percents = [
    [10, 100],
    [50, 100],
    [40, 100],
    [50, 200],
    [200, 200],
  ].map(([done, total]) => {
    now += 1000;
    return meter.read(done ?? 0, total ?? 0).percent;
  });
  expect(percents).toEqual([...percents].sort((a, b) => a - b));
  expect(percents.at(-1)).toBe(100);
});

test('a pipe gets whole lines; a terminal line never exceeds its width', () => {
  let now = 0;
  const clock = { now: () => new Date(now), ticks: () => now };
  const run = (columns?: number): string => {
    let text = '';
    const screen = openScreen({
      write: part => {
        text += part;
      },
      clock,
      redact: makeRedact(),
      ...(columns === undefined ? {} : { columns }),
    });
    for (let done = 0; done <= 100; done += 5) {
      now += 500;
      screen.observe({
        kind: 'advanced',
        stage: 'transfer',
        subject: 'ABC00001',
        doneBytes: done * 1_000_000,
        totalBytes: 100_000_000,
        source: 'http://dp.example',
      });
    }
    screen.observe({ kind: 'note', level: 'info', component: 'x', text: 'done' });
    screen.end();
    return text;
  };
  const piped = run();
  expect(piped).not.toContain('\r');
  expect(piped.trim().split('\n').length).toBeGreaterThan(5);
  const lines = run(60).split(/[\r\n]/);
  expect(Math.max(...lines.map(line => line.length))).toBeLessThanOrEqual(60);
});

test('text of strangers does not command the screen', () => {
  let text = '';
  const screen = openScreen({
    write: part => {
      text += part;
    },
    clock: { now: () => new Date(0), ticks: () => 0 },
    redact: makeRedact(),
  });
  screen.observe({ kind: 'note', level: 'info', component: 'x', text: 'a\u001b[2J\rb\u009b1m\u0000\tc' });
  expect(text).toBe('a?[2J?b?1m?\tc\n');
});
