// Bytes that other items of the machine hold are not fetched: counted on the wire, whatever happens to those items meanwhile.
import { execFileSync } from 'node:child_process';
import { mkdir, readFile, rm, stat, truncate, unlink, writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type CacheLayout, cacheLayout } from '../../agent/content/layout.ts';
import { type Acquired, type AcquireRequest, acquire } from '../../agent/distribution/acquire.ts';
import { openSeedMap, type SeedMap } from '../../agent/distribution/seed-map.ts';
import type { DurableFiles } from '../../agent/durable/durable-files.ts';
import { openDurableFiles } from '../../agent/durable/open-durable-files.ts';
import { unobserved } from '../../agent/progress/event.ts';
import { type FolderServer, serveFolder } from '../../agent/server/serve-folder.ts';
import {
  acquireWorld,
  differences,
  type Files,
  filesBelow,
  layItem,
  type PublishedItem,
  publishItem,
} from '../support/content-kit.ts';
import { type CountedWire, openCountedWire } from '../support/counted-wire.ts';
import { seeded } from '../support/seeded.ts';
import { openTestSource } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';

const ground = tempFolder('seeds');
const { bytes: noise } = seeded(21);
const parts = [noise(1_500_000), noise(1_500_000), noise(1_500_000)] as const;
const small = noise(60_000);
const others: readonly Files[] = parts.map((part, n) => ({
  'data.cab': part,
  [`only-${n}.txt`]: Buffer.from(`${n}`),
}));

let plays = 0;
let dp: string;
let layout: CacheLayout;
let server: FolderServer;
let wire: CountedWire;
let laid: readonly PublishedItem[];

beforeEach(async () => {
  plays++;
  dp = path.join(ground, `${plays}/dp`);
  layout = cacheLayout(path.join(ground, `${plays}/volume`));
  await mkdir(layout.packages, { recursive: true });
  const published: PublishedItem[] = [];
  for (const [n, files] of others.entries()) {
    const item = await publishItem(dp, { ...files, 'sub/shared.dll': small }, { id: `ABC0001${n}` });
    await layItem(layout, item);
    published.push(item);
  }
  laid = published;
  server = await serveFolder({ folder: dp, port: 0, host: '127.0.0.1', observe: unobserved });
  wire = await openCountedWire(server.url);
});
afterEach(async () => {
  await wire.close();
  await server.close();
});

/** A run's map of what was laid. */
const seedMap = (): SeedMap =>
  openSeedMap(layout, async () =>
    laid.map(({ reference: { id }, manifest }) => ({ id, folder: layout.item(id), files: manifest.files })),
  );

async function take(
  { reference, manifest }: PublishedItem,
  more: {
    readonly seeds?: SeedMap;
    readonly durable?: DurableFiles;
    readonly request?: Partial<AcquireRequest>;
  } = {},
): Promise<Acquired> {
  const { request = {}, seeds = seedMap(), ...effects } = more;
  const source = openTestSource(wire.url);
  try {
    const world = acquireWorld(path.dirname(layout.root), [source], { seeds, ...effects });
    return await acquire({ reference, manifest, ...request }, world);
  } finally {
    await source.close();
  }
}

const expectWhole = async ({ reference, files }: PublishedItem): Promise<void> =>
  expect(differences(await filesBelow(layout.item(reference.id)), files)).toEqual([]);

const own = noise(100_000);
const joined = Buffer.concat([parts[0], own, parts[1], parts[2].subarray(0, 1_000_000)]);
const newItem = (): Promise<PublishedItem> =>
  publishItem(
    dp,
    { 'big.cab': joined, 'a/shared.dll': small, 'new.txt': Buffer.from('new') },
    { id: 'ABC000FF' },
  );

test('an item whose large file lies in parts in other items is completed with few bytes on the wire', async () => {
  const item = await newItem();
  const acquired = await take(item);
  await expectWhole(item);
  expect(acquired.reusedBytes + acquired.fetchedBytes).toBe(joined.length + small.length + 3);
  expect(acquired.fetchedBytes).toBeLessThan(own.length + 5 * 262_144);
  // The index, the heads of the answers, and nothing else.
  expect(wire.receivedBytes()).toBeLessThan(acquired.fetchedBytes + acquired.indexBytes + 20_000);
  for (const other of laid) await expectWhole(other);
});

test('nothing crosses the wire for a large file that another item has under another name', async () => {
  const item = await publishItem(dp, { 'renamed.bin': parts[1] }, { id: 'ABC000FE' });
  expect(await take(item)).toMatchObject({ fetchedBytes: 0, indexBytes: 0, reusedBytes: parts[1].length });
  await expectWhole(item);
  expect(wire.receivedBytes()).toBe(0);
});

