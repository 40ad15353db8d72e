// Several sources for one item: the nearest first, equals together; one that fails or lies is left out and told, and nothing is asked for twice.
import { mkdir, open } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tellSources } from '../../agent/commands/deployment/tell-sources.ts';
import { viewChunkIndex } from '../../agent/content/chunk-index.ts';
import { cacheLayout } from '../../agent/content/layout.ts';
import { acquire } from '../../agent/distribution/acquire.ts';
import { openSource } from '../../agent/distribution/open-source.ts';
import type { Source, SourceAddress } from '../../agent/distribution/source.ts';
import { openSourceHealth, type SetAside } from '../../agent/distribution/source-health.ts';
import type { Clock } from '../../agent/progress/clock.ts';
import { systemClock } from '../../agent/progress/clock.ts';
import type { ProgressEvent } from '../../agent/progress/event.ts';
import {
  acquireWorld,
  differences,
  type Files,
  filesBelow,
  type PublishedItem,
  publishItem,
} from '../support/content-kit.ts';
import {
  type MisbehavingServer,
  type Misbehaviour,
  type SeenRequest,
  startMisbehavingServer,
} from '../support/misbehaving-server.ts';
import { seeded } from '../support/seeded.ts';
import { faultOf, impatient, openTestSource } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';

const ground = tempFolder('several-sources');
const { bytes: noise } = seeded(12);
const many: Files = Object.fromEntries(
  Array.from({ length: 120 }, (_, n) => [`folder/${n}.bin`, noise(20_000)]),
);
const large: Files = { 'large.bin': noise(20 * 1024 * 1024) };

let plays = 0;
let dp: string;
let volume: string;
let closing: (() => Promise<void>)[] = [];
beforeEach(async () => {
  plays++;
  dp = path.join(ground, `${plays}/dp`);
  volume = path.join(ground, `${plays}/volume`);
  await mkdir(volume, { recursive: true });
});
afterEach(async () => {
  await Promise.all(closing.map(close => close()));
  closing = [];
});

async function serving(
  behave: (request: SeenRequest) => Misbehaviour | undefined = () => undefined,
): Promise<MisbehavingServer> {
  const server = await startMisbehavingServer({
    files: new Map(Object.entries(await filesBelow(dp))),
    behave,
  });
  closing.push(() => server.close());
  return server;
}

function sourceAt(url: string, more: Partial<Omit<SourceAddress, 'url'>> = {}): Source {
  const source = openTestSource(url, more);
  closing.unshift(() => source.close());
  return source;
}

const acquireFrom = (item: PublishedItem, sources: readonly Source[], more = {}) =>
  acquire(
    { reference: item.reference, manifest: item.manifest },
    { ...acquireWorld(volume, sources), ...more },
  );

const contentOf = ({ requests }: MisbehavingServer): readonly string[] =>
  requests.map(({ path: name }) => name).filter(name => name.includes('/files/'));

const isContent = ({ path: name }: SeenRequest): boolean => name.includes('/files/');

const itemFiles = (id = 'ABC00012'): Promise<Files> => filesBelow(cacheLayout(volume).item(id));

async function damageEverySecondChunk(file: string, encoded: Uint8Array): Promise<void> {
  const index = viewChunkIndex(encoded, file);
  const handle = await open(file, 'r+');
  for (let chunk = 0; chunk < index.count; chunk += 2)
    await handle.write(noise(8), 0, 8, index.offset(chunk));
  await handle.close();
}

