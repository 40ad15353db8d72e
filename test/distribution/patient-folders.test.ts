// Folders and shares that come and go: what was there is waited for, what never was is not; and how much is asked for at a time follows how long it takes.
import { mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openSource } from '../../agent/distribution/open-source.ts';
import { openReadPace } from '../../agent/distribution/read-pace.ts';
import type { Source } from '../../agent/distribution/source.ts';
import { defaultTransferSettings } from '../../agent/distribution/transfer-settings.ts';
import { systemClock } from '../../agent/progress/clock.ts';
import { faultOf, impatient, readAll } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';

const ground = tempFolder('patient-folders');
const bytes = Buffer.alloc(300_000, 'x');
const whole = { expectedSize: bytes.length };

async function ready(play: string): Promise<{ folder: string; source: Source; waits: () => number }> {
  const folder = path.join(ground, play);
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'f'), bytes);
  let waits = 0;
  const source = openSource(
    { url: folder, priority: 1 },
    {
      settings: { ...impatient, retryDelayMs: 400 },
      clock: systemClock,
      random: () => {
        waits++;
        return 0.99;
      },
    },
  );
  return { folder, source, waits: () => waits };
}

test.each(['document', 'file'] as const)(
  'a %s of a folder that is gone for a moment is waited for',
  async kind => {
    const { folder, source, waits } = await ready(`moment-${kind}`);
    const read = () =>
      kind === 'document'
        ? source.readDocument('f', { maxBytes: bytes.length })
        : readAll(source, 'f', whole);
    await read();
    await rename(folder, `${folder}.away`);
    const again = read();
    await wait(200);
    await rename(`${folder}.away`, folder);
    expect(await again).toHaveLength(bytes.length);
    expect(waits()).toBe(1);
  },
);

test('settings are asked for when they are needed: they are not all known when a run opens its sources, and may change', async () => {
  const { folder } = await ready('live');
  let isReady = false;
  let retryCount = 0;
  const settings = {
    ...impatient,
    get longestWaitMs(): number {
      if (!isReady) throw new Error('asked too early');
      return 1000;
    },
    get retryCount() {
      return retryCount;
    },
  };
  let waits = 0;
  const random = (): number => waits++;
  const source = openSource({ url: folder, priority: 1 }, { settings, clock: systemClock, random });
  isReady = true;
  await readAll(source, 'f', whole);
  await rename(folder, `${folder}.away`);
  await faultOf(readAll(source, 'f', whole));
  expect(waits).toBe(0);
  retryCount = 1;
  await faultOf(readAll(source, 'f', whole));
  expect(waits).toBe(1);
});

test('one that was never there is not: nobody waits for a stick that is not plugged in', async () => {
  const { folder, source, waits } = await ready('never');
  await rename(folder, `${folder}.away`);
  expect((await faultOf(readAll(source, 'f', whole))).code).toBe('NET-01');
  expect(waits()).toBe(0);
});

test('one that stays away is given up', async () => {
  const { folder, source, waits } = await ready('stays');
  await readAll(source, 'f', whole);
  await rename(folder, `${folder}.away`);
  expect((await faultOf(readAll(source, 'f', whole))).code).toBe('NET-01');
  expect(waits()).toBe(impatient.retryCount);
});

test('a file that is not in it is not waited for', async () => {
  const { source, waits } = await ready('absent');
  await readAll(source, 'f', whole);
  expect((await faultOf(readAll(source, 'g', whole))).code).toBe('NET-02');
  expect(waits()).toBe(0);
});

/** How long each read may take at most, where a line brings so many bytes a second. */
async function longestRead(bytesPerSecond: number, reads: number): Promise<number> {
  let now = 0;
  const pace = openReadPace(defaultTransferSettings, { ticks: () => now });
  let longestMs = 0;
  for (let read = 0; read < reads; read++) {
    const tookMs = (pace.bytes() / bytesPerSecond) * 1000;
    await pace.run(async () => {
      now += tookMs;
    });
    longestMs = Math.max(longestMs, tookMs);
  }
  return longestMs;
}

test.each([1024, 5000, 35_000, 200_000, 2_000_000])(
  'a share of %d bytes per second is not taken for a dead one',
  async bytesPerSecond => {
    expect(await longestRead(bytesPerSecond, 100)).toBeLessThan(defaultTransferSettings.stallTimeoutMs);
  },
);

test('a quick one is asked for a megabyte at a time', async () => {
  const pace = openReadPace(defaultTransferSettings, { ticks: () => 0 });
  for (let read = 0; read < 10; read++) await pace.run(async () => {});
  expect(pace.bytes()).toBe(1024 * 1024);
});