test('a copy is a file of its own: mending one item never changes another', async () => {
  const item = await newItem();
  await take(item);
  const [mine, theirs] = [layout.item('ABC000FF'), layout.item('ABC00010')].map(folder => path.join(folder));
  for (const file of ['a/shared.dll', 'big.cab']) expect((await stat(path.join(mine!, file))).nlink).toBe(1);
  await writeFile(path.join(theirs!, 'sub/shared.dll'), 'spoilt by somebody');
  await expectWhole(item);
  await writeFile(path.join(mine!, 'a/shared.dll'), 'spoilt, too');
  await take(item);
  await expectWhole(item);
  expect(await readFile(path.join(theirs!, 'sub/shared.dll'), 'utf8')).toBe('spoilt by somebody');
});

test('a damaged seed costs only the fetch of what is damaged', async () => {
  const rotten = Uint8Array.from(parts[0]);
  for (const at of [400_000, 1_200_000]) rotten[at] = (rotten[at] ?? 0) ^ 1;
  await writeFile(path.join(layout.item('ABC00010'), 'data.cab'), rotten);
  await writeFile(path.join(layout.item('ABC00010'), 'sub/shared.dll'), noise(60_000));
  const item = await publishItem(dp, { 'x.bin': parts[0], 'shared.dll': small }, { id: 'ABC000FD' });
  const acquired = await take(item);
  await expectWhole(item);
  // The small file is whole in the other two items.
  expect(acquired.fetchedBytes).toBeGreaterThan(0);
  expect(acquired.fetchedBytes).toBeLessThan(2 * 262_144 + 1);
});

test('what is damaged in one item is taken from another that has it, too', async () => {
  const twin = await publishItem(
    dp,
    { 'copy.cab': Buffer.concat([noise(5000), parts[0]]) },
    { id: 'ABC000AA' },
  );
  await layItem(layout, twin);
  laid = [...laid, twin];
  const rotten = Uint8Array.from(parts[0]);
  rotten[700_000] = (rotten[700_000] ?? 0) ^ 1;
  await writeFile(path.join(layout.item('ABC00010'), 'data.cab'), rotten);
  await truncate(path.join(layout.item('ABC000AA'), 'copy.cab'), 1_400_000);
  const item = await publishItem(dp, { 'x.bin': parts[0] }, { id: 'ABC000FD' });
  expect((await take(item)).fetchedBytes).toBe(0);
  await expectWhole(item);
});

test('items that go while bytes are taken from them are survived', async () => {
  const item = await newItem();
  const real = openDurableFiles();
  let gone = false;
  const durable: DurableFiles = {
    ...real,
    openPartial: async file => {
      const partial = await real.openPartial(file);
      return {
        ...partial,
        write: async (bytes, position) => {
          await partial.write(bytes, position);
          if (gone || !file.endsWith('big.cab')) return;
          gone = true;
          await rm(layout.item('ABC00011'), { recursive: true });
          await truncate(path.join(layout.item('ABC00012'), 'data.cab'), 300_000);
        },
      };
    },
  };
  const acquired = await take(item, { durable });
  expect(gone).toBe(true);
  await expectWhole(item);
  expect(acquired.fetchedBytes).toBeGreaterThan(parts[1].length);
  expect(acquired.reusedBytes).toBeGreaterThan(1_300_000);
});

test('a pipe, a folder and an absent file in the place of a seed are no seeds', async () => {
  for (const id of ['ABC00010', 'ABC00011', 'ABC00012'])
    await unlink(path.join(layout.item(id), 'sub/shared.dll'));
  execFileSync('mkfifo', [path.join(layout.item('ABC00010'), 'sub/shared.dll')]);
  await mkdir(path.join(layout.item('ABC00011'), 'sub/shared.dll'));
  const item = await publishItem(dp, { 'shared.dll': small }, { id: 'ABC000FC' });
  expect((await take(item)).fetchedBytes).toBe(small.length);
  await expectWhole(item);
});

test('what an item was replaced by lends its bytes in the same run, and what it was does not', async () => {
  const seeds = seedMap();
  const later = noise(1_500_000);
  const next = await publishItem(dp, { 'data.cab': later }, { id: 'ABC00010', version: '2' });
  await take(await publishItem(dp, { 'first.txt': small }, { id: 'ABC000F0' }), { seeds });
  const before = laid[0];
  await take(next, { seeds, request: before === undefined ? {} : { local: before.manifest } });
  const both = await publishItem(dp, { 'new.bin': later, 'old.bin': parts[0] }, { id: 'ABC000F1' });
  expect(await take(both, { seeds })).toMatchObject({
    fetchedBytes: parts[0].length,
    reusedBytes: later.length,
  });
  await expectWhole(both);
});