describe('order', () => {
  it('two that are as near and as much wanted serve one item together, each file once', async () => {
    const item = await publishItem(dp, many);
    const [one, two] = [await serving(), await serving()];
    const { bySource } = await acquireFrom(item, [sourceAt(one.url), sourceAt(two.url)]);
    expect(differences(await itemFiles(), many)).toEqual([]);
    const asked = [...contentOf(one), ...contentOf(two)];
    expect(asked).toHaveLength(120);
    expect(new Set(asked).size).toBe(120);
    expect(Math.min(...Object.values(bySource))).toBeGreaterThan(100_000);
    expect(Object.keys(bySource)).toHaveLength(2);
  });

  it('one that is less wanted is not asked while the other serves', async () => {
    const item = await publishItem(dp, many);
    const [one, two] = [await serving(), await serving()];
    await acquireFrom(item, [sourceAt(two.url, { priority: 2 }), sourceAt(one.url, { priority: 1 })]);
    expect(contentOf(one)).toHaveLength(120);
    expect(two.requests).toEqual([]);
  });

  it('what is near comes before what is wanted: a disk, the own boundary, a neighbour, everybody’s', async () => {
    const item = await publishItem(dp, many);
    const [boundary, neighbour, anybody] = [await serving(), await serving(), await serving()];
    const sources = [
      sourceAt(anybody.url, { priority: 0 }),
      sourceAt(neighbour.url, { priority: 1, level: 'neighbour' }),
      sourceAt(boundary.url, { priority: 900, level: 'boundary' }),
    ];
    await acquireFrom(item, sources);
    expect([boundary, neighbour, anybody].map(server => contentOf(server).length)).toEqual([120, 0, 0]);

    const disk = sourceAt(dp, { priority: 1000 });
    const other = await publishItem(dp, { 'a.bin': noise(1000) }, { id: 'ABC00013' });
    const { bySource } = await acquireFrom(other, [...sources, disk]);
    expect(bySource).toEqual({ [disk.name]: 1000 });
  });

  it('a large file comes in parts from both, and no byte twice', async () => {
    const item = await publishItem(dp, large);
    const [one, two] = [await serving(), await serving()];
    const { fetchedBytes, bySource } = await acquireFrom(item, [sourceAt(one.url), sourceAt(two.url)]);
    expect(differences(await itemFiles(), large)).toEqual([]);
    expect(fetchedBytes).toBe(20 * 1024 * 1024);
    expect(Math.min(...Object.values(bySource))).toBeGreaterThan(1024 * 1024);
    expect(Object.keys(bySource)).toHaveLength(2);
  });
});

