// A limited run from outside: how long real transfers take, over worker threads, several sources and shares.
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { spawnWorker } from '../../agent/content/spawn-worker.ts';
import { openThreadPool } from '../../agent/content/thread-pool.ts';
import { acquire } from '../../agent/distribution/acquire.ts';
import { allDay } from '../../agent/distribution/bandwidth.ts';
import { openBandwidthAccount } from '../../agent/distribution/bandwidth-throttle.ts';
import { openSource } from '../../agent/distribution/open-source.ts';
import type { Source } from '../../agent/distribution/source.ts';
import type { TransferSettings } from '../../agent/distribution/transfer-settings.ts';
import { systemClock } from '../../agent/progress/clock.ts';
import { unobserved } from '../../agent/progress/event.ts';
import { serveFolder } from '../../agent/server/serve-folder.ts';
import { acquireWorld, differences, type Files, filesBelow, publishItem } from '../support/content-kit.ts';
import { seeded } from '../support/seeded.ts';
import { faultOf, impatient } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';

const ground = tempFolder('bandwidth');
const { bytes: noise } = seeded(11);
let plays = 0;

const limitedTo = (bytesPerSecond: number): TransferSettings => ({
  ...impatient,
  bandwidth: { windows: allDay(bytesPerSecond), account: openBandwidthAccount() },
});

function open(url: string, settings: TransferSettings, priority = 1): Source {
  const source = openSource({ url, priority }, { settings, clock: systemClock, random: () => 0.5 });
  onTestFinished(() => source.close());
  return source;
}

async function serve(folder: string): Promise<string> {
  const server = await serveFolder({ folder, port: 0, host: '127.0.0.1', observe: unobserved });
  onTestFinished(() => server.close());
  return server.url;
}

async function freshGround(files: Files) {
  plays++;
  const dp = path.join(ground, `${plays}/dp`);
  const volume = path.join(ground, `${plays}/volume`);
  await mkdir(volume, { recursive: true });
  const { reference, manifest } = await publishItem(dp, files);
  return { dp, volume, request: { reference, manifest } };
}

/** Acquires, proves that the item is whole, and answers how long it took. */
async function secondsToAcquire(
  { volume, request }: Awaited<ReturnType<typeof freshGround>>,
  sources: readonly Source[],
  more: Parameters<typeof acquireWorld>[2],
  files: Files,
): Promise<number> {
  const world = acquireWorld(volume, sources, more);
  const begun = performance.now();
  await acquire(request, world);
  const seconds = (performance.now() - begun) / 1000;
  expect(differences(await filesBelow(world.layout.item(request.reference.id)), files)).toEqual([]);
  return seconds;
}

test('two servers together bring no more than the limit', async () => {
  const files = { 'a.bin': noise(2_000_000), ...Object.fromEntries(small(20, 50_000)) };
  const place = await freshGround(files);
  const settings = limitedTo(1_000_000);
  const sources = [open(await serve(place.dp), settings), open(await serve(place.dp), settings)];
  // 3 MB, of which a tenth of a second's worth comes at once.
  expect(await secondsToAcquire(place, sources, { settings }, files)).toBeGreaterThan(2.7);
});

test('worker threads draw on the same account', async () => {
  const files = { 'install.wim': noise(40_000_000) };
  const place = await freshGround(files);
  const settings = limitedTo(16_000_000);
  const pool = openThreadPool({ size: 2, spawn: spawnWorker });
  onTestFinished(() => pool.close());
  const sources = [open(await serve(place.dp), settings)];
  expect(await secondsToAcquire(place, sources, { settings, pool }, files)).toBeGreaterThan(2.3);
});

test('a share is limited, a disk of this machine is not', async () => {
  const files = { 'a.bin': noise(600_000) };
  const place = await freshGround(files);
  const settings = limitedTo(400_000);
  // Outside of Windows the address of a share is a name like any other.
  const before = process.cwd();
  process.chdir(path.join(ground, `${plays}`));
  onTestFinished(() => process.chdir(before));
  const share = '\\\\fileserver\\depot$';
  const shared = { ...place, ...(await publishItem(`${share}`, files)) };
  expect(await secondsToAcquire(shared, [open(share, settings)], { settings }, files)).toBeGreaterThan(1.3);

  const other = await freshGround(files);
  const account = settings.bandwidth?.account ?? expect.unreachable();
  const untouched = new BigInt64Array(account)[0];
  await secondsToAcquire(other, [open(other.dp, settings)], { settings }, files);
  expect(new BigInt64Array(account)[0]).toBe(untouched);
});

test('a run that waits for its turn stops on request', async () => {
  const place = await freshGround({ 'a.bin': noise(3_000_000) });
  const settings = limitedTo(100_000);
  const stop = new AbortController();
  const stopped = acquire(
    place.request,
    acquireWorld(place.volume, [open(await serve(place.dp), settings)], { settings, signal: stop.signal }),
  );
  setTimeout(() => stop.abort(), 300);
  expect((await faultOf(stopped)).code).toBe('STOP-01');
});

function small(count: number, bytes: number): readonly (readonly [string, Uint8Array])[] {
  return Array.from({ length: count }, (_, n) => [`small/${n}.dat`, noise(bytes)] as const);
}
