// How much of the network a run takes: by the time of day, over all its threads and sources, as a server sees it.
import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { allDay, connectionsWithin, limitAt, minuteOf } from '../../agent/distribution/bandwidth.ts';
import {
  openBandwidthAccount,
  readWithin,
  takeBandwidth,
} from '../../agent/distribution/bandwidth-throttle.ts';
import { systemClock } from '../../agent/progress/clock.ts';

const at = (time: string): Date => new Date(`2026-11-27T${time}:00`);
const worldWith = (bytesPerSecond: number, clock = systemClock) => ({
  settings: { bandwidth: { windows: allDay(bytesPerSecond), account: openBandwidthAccount() } },
  clock,
});
async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return (performance.now() - begun) / 1000;
}

test('the limit is the lowest of those in force, also over midnight, and none outside of them', () => {
  const windows = [
    { fromMinute: minuteOf('08:00'), toMinute: minuteOf('17:00'), bytesPerSecond: 1_000_000 },
    { fromMinute: minuteOf('12:00'), toMinute: minuteOf('13:00'), bytesPerSecond: 500_000 },
    { fromMinute: minuteOf('23:00'), toMinute: minuteOf('01:30'), bytesPerSecond: 2_000_000 },
  ];
  const times = ['07:59', '08:00', '12:30', '16:59', '17:00', '22:59', '23:00', '00:00', '01:29', '01:30'];
  const [none, day, noon, night] = [undefined, 1_000_000, 500_000, 2_000_000];
  expect(times.map(time => limitAt(windows, at(time)))).toEqual([
    ...[none, day, noon, day, none, none, night, night, night, none],
  ]);
  expect(limitAt(allDay(8000), at('23:59'))).toBe(8000);
  const evening = [{ fromMinute: minuteOf('20:00'), toMinute: minuteOf('24:00'), bytesPerSecond: 9000 }];
  expect(['23:59', '00:00'].map(time => limitAt(evening, at(time)))).toEqual([9000, undefined]);
});

test('under a low limit fewer connections share it, at least one', () => {
  expect([8000, 300_000, 10_000_000].map(limit => connectionsWithin(allDay(limit), 4))).toEqual([1, 2, 4]);
});

test('whoever takes first goes first, and all together keep to the limit', async () => {
  const world = worldWith(200_000);
  const order: number[] = [];
  const seconds = await secondsOf(() =>
    Promise.all(
      Array.from({ length: 30 }, async (_, number) => {
        await takeBandwidth(10_000, world);
        order.push(number);
      }),
    ),
  );
  // 300,000 bytes, of which a tenth of a second's worth is free at the beginning.
  expect(seconds).toBeGreaterThan(1.3);
  expect(order.indexOf(29)).toBeGreaterThan(order.indexOf(5));
});

test('a pause saves up no more than a tenth of a second', async () => {
  const world = worldWith(100_000);
  await takeBandwidth(1000, world);
  await wait(700);
  expect(await secondsOf(() => takeBandwidth(60_000, world))).toBeGreaterThan(0.4);
});

test('outside of the hours nothing is held up, and nothing is owed for it afterwards', async () => {
  let now = at('18:00');
  const windows = [{ fromMinute: minuteOf('08:00'), toMinute: minuteOf('17:00'), bytesPerSecond: 8000 }];
  const world = {
    settings: { bandwidth: { windows, account: openBandwidthAccount() } },
    clock: { now: () => now },
  };
  expect(await secondsOf(() => takeBandwidth(1_000_000_000, world))).toBeLessThan(10);
  expect(readWithin(world)).toBe(Number.POSITIVE_INFINITY);
  now = at('16:00');
  expect(await secondsOf(() => takeBandwidth(800, world))).toBeLessThan(10);
  expect(readWithin(world)).toBe(16 * 1024);
});

test('whoever waits is called off at once', async () => {
  const world = worldWith(8000);
  const stop = new AbortController();
  const waiting = takeBandwidth(8_000_000, world, stop.signal);
  stop.abort();
  await expect(waiting).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }));
});