describe('failures', () => {
  it('when one of two dies midway the other brings the rest', async () => {
    const item = await publishItem(dp, many);
    let served = 0;
    const dying = await serving(request =>
      isContent(request) && ++served > 20 ? { kind: 'reset' } : undefined,
    );
    const good = await serving();
    const { fetchedBytes } = await acquireFrom(item, [sourceAt(dying.url), sourceAt(good.url)]);
    expect(differences(await itemFiles(), many)).toEqual([]);
    expect(fetchedBytes).toBe(120 * 20_000);
  });

  it('a file that one of two has not comes from the other', async () => {
    const item = await publishItem(dp, many);
    const lacking = await serving(({ path: name }) =>
      name.endsWith('0.bin') ? { kind: 'status', status: 404 } : undefined,
    );
    const good = await serving();
    await acquireFrom(item, [sourceAt(lacking.url), sourceAt(good.url)]);
    expect(differences(await itemFiles(), many)).toEqual([]);
  });

  it.each([
    ['first', 0],
    ['last', 1],
  ])('a file that the faster one has not comes from the slower one, asked %s', async (_, place) => {
    const item = await publishItem(dp, many);
    const lacking = sourceAt(
      (
        await serving(({ path: name }) =>
          name.endsWith('0.bin') ? { kind: 'status', status: 404 } : undefined,
        )
      ).url,
    );
    const good = sourceAt((await serving()).url);
    const health = openSourceHealth(systemClock);
    health.served(lacking, 1e9, 1);
    health.served(good, 1e6, 1);
    await acquireFrom(item, place === 0 ? [good, lacking] : [lacking, good], { health });
    expect(differences(await itemFiles(), many)).toEqual([]);
  });

  it('one that failed is set aside, which is told, and asked again later or when nobody else is left', async () => {
    const first = await publishItem(dp, many);
    const second = await publishItem(dp, { 'a.bin': noise(5000) }, { id: 'ABC00013' });
    const third = await publishItem(dp, { 'a.bin': noise(5000) }, { id: 'ABC00014' });
    const fourth = await publishItem(dp, { 'a.bin': noise(5000) }, { id: 'ABC00015' });
    let isIll = true;
    const ill = await serving(() => (isIll ? { kind: 'status', status: 500 } : undefined));
    const good = await serving();
    const told: SetAside[] = [];
    let now = 0;
    const clock: Clock = { ...systemClock, ticks: () => now };
    const health = openSourceHealth(clock, { aside: each => told.push(each), lied() {}, lacks() {} });
    const sources = [sourceAt(ill.url, { priority: 1 }), sourceAt(good.url, { priority: 2 })];

    await acquireFrom(first, sources, { health });
    expect(told.map(({ source, fault }) => [source, fault.code])).toEqual([[ill.url, 'NET-04']]);
    const asked = ill.requests.length;
    await acquireFrom(second, sources, { health });
    expect(ill.requests).toHaveLength(asked);

    isIll = false;
    await acquireFrom(third, sources.slice(0, 1), { health });
    expect(ill.requests.length).toBeGreaterThan(asked);

    isIll = true;
    now += 3_600_000;
    const before = ill.requests.length;
    await acquireFrom(fourth, sources, { health });
    expect(ill.requests.length).toBeGreaterThan(before);
    expect(told).toHaveLength(2);
  });

  it('one that lied about an item is never asked for it again, and for others is', async () => {
    const item = await publishItem(dp, { 'a.bin': noise(50_000) });
    const other = await publishItem(dp, { 'b.bin': noise(50_000) }, { id: 'ABC00013' });
    const lying = await serving(({ path: name }) =>
      name.endsWith('a.bin') ? { kind: 'corrupt', offset: 7 } : undefined,
    );
    const told: string[] = [];
    const observe = (event: ProgressEvent): void => {
      if (event.kind === 'note') told.push(`${event.level} ${event.text}`);
    };
    const health = openSourceHealth(systemClock, tellSources(observe, systemClock));
    const sources = [sourceAt(lying.url)];
    await faultOf(acquireFrom(item, sources, { health }));
    expect(told).toEqual([
      expect.stringMatching(
        /^warning http:\/\/127\.0\.0\.1:\d+ gave something else than ABC00012 is, and is not asked for it again: NET-07 .*a\.bin/s,
      ),
    ]);
    const asked = lying.requests.length;
    const again = await faultOf(acquireFrom(item, sources, { health }));
    expect(again.code).toBe('CONTENT-01');
    expect(again.cause).toMatchObject({ code: 'NET-07' });
    expect(lying.requests).toHaveLength(asked);
    await acquireFrom(other, sources, { health });
    expect(Object.keys(await itemFiles('ABC00013'))).toEqual(['b.bin']);
  });

  it('one without ranges leaves parts of a file to an equal that gives them', async () => {
    const item = await publishItem(dp, large);
    await acquireFrom(item, [sourceAt(dp)]);
    const file = path.join(cacheLayout(volume).item('ABC00012'), 'large.bin');
    await damageEverySecondChunk(file, [...item.indexes.values()][0]!);
    const plain = await serving(() => ({ kind: 'ignore-range' }));
    const good = await serving();
    const { bySource } = await acquireFrom(item, [sourceAt(plain.url), sourceAt(good.url)]);
    expect(differences(await itemFiles(), large)).toEqual([]);
    expect(bySource[good.url]).toBeGreaterThan(0);
    expect(bySource[plain.url] ?? 0).toBe(0);
    expect(plain.requests.filter(request => isContent(request) && request.range === undefined)).toEqual([]);
  });

  it('one without ranges gives the whole file when the equal that gives parts has not this one', async () => {
    const item = await publishItem(dp, large);
    const plain = await serving(() => ({ kind: 'ignore-range' }));
    const lacking = await serving(request =>
      isContent(request) ? { kind: 'status', status: 404 } : undefined,
    );
    await acquireFrom(item, [sourceAt(plain.url), sourceAt(lacking.url)]);
    expect(differences(await itemFiles(), large)).toEqual([]);
  });

  it('what came while another request waited is not asked for again: one pass of the whole file, in one go', async () => {
    const item = await publishItem(dp, large);
    let parts = 0;
    // The second request fails first, and waits; when it is asked for again the whole file has passed by.
    const plain = await serving(request => {
      if (!isContent(request) || request.range === undefined) return { kind: 'ignore-range' };
      return ++parts === 2 ? { kind: 'status', status: 503 } : { kind: 'ignore-range' };
    });
    const settings = { ...impatient, retryDelayMs: 6000 };
    const source = openSource(
      { url: plain.url, priority: 1 },
      { settings, clock: systemClock, random: () => 0.5 },
    );
    closing.unshift(() => source.close());
    await acquireFrom(item, [source], { settings });
    expect(parts).toBeGreaterThan(2);
    expect(differences(await itemFiles(), large)).toEqual([]);
    expect(plain.requests.filter(request => isContent(request) && request.range === undefined)).toHaveLength(
      1,
    );
  });

  it('one answer of the whole file holds for its item, two for the run', async () => {
    const source = sourceAt('http://dp.invalid');
    const health = openSourceHealth(systemClock);
    health.foundRangeless(source, 'ABC00012');
    expect(['ABC00012', 'ABC00013'].map(id => health.isRangeless(source, id))).toEqual([true, false]);
    health.foundRangeless(source, 'ABC00013');
    expect(health.isRangeless(source, 'ABC00014')).toBe(true);
  });

  it('one without ranges is asked for a large file once, which is told, whatever number of parts were wanted', async () => {
    const item = await publishItem(dp, large);
    const plain = await serving(() => ({ kind: 'ignore-range' }));
    const told: ProgressEvent[] = [];
    const { fetchedBytes } = await acquireFrom(item, [sourceAt(plain.url)], {
      observe: (event: ProgressEvent) => told.push(event),
    });
    expect(differences(await itemFiles(), large)).toEqual([]);
    expect(fetchedBytes).toBe(20 * 1024 * 1024);
    expect(plain.requests.filter(request => isContent(request) && request.range === undefined)).toHaveLength(
      1,
    );
    const notes = told.flatMap(event => (event.kind === 'note' ? [event.text] : []));
    expect(notes).toEqual([
      `${plain.url} gives no parts of files: ABC00012 large.bin (20971520 bytes) is fetched whole for 20971520 bytes of it.`,
    ]);
  });
});

