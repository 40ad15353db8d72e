// The moving line of a transfer, at the widths of real consoles; and how often the logs are told.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import stringWidth from 'string-width';
import { expect, test } from 'vitest';
import { openLogFiles } from '../../agent/console/log-files.ts';
import { type Advanced, progressLine } from '../../agent/console/progress-line.ts';
import { openScreen } from '../../agent/console/screen.ts';
import { makeRedact } from '../../agent/fault/redact.ts';
import { openRunProgress } from '../../agent/progress/run-progress.ts';
import { tempFolder } from '../support/temp-folder.ts';

const ground = tempFolder('progress-line');
const event: Advanced = {
  kind: 'advanced',
  stage: 'transfer',
  subject: 'ABC00012',
  doneBytes: 100,
  totalBytes: 200,
  source: 'http://dp1.contoso.com/prestage',
  run: {
    item: { number: 2, of: 5 },
    doneBytes: 1_288_490_188,
    totalBytes: 3_006_477_107,
    bytesPerSecond: 11_953_766,
    remainingSeconds: 143,
  },
};
const reading = { percent: 42, bytesPerSecond: 1 };
const plain = (text: string): string => text;

test.each([
  [
    Number.POSITIVE_INFINITY,
    'Fetching content ABC00012 (2 of 5): 42 %, 1.2 of 2.8 GB, 11.4 MB/s, 3 min left, from http://dp1.contoso.com/prestage',
  ],
  [
    100,
    'Fetching content ABC00012 (2 of 5): 42 %, 1.2 of 2.8 GB, 11.4 MB/s, 3 min left, from dp1.contoso.com',
  ],
  [79, 'Fetching content ABC00012 (2 of 5): 42 %, 1.2 of 2.8 GB, 11.4 MB/s, 3 min left'],
  [70, 'Fetching content ABC00012 (2 of 5): 42 %, 11.4 MB/s, 3 min left'],
  [55, 'Fetching content ABC00012 (2 of 5): 42 %, 3 min left'],
  [40, 'Fetching content ABC00012 (2 of 5): 42 %'],
  [20, 'Fetching content ABC'],
])('at %d columns what matters least is left out', (columns, line) => {
  expect(progressLine(event, reading, plain, columns)).toBe(line);
});

test('wide characters count twice, and what is secret is gone before it is measured', () => {
  const wide: Advanced = { ...event, subject: '配布ポイントの名前がとても長い品目' };
  expect(stringWidth(progressLine(wide, reading, plain, 40))).toBeLessThanOrEqual(40);
  expect(progressLine(event, reading, makeRedact(['contoso']), 200)).not.toContain('contoso');
});

test('the remaining time is coarse: it stands still long enough to be read', () => {
  const leftAt = (remainingSeconds: number): string | undefined =>
    /, ([^,]+) left/.exec(
      progressLine(
        { ...event, run: { ...(event.run ?? expect.unreachable()), remainingSeconds } },
        reading,
        plain,
      ),
    )?.[1];
  expect([1, 19, 61, 119, 121, 3541, 5000].map(leftAt)).toEqual([
    ...['1 s', '19 s', '65 s', '120 s', '3 min', '1 h 0 min', '1 h 24 min'],
  ]);
});

/** Half an hour of a transfer that tells of itself ten times a second, over a retry that begins again with what is left. */
function* halfAnHour(tick: (ms: number) => void): Generator<Advanced, void, undefined> {
  const total = 18_000_000_000;
  let now = 0;
  const progress = openRunProgress([['ABC00012', total]], { ticks: () => now });
  let doneBefore = 0;
  let inRun = progress.begin('ABC00012', total);
  for (let n = 1; n <= 18_000; n++) {
    tick(100);
    now += 100;
    if (n === 9000) {
      doneBefore = (n - 1) * 1_000_000;
      inRun = progress.begin('ABC00012', total - doneBefore);
    }
    const doneBytes = n * 1_000_000 - doneBefore;
    const source = n < 9000 ? 'http://dp1.contoso.com' : 'http://dp2.contoso.com';
    yield {
      ...{ kind: 'advanced', stage: 'transfer', subject: 'ABC00012', doneBytes, source },
      ...{ totalBytes: total - doneBefore, run: inRun(doneBytes) },
    };
  }
}

test('the log for people gets a line every ten seconds, the one for machines one a second and the end', async () => {
  let now = 0;
  const clock = { now: () => new Date(now), ticks: () => now };
  const logs = openLogFiles(ground, { clock, redact: makeRedact(), version: '1' });
  for (const advanced of halfAnHour(ms => {
    now += ms;
  }))
    logs.observe(advanced);
  logs.close();
  const trace = (await readFile(path.join(ground, 'prestage.log'), 'utf8')).trim().split('\n');
  expect(trace.length).toBeGreaterThan(170);
  expect(trace.length).toBeLessThanOrEqual(180);
  expect(trace[90]).toMatch(
    /^<!\[LOG\[Fetching content ABC00012: 50 %, 8\.5 of 16\.8 GB, 9\.5 MB\/s, 15 min left, from http:\/\/dp2\.contoso\.com\]LOG\]!>/,
  );
  const events = (await readFile(path.join(ground, 'events.ndjson'), 'utf8'))
    .trim()
    .split('\n')
    .map(line => JSON.parse(line));
  expect(events.length).toBeGreaterThan(1700);
  expect(events.length).toBeLessThanOrEqual(1801);
  expect(events.at(-1)).toMatchObject({
    ...{ kind: 'advanced', subject: 'ABC00012', source: 'http://dp2.contoso.com' },
    run: { item: { number: 1, of: 1 }, doneBytes: 18_000_000_000, bytesPerSecond: 10_000_000 },
  });
});

test('on a terminal of 80 columns the line never falls, also over a retry and another source, and never ends a line', () => {
  let now = 0;
  const clock = { now: () => new Date(now), ticks: () => now };
  let text = '';
  const write = (part: string): void => {
    text += part;
  };
  const screen = openScreen({ write, clock, redact: makeRedact(), columns: 80 });
  for (const advanced of halfAnHour(ms => {
    now += ms;
  }))
    screen.observe(advanced);
  const lines = text.split('\r').slice(1);
  expect(text).not.toContain('\n');
  expect(lines.length).toBeGreaterThan(8000);
  expect([...new Set(lines.map(line => line.length))]).toEqual([79]);
  const percents = lines.map(line => Number(/: (\d+) %/.exec(line)?.[1]));
  expect(percents).toEqual(percents.toSorted((a, b) => a - b));
  expect(percents.at(-1)).toBe(100);
  expect(lines.slice(0, 9).filter(line => line.includes('left'))).toEqual([]);
  expect(lines.slice(10, -2).filter(line => !line.includes('left'))).toEqual([]);
});