test('a damaged item is mended from another that has the bytes', async () => {
  const item = await newItem();
  await layItem(layout, item);
  await truncate(path.join(layout.item('ABC000FF'), 'big.cab'), 200_000);
  const acquired = await take(item);
  await expectWhole(item);
  expect(acquired.presentBytes).toBeGreaterThan(100_000);
  expect(acquired.fetchedBytes).toBeLessThan(own.length + 5 * 262_144);
});

test('an item of which nothing here is to be used takes nothing from other items', async () => {
  const item = await newItem();
  expect(await take(item, { request: { whole: true, otherVersion: true } })).toMatchObject({
    fetchedBytes: joined.length + small.length + 3,
    reusedBytes: 0,
  });
});

test.each([1, 2, 3, 4, 5, 6, 7, 8])(
  'whatever has happened to the lenders, the item becomes what its manifest says (seed %i)',
  async seed => {
    const { int, pick, bytes } = seeded(seed);
    const item = await newItem();
    for (let harm = 0; harm < 6; harm += 1) {
      const file = path.join(layout.item(`ABC0001${int(3)}`), pick(['data.cab', 'sub/shared.dll']));
      await pick<() => Promise<unknown>>([
        () => rm(file, { force: true }),
        () => truncate(file, int(1_600_000)).catch(() => {}),
        () => writeFile(file, bytes(int(100_000))),
        async () => {
          const damaged = await readFile(file).catch(() => Buffer.alloc(1));
          for (let n = 0; n < 5; n += 1) {
            const at = int(damaged.length);
            damaged[at] = (damaged[at] ?? 0) ^ (1 + int(255));
          }
          await writeFile(file, damaged);
        },
        async () =>
          writeFile(file, Buffer.concat([bytes(int(5000)), await readFile(file).catch(() => bytes(1))])),
      ])();
    }
    const acquired = await take(item);
    await expectWhole(item);
    // What lies between two gaps may be fetched along, where that is cheaper than another request.
    expect(acquired.reusedBytes + acquired.fetchedBytes).toBeGreaterThanOrEqual(
      joined.length + small.length + 3,
    );
    expect(acquired.reusedBytes).toBeLessThan(joined.length + small.length - own.length + 262_144);
  },
);

test('bytes that an item has several times are fetched once', async () => {
  const [once, zeros, between] = [noise(900_000), Buffer.alloc(2_000_000), noise(100_000)];
  const files = {
    'disk.img': Buffer.concat([once, zeros, between, zeros, once]),
    'again.bin': Buffer.concat([noise(1000), once]),
  };
  const item = await publishItem(dp, files, { id: 'ABC000F5' });
  const acquired = await take(item);
  await expectWhole(item);
  const total = files['disk.img'].length + files['again.bin'].length;
  expect(acquired.reusedBytes + acquired.fetchedBytes).toBe(total);
  // The seams, and one chunk of zeros.
  expect(acquired.fetchedBytes).toBeLessThan(once.length + between.length + 8 * 262_144);
  expect(wire.receivedBytes()).toBeLessThan(acquired.fetchedBytes + acquired.indexBytes + 20_000);
});

test('chunk indexes of an item are asked for several at once', async () => {
  const files = Object.fromEntries([1, 2, 3, 4].map(n => [`${n}.bin`, noise(300_000)]));
  const item = await publishItem(dp, files, { id: 'ABC000F4' });
  // Answers no index before all four are asked for: a client that asks for one after the other never gets the first.
  const waiting: (() => void)[] = [];
  const gate = createServer((request, response) => {
    const name = path.join(dp, decodeURIComponent(new URL(request.url ?? '', 'http://x').pathname));
    if (!name.endsWith('.chunks')) {
      send(name, response);
      return;
    }
    waiting.push(() => send(name, response));
    if (waiting.length === 4) for (const answer of waiting) answer();
  });
  const send = (name: string, response: ServerResponse): void => {
    readFile(name).then(
      bytes => response.writeHead(200, { 'content-length': bytes.length, etag: '"1"' }).end(bytes),
      () => response.writeHead(404).end(),
    );
  };
  await new Promise<void>(resolve => gate.listen(0, '127.0.0.1', resolve));
  const address = gate.address();
  const source = openTestSource(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`);
  try {
    const world = acquireWorld(path.dirname(layout.root), [source]);
    await acquire({ reference: item.reference, manifest: item.manifest }, world);
    await expectWhole(item);
  } finally {
    await source.close();
    gate.closeAllConnections();
    gate.close();
  }
});
