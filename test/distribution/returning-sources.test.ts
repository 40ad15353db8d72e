// A source that failed for a moment gets its work back when it answers again, and nobody waits for it meanwhile.
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { cacheLayout } from '../../agent/content/layout.ts';
import { acquire } from '../../agent/distribution/acquire.ts';
import { openSourceChoice } from '../../agent/distribution/source-choice.ts';
import { openSourceHealth } from '../../agent/distribution/source-health.ts';
import { Fault } from '../../agent/fault/fault.ts';
import { type Clock, systemClock } from '../../agent/progress/clock.ts';
import type { ProgressEvent } from '../../agent/progress/event.ts';
import { acquireWorld, differences, type Files, filesBelow, publishItem } from '../support/content-kit.ts';
import {
  type Misbehaviour,
  type SeenRequest,
  startMisbehavingServer,
} from '../support/misbehaving-server.ts';
import { seeded } from '../support/seeded.ts';
import { faultOf, openTestSource } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';

const ground = tempFolder('returning-sources');
const { bytes: noise } = seeded(21);
const many: Files = Object.fromEntries(Array.from({ length: 160 }, (_, n) => [`${n}.bin`, noise(20_000)]));

/** Half a minute of being left alone takes a third of a second. */
const hurried: Clock = { ...systemClock, ticks: () => systemClock.ticks() * 100 };
const slowly: Misbehaviour = { kind: 'trickle', pieceBytes: 2000, everyMs: 10 };
const down: Misbehaviour = { kind: 'status', status: 503 };

const isContent = ({ path: name }: SeenRequest): boolean => name.includes('/files/');
/** A look at whether it is back asks for one byte. */
const isLook = ({ range }: SeenRequest): boolean => range === 'bytes=0-0';

/** A near point and a far one, of which the far one is slow. */
async function ready(
  play: string,
  near: (request: SeenRequest) => Misbehaviour | undefined,
  far: (request: SeenRequest) => Misbehaviour | undefined = () => slowly,
) {
  const dp = path.join(ground, play, 'dp');
  const volume = path.join(ground, play, 'volume');
  await mkdir(volume, { recursive: true });
  const item = await publishItem(dp, many);
  const files = new Map(Object.entries(await filesBelow(dp)));
  const servers = {
    near: await startMisbehavingServer({ files, behave: near }),
    far: await startMisbehavingServer({
      files,
      behave: request => (isContent(request) ? far(request) : undefined),
    }),
  };
  // By names of their own: two sources on one server share its connections.
  const sources = [
    openTestSource(servers.near.url, { priority: 1 }),
    openTestSource(servers.far.url.replace('127.0.0.1', 'localhost'), { priority: 2 }),
  ] as const;
  for (const each of [...sources, ...Object.values(servers)]) onTestFinished(() => each.close());
  const told: ProgressEvent[] = [];
  const world = acquireWorld(volume, sources, {
    health: openSourceHealth(hurried),
    observe: event => told.push(event),
  });
  const notes = () => told.flatMap(event => (event.kind === 'note' ? [event.text] : []));
  const asked = (name: keyof typeof servers): number =>
    servers[name].requests.filter(request => isContent(request) && !isLook(request)).length;
  const whole = async () => differences(await filesBelow(cacheLayout(volume).item('ABC00012')), many);
  return { item, world, sources, servers, notes, asked, whole };
}

test('the nearer one is down for a moment: the farther one serves until it is back, and no longer', async () => {
  let served = 0;
  const { item, world, sources, notes, asked, whole } = await ready(
    'moment',
    request => (isContent(request) && served < 8 ? down : undefined),
    () => {
      served++;
      return slowly;
    },
  );
  const { bySource } = await acquire(item, world);
  expect(await whole()).toEqual([]);
  expect(notes()).toContain(`${sources[0].name} answers again: what is left is fetched from it.`);
  expect(asked('far')).toBeLessThan(100);
  expect(bySource[sources[0].name]).toBeGreaterThan(60 * 20_000);
});

