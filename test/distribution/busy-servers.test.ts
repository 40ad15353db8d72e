// A server that wants to be left alone: waited for as long as there is patience, set aside for as long as it asks where there is not.
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { tellSources } from '../../agent/commands/deployment/tell-sources.ts';
import { acquire } from '../../agent/distribution/acquire.ts';
import { openSource } from '../../agent/distribution/open-source.ts';
import type { Source } from '../../agent/distribution/source.ts';
import { openSourceHealth } from '../../agent/distribution/source-health.ts';
import { Fault } from '../../agent/fault/fault.ts';
import { systemClock } from '../../agent/progress/clock.ts';
import { acquireWorld, filesBelow, publishItem } from '../support/content-kit.ts';
import { type MisbehavingServer, startMisbehavingServer } from '../support/misbehaving-server.ts';
import { faultOf, impatient } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';

const ground = tempFolder('busy-servers');

async function busyServer(dp: string, retryAfter: string, busyRequests: number): Promise<MisbehavingServer> {
  const server = await startMisbehavingServer({
    files: new Map(Object.entries(await filesBelow(dp))),
    behave: ({ number }) =>
      number < busyRequests
        ? { kind: 'status', status: 503, headers: { 'retry-after': retryAfter } }
        : undefined,
  });
  onTestFinished(() => server.close());
  return server;
}

function open(
  url: string,
  longestWaitMs: number,
  priority = 1,
  onPause: (fault: Fault, waitMs: number) => void = () => {},
): Source {
  const settings = { ...impatient, longestWaitMs };
  const effects = { settings, clock: systemClock, random: () => 0.5, onPause };
  const source = openSource({ url, priority }, effects);
  onTestFinished(() => source.close());
  return source;
}

async function published(name: string) {
  const dp = path.join(ground, name, 'dp');
  const volume = path.join(ground, name, 'volume');
  await mkdir(volume, { recursive: true });
  return { dp, volume, item: await publishItem(dp, { 'a.txt': Buffer.from('one of two') }) };
}

test('a pause within the patience is waited for, in full, and told', async () => {
  const { dp, volume, item } = await published('short');
  const server = await busyServer(dp, '1', 1);
  const begun = performance.now();
  const told: string[] = [];
  const words = tellSources(event => void told.push(event.kind === 'note' ? event.text : ''), systemClock);
  const onPause = (fault: Fault, waitMs: number): void => {
    // Of the connections that wait together one is told.
    for (let connection = 0; connection < 4; connection++) words.pauses(server.url, fault, waitMs);
  };
  await acquire(item, acquireWorld(volume, [open(server.url, 2000, 1, onPause)]));
  expect(performance.now() - begun).toBeGreaterThan(990);
  expect(server.requests).toHaveLength(2);
  expect(told).toEqual([expect.stringMatching(/^http:\S+ is asked again in 1 s: NET-04 /)]);
  words.pauses(server.url, new Fault('NET-01', 'dp'), 999);
  expect(told).toHaveLength(1);
});

test('of a server that asks for more, the next one is asked at once, and it is left alone as long as it asked', async () => {
  const { dp, volume, item } = await published('long');
  const busy = await busyServer(dp, '120', Number.POSITIVE_INFINITY);
  const good = await busyServer(dp, '1', 0);
  const health = openSourceHealth(systemClock);
  const sources = [open(busy.url, 2000), open(good.url, 2000, 2)];
  const { bySource } = await acquire(item, acquireWorld(volume, sources, { health }));
  expect(bySource).toEqual({ [good.url]: 10 });
  expect(busy.requests).toHaveLength(1);
  const [aside] = health.setAside();
  expect(aside?.fault).toMatchObject({ code: 'NET-04', detail: { status: 503, retryAfterMs: 120_000 } });
  expect((aside?.untilMs ?? 0) - systemClock.ticks()).toBeGreaterThan(100_000);
  expect(health.ranks(sources, 'other').map(rank => rank.map(({ name }) => name))).toEqual([
    [good.url],
    [busy.url],
  ]);
});

test('where it is the only one, its fault says how long it asked for', async () => {
  const { dp, volume, item } = await published('only');
  const busy = await busyServer(dp, '120', Number.POSITIVE_INFINITY);
  const fault = await faultOf(acquire(item, acquireWorld(volume, [open(busy.url, 2000)])));
  expect(fault.code).toBe('CONTENT-01');
  expect(fault.cause).toMatchObject({ code: 'NET-04', detail: { retryAfterMs: 120_000 } });
});
