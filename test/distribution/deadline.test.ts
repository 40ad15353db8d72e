// When the time for transfers is over: named, with what is proven kept, and nothing fetched twice by the run that goes on.
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { acquire } from '../../agent/distribution/acquire.ts';
import { allDay } from '../../agent/distribution/bandwidth.ts';
import { openBandwidthAccount } from '../../agent/distribution/bandwidth-throttle.ts';
import { openDeadline } from '../../agent/distribution/deadline.ts';
import { fetchManifest } from '../../agent/distribution/fetch-manifest.ts';
import { openSource } from '../../agent/distribution/open-source.ts';
import { exitCodeOf } from '../../agent/fault/catalogue.ts';
import { systemClock } from '../../agent/progress/clock.ts';
import { unobserved } from '../../agent/progress/event.ts';
import { serveFolder } from '../../agent/server/serve-folder.ts';
import { acquireWorld, differences, filesBelow, layItem, publishItem } from '../support/content-kit.ts';
import { startMisbehavingServer } from '../support/misbehaving-server.ts';
import { seeded } from '../support/seeded.ts';
import { faultOf, impatient, openTestSource } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';

const ground = tempFolder('deadline');
const files = { 'install.wim': seeded(13).bytes(6_000_000), 'read me.txt': Buffer.from('read me') };

async function ready(play: string) {
  const dp = path.join(ground, play, 'dp');
  const volume = path.join(ground, play, 'volume');
  await mkdir(volume, { recursive: true });
  const item = await publishItem(dp, files);
  const server = await serveFolder({ folder: dp, port: 0, host: '127.0.0.1', observe: unobserved });
  onTestFinished(() => server.close());
  const bandwidth = { windows: allDay(1_000_000), account: openBandwidthAccount() };
  const settings = { ...impatient, stallTimeoutMs: 5000, bandwidth };
  const slow = openSource(
    { url: server.url, priority: 1 },
    { settings, clock: systemClock, random: () => 0.5 },
  );
  const quick = openTestSource(server.url);
  for (const source of [slow, quick]) onTestFinished(() => source.close());
  return { item, volume, settings, slow, quick };
}

test('transfers stop at the deadline under its name; what came before is kept, and only the rest is fetched later', async () => {
  const { item, volume, settings, slow, quick } = await ready('over');
  const deadline = openDeadline(2.5 / 60);
  const fault = await faultOf(acquire(item, acquireWorld(volume, [slow], { settings, deadline })));
  expect(fault).toMatchObject({
    code: 'STOP-03',
    subject: 'ABC00012',
    detail: { deadlineMinutes: 2.5 / 60 },
  });
  expect(exitCodeOf(fault.code)).toBe(4);

  const world = acquireWorld(volume, [quick]);
  const { presentBytes, fetchedBytes } = await acquire(item, world);
  expect(presentBytes).toBeGreaterThan(500_000);
  expect(presentBytes + fetchedBytes).toBe(6_000_007);
  expect(differences(await filesBelow(world.layout.item('ABC00012')), files)).toEqual([]);
});

test.each([
  ['chunk indexes', '.chunks'],
  ['the manifest', '/manifest'],
])('it holds for %s as well, whatever patience the settings have', async (_, name) => {
  const dp = path.join(ground, name, 'dp');
  const volume = path.join(ground, name, 'volume');
  await mkdir(volume, { recursive: true });
  const item = await publishItem(dp, files);
  const server = await startMisbehavingServer({
    files: new Map(Object.entries(await filesBelow(dp))),
    behave: ({ path: asked }) =>
      asked.includes(name) ? { kind: 'status', status: 503, headers: { 'retry-after': '3' } } : undefined,
  });
  const settings = { ...impatient, retryCount: 20, retryDelayMs: 10_000 };
  const source = openSource(
    { url: server.url, priority: 1 },
    { settings, clock: systemClock, random: () => 0.5 },
  );
  for (const each of [source, server]) onTestFinished(() => each.close());
  const world = acquireWorld(volume, [source], { settings, deadline: openDeadline(1 / 60) });
  const work = name === '.chunks' ? acquire(item, world) : fetchManifest(item.reference, world);
  expect(await faultOf(work)).toMatchObject({ code: 'STOP-03', subject: 'ABC00012' });
});

test('after the deadline an item that lies whole on the machine is still finished', async () => {
  const { item, volume, slow } = await ready('local');
  const deadline = { minutes: 1, signal: AbortSignal.abort() };
  const world = acquireWorld(volume, [slow], { deadline });
  await layItem(world.layout, item);
  expect(await acquire(item, world)).toMatchObject({ presentBytes: 6_000_007, fetchedBytes: 0 });
});

test('a person who stops the run first is told that, not of the deadline', async () => {
  const { item, volume, settings, slow } = await ready('stopped');
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 300);
  const world = acquireWorld(volume, [slow], {
    settings,
    deadline: openDeadline(10 / 60),
    signal: stop.signal,
  });
  expect((await faultOf(acquire(item, world))).code).toBe('STOP-01');
});

test.each([8.2, 4.35, 0.001])('may be a fraction of minutes: %d', minutes => {
  expect(openDeadline(minutes).signal.aborted).toBe(false);
});
