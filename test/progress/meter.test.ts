// Rate and remaining time as a person sees them, on a clock of the test's own.
import { expect, test } from 'vitest';
import { makeMeter, type Reading } from '../../agent/progress/meter.ts';
import { seeded } from '../support/seeded.ts';

/** Reads `bytes(n)` more every `everyMs`; answers all readings. */
function follow(
  readings: number,
  everyMs: number,
  totalBytes: number,
  bytes: (n: number) => number,
): readonly Reading[] {
  let now = 5000;
  let done = 0;
  const meter = makeMeter({ ticks: () => now });
  return Array.from({ length: readings }, (_, n) => {
    now += everyMs;
    done += bytes(n);
    return meter.read(done, totalBytes);
  });
}

test('the remaining time is not told in the first two seconds, and is right when it is', () => {
  const readings = follow(100, 100, 10_000_000, () => 100_000);
  const untold = readings.filter(({ remainingSeconds }) => remainingSeconds === undefined).length;
  expect(untold).toBe(20); // 19 too early, and the last, which is the end
  expect(readings[19]).toEqual({ percent: 20, bytesPerSecond: 1_000_000, remainingSeconds: 8 });
  expect(readings.at(-1)).toEqual({ percent: 100, bytesPerSecond: 1_000_000 });
});

test('an uneven line does not make the remaining time jump', () => {
  // Each step brings nothing, or up to twice the mean.
  const { next } = seeded(3);
  const told = follow(600, 100, 100_000_000, () => (next() < 0.3 ? 0 : 200_000 * next()))
    .slice(100)
    .map(({ remainingSeconds }) => remainingSeconds ?? 0);
  const jumps = told.slice(1).map((seconds, n) => Math.abs(seconds - (told[n] ?? 0)) / seconds);
  expect(Math.max(...jumps)).toBeLessThan(0.03);
});

test('a stall shows in the rate within a few seconds, and the remaining time grows', () => {
  const readings = follow(200, 100, 100_000_000, n => (n < 100 ? 100_000 : 0));
  expect(readings[99]?.bytesPerSecond).toBe(1_000_000);
  expect(readings[150]?.bytesPerSecond).toBeLessThan(250_000);
  expect(readings.at(-1)?.remainingSeconds).toBeGreaterThan(readings[99]?.remainingSeconds ?? 0);
});

test('a pause between two pieces of work is neither in the rate nor in the remaining time', () => {
  let now = 0;
  const meter = makeMeter({ ticks: () => now });
  for (let done = 0; done <= 4_000_000; done += 500_000) {
    now += 500;
    meter.read(done, 8_500_000);
  }
  now += 600_000;
  meter.resume();
  now += 500;
  const { bytesPerSecond, remainingSeconds = 0 } = meter.read(4_500_000, 8_500_000);
  expect(bytesPerSecond).toBeGreaterThan(900_000);
  expect(remainingSeconds).toBeGreaterThanOrEqual(4);
  expect(remainingSeconds).toBeLessThan(7);
});

test('never more than all is done, and what is done never falls', () => {
  let now = 0;
  const meter = makeMeter({ ticks: () => now });
  const percents = [0, 90, 10, 150, 120].map(done => {
    now += 1000;
    return meter.read(done, 100).percent;
  });
  expect(percents).toEqual([0, 90, 90, 100, 100]);
});
