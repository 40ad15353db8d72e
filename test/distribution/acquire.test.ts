// One item made whole: what is reused, what is fetched, and what the cache looks like afterwards.
import {
  link,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { viewChunkIndex } from '../../agent/content/chunk-index.ts';
import { openInPlacePool } from '../../agent/content/in-place-pool.ts';
import { type CacheLayout, cacheLayout, onDistributionPoint } from '../../agent/content/layout.ts';
import { spawnWorker } from '../../agent/content/spawn-worker.ts';
import { openThreadPool } from '../../agent/content/thread-pool.ts';
import type { WorkerPool } from '../../agent/content/worker-pool.ts';
import { type AcquireRequest, acquire } from '../../agent/distribution/acquire.ts';
import { openDurableFiles } from '../../agent/durable/open-durable-files.ts';
import { Fault } from '../../agent/fault/fault.ts';
import { jobs } from '../../agent/jobs.ts';
import type { ProgressEvent } from '../../agent/progress/event.ts';
import { unobserved } from '../../agent/progress/event.ts';
import { serveFolder } from '../../agent/server/serve-folder.ts';
import {
  acquireWorld,
  differences,
  type Files,
  filesBelow,
  layItem,
  type PublishedItem,
  publishItem,
} from '../support/content-kit.ts';
import { startMisbehavingServer } from '../support/misbehaving-server.ts';
import { seeded } from '../support/seeded.ts';
import { faultOf, impatient, openTestSource } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';

const ground = tempFolder('acquire');
const { bytes: noise } = seeded(7);
const large = noise(3_000_000);
const base: Files = {
  'setup.exe': large,
  'read me.txt': Buffer.from('read me'),
  'sub/deep/a.dll': noise(100_000),
  'sub/empty': new Uint8Array(),
};
const totalBytes = 3_000_000 + 7 + 100_000;

let plays = 0;
let dp: string;
let volume: string;
let layout: CacheLayout;
let item: PublishedItem;
beforeEach(async () => {
  plays++;
  dp = path.join(ground, `${plays}/dp`);
  volume = path.join(ground, `${plays}/volume`);
  layout = cacheLayout(volume);
  await mkdir(volume, { recursive: true });
  item = await publishItem(dp, base);
});

const requestFor = ({ reference, manifest }: PublishedItem, local?: PublishedItem): AcquireRequest => ({
  reference,
  manifest,
  ...(local ? { local: local.manifest } : {}),
});
const run = (request: AcquireRequest, more: Parameters<typeof acquireWorld>[2] = {}) =>
  acquire(request, acquireWorld(volume, [openTestSource(dp)], more));

/** The item is exactly its manifest, and nothing is left beside it. */
async function expectWhole({ reference, files }: PublishedItem): Promise<void> {
  expect(differences(await filesBelow(layout.item(reference.id)), files)).toEqual([]);
  expect(await readdir(layout.packages)).toEqual([reference.id]);
}

describe('an item that is missing', () => {
  it('is fetched whole and stands alone in the cache', async () => {
    const acquired = await run(requestFor(item));
    await expectWhole(item);
    expect(acquired).toMatchObject({
      presentBytes: 0,
      reusedBytes: 0,
      fetchedBytes: totalBytes,
      bySource: { [dp]: totalBytes },
    });
    expect(acquired.indexBytes).toBeGreaterThan(0);
  });

  it('does not fetch a chunk index that the cache has', async () => {
    await layItem(layout, item);
    await rm(layout.item(item.reference.id), { recursive: true });
    expect(await run(requestFor(item))).toMatchObject({ fetchedBytes: totalBytes, indexBytes: 0 });
  });

  it('fetches the index again when the stored one is damaged', async () => {
    await layItem(layout, item);
    await rm(layout.item(item.reference.id), { recursive: true });
    for (const sha256 of item.indexes.keys()) await writeFile(layout.chunkIndex(sha256), 'rotten');
    expect((await run(requestFor(item))).indexBytes).toBeGreaterThan(0);
    await expectWhole(item);
  });

  it('fetches files of the same bytes once', async () => {
    const twins = await publishItem(
      dp,
      { 'a.bin': large, 'b/b.bin': large, 'c.txt': Buffer.from('x'), 'd.txt': Buffer.from('x') },
      { version: '2' },
    );
    expect(await run(requestFor(twins))).toMatchObject({
      fetchedBytes: large.length + 1,
      reusedBytes: large.length + 1,
    });
    await expectWhole(twins);
  });

  it('may have no file at all', async () => {
    const nothing = await publishItem(dp, {}, { version: '2' });
    expect(await run(requestFor(nothing))).toMatchObject({ fetchedBytes: 0 });
    await expectWhole(nothing);
  });

  it('tells its progress, which never falls and ends at the total', async () => {
    const events: ProgressEvent[] = [];
    await run(requestFor(item), { observe: event => events.push(event) });
    const done = events.flatMap(event => (event.kind === 'advanced' ? [event.doneBytes] : []));
    expect(done).toEqual([...done].sort((a, b) => a - b));
    expect(done.at(-1)).toBe(totalBytes);
    expect(events[0]).toEqual({ kind: 'started', stage: 'transfer', subject: 'ABC00012', totalBytes });
    expect(events.at(-1)).toMatchObject({ kind: 'finished', stage: 'transfer', subject: 'ABC00012' });
  });
});

describe('another version', () => {
  const inserted = Buffer.concat([large.subarray(0, 1_000_000), noise(5000), large.subarray(1_000_000)]);
  let next: PublishedItem;
  beforeEach(async () => {
    const { 'read me.txt': _left, ...rest } = base;
    next = await publishItem(
      dp,
      { ...rest, 'setup.exe': inserted, 'sub/new.txt': Buffer.from('new') },
      { version: '2' },
    );
  });

  it('fetches only the chunks that no local file holds, and swaps the item in whole', async () => {
    await layItem(layout, item);
    const acquired = await run(requestFor(next, item));
    await expectWhole(next);
    expect(acquired.reusedBytes).toBeGreaterThan(100_000 + 2_700_000);
    expect(acquired.fetchedBytes).toBeLessThan(300_000);
    expect(acquired.reusedBytes + acquired.fetchedBytes).toBe(inserted.length + 100_000 + 3);
  });

  it('finds the chunks of a seed whose index is not known by cutting it anew', async () => {
    await layItem(layout, item);
    await rm(path.join(layout.own, 'chunks'), { recursive: true });
    expect((await run(requestFor(next, item))).fetchedBytes).toBeLessThan(300_000);
    await expectWhole(next);
  });

  it('cuts a seed anew whose index cannot be read', async () => {
    await layItem(layout, item);
    for (const sha256 of item.indexes.keys()) {
      await rm(layout.chunkIndex(sha256));
      await mkdir(layout.chunkIndex(sha256));
    }
    expect((await run(requestFor(next, item))).fetchedBytes).toBeLessThan(300_000);
    await expectWhole(next);
  });

  it('does not believe a seed: a damaged one is proven chunk by chunk, and its bad chunks are fetched', async () => {
    const rotten = Uint8Array.from(large);
    rotten[500_000] = (rotten[500_000] ?? 0) ^ 1;
    await layItem(layout, {
      ...item,
      files: { ...base, 'setup.exe': rotten, 'sub/deep/a.dll': noise(100_000) },
    });
    const acquired = await run(requestFor(next, item));
    await expectWhole(next);
    expect(acquired.fetchedBytes).toBeGreaterThan(100_000);
    expect(acquired.fetchedBytes).toBeLessThan(700_000);
  });

  it('finds a file that only has another name now', async () => {
    await layItem(layout, item);
    const renamed = await publishItem(dp, { 'other/name.exe': large }, { version: '3' });
    expect(await run(requestFor(renamed, item))).toMatchObject({
      fetchedBytes: 0,
      reusedBytes: large.length,
      indexBytes: 0,
    });
    await expectWhole(renamed);
  });

  it('goes on with what an earlier attempt staged, whatever else lies there', async () => {
    const staged = layout.staging('ABC00012', '2');
    await mkdir(path.join(staged, 'sub/new.txt'), { recursive: true });
    await writeFile(path.join(staged, 'sub/deep'), 'a file where a folder must be');
    await writeFile(path.join(staged, 'stray.dll'), 'x');
    await symlink('/etc', path.join(staged, 'link'));
    await writeFile(
      path.join(staged, 'setup.exe'),
      Buffer.concat([inserted.subarray(0, 2_000_000), noise(1_500_000)]),
    );
    const acquired = await run(requestFor(next));
    await expectWhole(next);
    expect(acquired.presentBytes).toBeGreaterThan(1_700_000);
    expect(acquired.presentBytes + acquired.fetchedBytes).toBe(inserted.length + 100_000 + 3);
  });

  it('uses what another version left half staged', async () => {
    await mkdir(layout.staging('ABC00012', '1'), { recursive: true });
    await writeFile(path.join(layout.staging('ABC00012', '1'), 'setup.exe'), large.subarray(0, 2_000_000));
    expect((await run(requestFor(next))).reusedBytes).toBeGreaterThan(1_700_000);
    await expectWhole(next);
  });

  it('does not follow a link that stands in the place of the item', async () => {
    const elsewhere = path.join(ground, `${plays}/elsewhere`);
    await mkdir(elsewhere);
    await writeFile(path.join(elsewhere, 'precious'), 'x');
    await mkdir(layout.packages, { recursive: true });
    await symlink(elsewhere, layout.item('ABC00012'));
    await run(requestFor(next, item));
    await expectWhole(next);
    expect(await readdir(elsewhere)).toEqual(['precious']);
  });

  it('leaves the old version untouched where an attempt has linked a file of it that is another one now', async () => {
    await layItem(layout, item);
    const staged = layout.staging('ABC00012', '2');
    await mkdir(staged, { recursive: true });
    await link(path.join(layout.item('ABC00012'), 'read me.txt'), path.join(staged, 'read me.txt'));
    await mkdir(path.join(staged, 'sub/deep'), { recursive: true });
    await link(path.join(layout.item('ABC00012'), 'sub/deep/a.dll'), path.join(staged, 'sub/deep/a.dll'));
    const changed = {
      ...base,
      'read me.txt': Buffer.from('READ ME'),
      'sub/deep/a.dll': new Uint8Array(),
      'new.bin': noise(1000),
    };
    const other = await publishItem(dp, changed, { version: '2' });
    const point = path.join(dp, onDistributionPoint.file('ABC00012', '2', 'new.bin'));
    await rename(point, `${point}.away`);
    expect((await faultOf(run(requestFor(other, item)))).code).toBe('CONTENT-01');
    expect(await readFile(path.join(staged, 'read me.txt'), 'utf8')).toBe('READ ME');
    expect(differences(await filesBelow(layout.item('ABC00012')), base)).toEqual([]);
    await rename(`${point}.away`, point);
    await run(requestFor(other, item));
    await expectWhole(other);
  });

  it('leaves the old version untouched when nothing is to be had', async () => {
    await layItem(layout, item);
    await rm(dp, { recursive: true });
    expect((await faultOf(run(requestFor(next, item)))).code).toBe('CONTENT-01');
    expect(differences(await filesBelow(layout.item('ABC00012')), base)).toEqual([]);
  });
});

describe('a damaged item', () => {
  const itemFile = (name: string): string => path.join(layout.item('ABC00012'), name);
  beforeEach(() => layItem(layout, item));

  it('is mended where the disk does not give its bytes', async () => {
    const index = viewChunkIndex([...item.indexes.values()][0]!, 'setup.exe');
    const sick = index.offset(10) + 7;
    const inPlace = openInPlacePool({ jobs, durable: openDurableFiles() });
    const pool: WorkerPool = {
      ...inPlace,
      async run(name, input, options) {
        const isSick =
          'first' in input
            ? index.offset(input.first) <= sick && sick < index.offset(input.last)
            : 'paths' in input && input.paths.some(file => file.endsWith('a.dll'));
        if (isSick) throw new Fault('DISK-03', 'a bad sector', { native: 'EIO' });
        return inPlace.run(name, input, options);
      },
    };
    expect(await run(requestFor(item), { pool })).toMatchObject({
      fetchedBytes: index.length(10) + 100_000,
      presentBytes: totalBytes - index.length(10) - 100_000,
    });
    await expectWhole(item);
  });

  it('is mended where the disk does not give the bytes of a file with several names, which keep theirs', async () => {
    const index = viewChunkIndex([...item.indexes.values()][0]!, 'setup.exe');
    const sick = index.offset(10) + 7;
    const rotten = Uint8Array.from(large);
    rotten.fill(0, index.offset(10), index.offset(11));
    await writeFile(itemFile('setup.exe'), rotten);
    const other = path.join(path.dirname(layout.packages), 'other name');
    await link(itemFile('setup.exe'), other);
    const files = openDurableFiles();
    const durable = {
      ...files,
      // A copy of the whole is what such a disk refuses.
      copyFile: async (from: string) => {
        throw new Fault('DISK-03', from, { operation: 'copy', native: 'EIO' });
      },
    };
    const inPlace = openInPlacePool({ jobs, durable });
    const pool: WorkerPool = {
      ...inPlace,
      async run(name, input, options) {
        if ('first' in input && index.offset(input.first) <= sick && sick < index.offset(input.last))
          throw new Fault('DISK-03', 'a bad sector', { native: 'EIO' });
        return inPlace.run(name, input, options);
      },
    };
    expect(await run(requestFor(item), { pool, durable })).toMatchObject({
      fetchedBytes: index.length(10),
      presentBytes: totalBytes - index.length(10),
    });
    await expectWhole(item);
    expect(Buffer.compare(await readFile(other), rotten)).toBe(0);
  });

  it('is mended by its bad chunks alone, in place', async () => {
    const rotten = Uint8Array.from(large);
    for (const at of [10, 1_500_000, 2_999_999]) rotten[at] = (rotten[at] ?? 0) ^ 1;
    await writeFile(itemFile('setup.exe'), rotten);
    const { ino } = await stat(itemFile('setup.exe'));
    const acquired = await run(requestFor(item));
    await expectWhole(item);
    expect((await stat(itemFile('setup.exe'))).ino).toBe(ino);
    expect(acquired.fetchedBytes).toBeLessThan(3 * 262_144);
    expect(acquired).toMatchObject({
      presentBytes: totalBytes - acquired.fetchedBytes,
      reusedBytes: 0,
      indexBytes: 0,
    });
  });

  it.each([0, 1, 1_234_567, 2_999_999])('is completed when its large file has only %i bytes', async size => {
    await truncate(itemFile('setup.exe'), size);
    const acquired = await run(requestFor(item));
    await expectWhole(item);
    expect(acquired.fetchedBytes).toBeLessThanOrEqual(3_000_000 - size + 262_144);
  });

  it('is cut when a file is too long, and nothing is fetched', async () => {
    await writeFile(itemFile('setup.exe'), Buffer.concat([large, noise(70_000)]));
    expect(await run(requestFor(item))).toMatchObject({ fetchedBytes: 0 });
    await expectWhole(item);
  });

  it('has small files replaced whole: changed, too short, too long, absent', async () => {
    await writeFile(itemFile('read me.txt'), 'read mE');
    await writeFile(itemFile('sub/deep/a.dll'), noise(100_001));
    await rm(itemFile('sub/empty'));
    expect(await run(requestFor(item))).toMatchObject({ fetchedBytes: 100_007 });
    await expectWhole(item);
    await writeFile(itemFile('sub/empty'), 'no longer');
    await rm(itemFile('sub'), { recursive: true });
    expect(await run(requestFor(item))).toMatchObject({ fetchedBytes: 100_000, presentBytes: 3_000_007 });
    await expectWhole(item);
  });

  it('has an absent large file put together aside, and an interrupted one continued', async () => {
    await rm(itemFile('setup.exe'));
    await mkdir(layout.staging('ABC00012', '1'));
    await writeFile(path.join(layout.staging('ABC00012', '1'), 'setup.exe'), large.subarray(0, 2_500_000));
    const acquired = await run(requestFor(item));
    await expectWhole(item);
    expect(acquired.fetchedBytes).toBeLessThan(500_000 + 262_144);
  });

  it('loses what has no business there: files that nobody named, links, a folder in the place of a file', async () => {
    await writeFile(itemFile('version.dll'), 'planted');
    await rm(itemFile('read me.txt'));
    await mkdir(itemFile('read me.txt/x'), { recursive: true });
    await rm(itemFile('sub/deep/a.dll'));
    await symlink('/etc/passwd', itemFile('sub/deep/a.dll'));
    await run(requestFor(item));
    await expectWhole(item);
  });

  it('does not write through a second name of a file', async () => {
    const other = path.join(ground, `${plays}/other-name`);
    const rotten = Uint8Array.from(large);
    rotten[7] = (rotten[7] ?? 0) ^ 1;
    await writeFile(itemFile('setup.exe'), rotten);
    await link(itemFile('setup.exe'), other);
    await run(requestFor(item));
    await expectWhole(item);
    expect(Buffer.compare((await filesBelow(path.dirname(other)))['other-name'] ?? large, rotten)).toBe(0);
  });
});

describe('a swap that was cut', () => {
  it('between its renames brings the old item back, and is done again without fetching', async () => {
    const next = await publishItem(dp, { ...base, 'read me.txt': Buffer.from('READ ME') }, { version: '2' });
    await layItem(layout, { ...next, files: {} });
    for (const [name, files] of [
      [layout.retired('ABC00012'), base],
      [layout.staging('ABC00012', '2'), next.files],
    ] as const) {
      for (const [file, bytes] of Object.entries(files)) {
        await mkdir(path.dirname(path.join(name, file)), { recursive: true });
        await writeFile(path.join(name, file), bytes);
      }
    }
    expect(await run(requestFor(next, item))).toMatchObject({ fetchedBytes: 0, presentBytes: totalBytes });
    await expectWhole(next);
  });

  it('after its renames only has the old item left to remove', async () => {
    await layItem(layout, item);
    await mkdir(layout.retired('ABC00012'));
    await writeFile(path.join(layout.retired('ABC00012'), 'old'), 'x');
    await run(requestFor(item));
    await expectWhole(item);
  });
});

describe('a large item', () => {
  const huge = seeded(8).bytes(48 * 1024 * 1024);
  // Server and client share a process here, and 48 MiB take them longer than a test of stalls waits.
  const settings = { ...impatient, stallTimeoutMs: 10_000 };

  it('is fetched by worker threads, from a server', async () => {
    const big = await publishItem(dp, { 'install.wim': huge }, { version: '9' });
    const server = await serveFolder({ folder: dp, port: 0, host: '127.0.0.1', observe: unobserved });
    const pool = openThreadPool({ size: 2, spawn: spawnWorker });
    const source = openTestSource(server.url);
    try {
      const events: ProgressEvent[] = [];
      const acquired = await acquire(
        requestFor(big),
        acquireWorld(volume, [source], { pool, settings, observe: event => events.push(event) }),
      );
      await expectWhole(big);
      expect(acquired).toMatchObject({ fetchedBytes: huge.length, bySource: { [server.url]: huge.length } });
      const done = events.flatMap(event => (event.kind === 'advanced' ? [event.doneBytes] : []));
      expect(done.at(-1)).toBe(huge.length);
    } finally {
      await pool.close();
      await source.close();
      await server.close();
    }
  });

  it('is fetched by worker threads from the next source when the first one lies, and the lie is named as on one thread', async () => {
    const big = await publishItem(dp, { 'install.wim': huge }, { version: '9' });
    const files = new Map(Object.entries(await filesBelow(dp)));
    const behave = ({ path: name }: { readonly path: string }) =>
      name.endsWith('.wim') ? ({ kind: 'corrupt', offset: 20_000_000 } as const) : undefined;
    const liar = await startMisbehavingServer({ files, behave });
    const pool = openThreadPool({ size: 2, spawn: spawnWorker });
    const first = openTestSource(liar.url, { priority: 1 });
    try {
      const fault = await faultOf(
        acquire(requestFor(big), acquireWorld(volume, [first], { pool, settings })),
      );
      expect(fault.cause).toMatchObject({ code: 'NET-07', detail: { source: liar.url } });
      const good = openTestSource(dp, { priority: 2 });
      const { presentBytes, bySource } = await acquire(
        requestFor(big),
        acquireWorld(volume, [first, good], { pool, settings }),
      );
      await expectWhole(big);
      expect(presentBytes).toBeGreaterThan(10_000_000);
      expect(bySource[dp]).toBeGreaterThan(0);
    } finally {
      await pool.close();
      await first.close();
      await liar.close();
    }
  });

  it('being fetched by worker threads stops on request and goes on later', async () => {
    const big = await publishItem(dp, { 'install.wim': huge }, { version: '9' });
    const server = await serveFolder({ folder: dp, port: 0, host: '127.0.0.1', observe: unobserved });
    const pool = openThreadPool({ size: 2, spawn: spawnWorker });
    const source = openTestSource(server.url);
    const stop = new AbortController();
    const clock = restless();
    const observe = ({ kind }: ProgressEvent): void => {
      if (kind === 'advanced') stop.abort();
    };
    try {
      const stopped = acquire(
        requestFor(big),
        acquireWorld(volume, [source], { pool, settings, observe, clock, signal: stop.signal }),
      );
      expect((await faultOf(stopped)).code).toBe('STOP-01');
      const acquired = await acquire(requestFor(big), acquireWorld(volume, [source], { pool, settings }));
      await expectWhole(big);
      expect(acquired.presentBytes).toBeGreaterThan(0);
      expect(acquired.presentBytes + acquired.fetchedBytes).toBe(huge.length);
    } finally {
      await pool.close();
      await source.close();
      await server.close();
    }
  });

  it('stops on request and goes on later without fetching again what had come', async () => {
    const big = await publishItem(dp, { 'install.wim': huge }, { version: '9' });
    const stop = new AbortController();
    const observe = (event: ProgressEvent): void => {
      if (event.kind === 'advanced' && event.doneBytes > 5_000_000) stop.abort();
    };
    const clock = restless();
    expect((await faultOf(run(requestFor(big), { observe, clock, signal: stop.signal }))).code).toBe(
      'STOP-01',
    );
    const acquired = await run(requestFor(big));
    await expectWhole(big);
    expect(acquired.presentBytes).toBeGreaterThan(4_000_000);
    expect(acquired.presentBytes + acquired.fetchedBytes).toBe(huge.length);
  });
});

/** A clock on which every look is later than the last by more than the meter waits, so that every step is told. */
function restless() {
  let ticks = 0;
  const later = (): number => {
    ticks += 101;
    return ticks;
  };
  return { now: () => new Date(), ticks: later };
}