test('one that was set aside before the item began gets its work as well', async () => {
  const { item, world, sources, asked, whole } = await ready('before', () => undefined);
  world.health?.failed(
    sources[0],
    'other',
    await faultOf(openTestSource('/nowhere').readDocument('a', { maxBytes: 1 })),
  );
  await acquire(item, world);
  expect(await whole()).toEqual([]);
  expect(asked('far')).toBeGreaterThan(0);
  expect(asked('near')).toBeGreaterThan(60);
});

test('the farther one fails for good when the nearer one is back: the item becomes whole', async () => {
  let served = 0;
  const { item, world, whole } = await ready(
    'turn',
    request => (isContent(request) && served < 8 ? down : undefined),
    () => (++served > 60 ? { kind: 'status', status: 500 } : slowly),
  );
  await acquire(item, world);
  expect(await whole()).toEqual([]);
});

test('one that stays away is looked at beside the work, a byte at a time', async () => {
  const { item, world, servers, asked, whole } = await ready('away', request =>
    isContent(request) ? down : undefined,
  );
  await acquire(item, world);
  expect(await whole()).toEqual([]);
  expect(asked('far')).toBe(160);
  const looks = servers.near.requests.filter(isLook).length;
  expect(looks).toBeGreaterThan(0);
  expect(looks).toBeLessThan(20);
});

test('one that answers and gives no file does not keep the item from becoming whole', async () => {
  const { item, world, whole } = await ready('hollow', request =>
    isContent(request) && !isLook(request) ? down : undefined,
  );
  await acquire(item, world);
  expect(await whole()).toEqual([]);
});

test.each<[string, Misbehaviour]>([
  ['lied', { kind: 'corrupt', offset: 7 }],
  ['wants another account, which asking again and again would lock', { kind: 'status', status: 401 }],
])('one that %s is not looked at', async (_, wrong) => {
  const { item, world, servers, whole } = await ready(wrong.kind, request =>
    isContent(request) ? wrong : undefined,
  );
  await acquire(item, world);
  expect(await whole()).toEqual([]);
  expect(servers.near.requests.filter(isLook)).toEqual([]);
});

test('one that was set aside before the item began and does not answer a look is asked all the same when nobody else has it', async () => {
  let looks = 0;
  const { item, world, sources, whole } = await ready(
    'doubtful',
    request => (isLook(request) && ++looks > 0 ? down : undefined),
    request => (request.path.endsWith('159.bin') ? { kind: 'status', status: 404 } : slowly),
  );
  world.health?.failed(sources[0], 'other', new Fault('NET-01', sources[0].name));
  await acquire(item, world);
  expect(looks).toBeGreaterThan(0);
  expect(await whole()).toEqual([]);
});

test('a farther one that failed long ago gets another try when the nearer one has given what it has', async () => {
  let served = 0;
  const { item, world, whole } = await ready(
    'farther',
    request => {
      if (request.path.endsWith('159.bin')) return { kind: 'status', status: 404 };
      if (isContent(request)) served++;
      return isContent(request) ? slowly : undefined;
    },
    () => (served < 5 ? down : undefined),
  );
  // So that the farther one is asked first, and fails.
  world.health?.failed(world.sources[0]!, 'other', new Fault('NET-01', 'near'));
  await acquire(item, world);
  expect(await whole()).toEqual([]);
});

test('a lie counts whenever it is seen, also when the source had failed before', () => {
  const source = openTestSource('http://dp.invalid');
  const choice = openSourceChoice('ABC00012', [source], openSourceHealth({ ...systemClock, ticks: () => 0 }));
  choice.failed(source, new Fault('NET-05', source.name));
  choice.failed(source, new Fault('NET-07', source.name));
  expect(choice.returned(source)).toBe(false);
  expect(choice.remaining()).toEqual([]);
  expect(choice.awaited([openTestSource('http://far.invalid')], new Set())).toEqual([]);
  expect(choice.exhausted().cause).toMatchObject({ code: 'NET-07' });
});

test('when all are away the item ends at once, as it does with one', async () => {
  const { item, world, servers } = await ready(
    'all',
    request => (isContent(request) ? down : undefined),
    () => down,
  );
  expect((await faultOf(acquire(item, world))).code).toBe('CONTENT-01');
  expect(servers.near.requests.filter(isLook)).toEqual([]);
});