describe('speed', () => {
  it('one that would hold the end up is given nothing', async () => {
    const item = await publishItem(dp, many);
    const [slow, fast] = [await serving(() => ({ kind: 'stall' })), await serving()];
    const sources = [sourceAt(slow.url), sourceAt(fast.url)];
    const health = openSourceHealth(systemClock);
    // 20 kB would take it longer than all 120 files the other.
    health.served(sources[0]!, 100_000, 10);
    health.served(sources[1]!, 1e9, 1);
    const { bySource } = await acquireFrom(item, sources, { health });
    expect(Object.keys(bySource)).toEqual([fast.url]);
    expect(contentOf(slow)).toEqual([]);
  });
});

describe('gaps', () => {
  it('between missing chunks that cost less than another request are fetched along', async () => {
    const item = await publishItem(dp, large);
    const server = await serving();
    const source = sourceAt(server.url);
    await acquireFrom(item, [source], {});
    // Told here, not measured: a machine that has other work is slower.
    const health = openSourceHealth(systemClock);
    health.served(source, 100_000_000, 1);
    health.answered(source, 0.004);
    // Every second chunk is damaged; a chunk is 256 KB at most, and 400 KB are what a request costs.
    const file = cacheLayout(volume).item('ABC00012');
    const index = [...item.indexes.values()][0]!;
    await damageEverySecondChunk(path.join(file, 'large.bin'), index);
    const before = server.requests.length;
    const told: ProgressEvent[] = [];
    const observe = (event: ProgressEvent): number => told.push(event);
    const { fetchedBytes } = await acquireFrom(item, [source], { health, observe });
    expect(differences(await itemFiles(), large)).toEqual([]);
    expect(told.flatMap(event => (event.kind === 'note' ? [event.text] : []))).toEqual([
      expect.stringMatching(
        /^ABC00012 large\.bin: \d+ parts of it \(\d+ bytes\) would cost more than the whole: what lies between them is fetched along, \d+ bytes in all\.$/,
      ),
    ]);
    expect(server.requests.slice(before).filter(isContent).length).toBeLessThan(20);
    expect(fetchedBytes).toBeGreaterThan(15 * 1024 * 1024);
  });
});
