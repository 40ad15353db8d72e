// The power goes at every durable write of an acquisition, and the disk loses what was not flushed: run again, it ends as if nothing had been.
import { cp, mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { cacheLayout } from '../../agent/content/layout.ts';
import { type Acquired, acquire } from '../../agent/distribution/acquire.ts';
import { recoverSwap } from '../../agent/distribution/swap.ts';
import { openDurableFiles } from '../../agent/durable/open-durable-files.ts';
import {
  acquireWorld,
  differences,
  type Files,
  filesBelow,
  layItem,
  type PublishedItem,
  publishItem,
} from '../support/content-kit.ts';
import { everyCut } from '../support/every-cut.ts';
import { seeded } from '../support/seeded.ts';
import { openTestSource } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';

const ground = tempFolder('acquire-cut');
const dp = path.join(ground, 'dp');
const { bytes: noise } = seeded(3);
const large = noise(400_000);
const old: Files = { 'large.bin': large, 'same.txt': Buffer.from('same'), 'gone.txt': Buffer.from('gone') };
const changed: Files = {
  'large.bin': Buffer.concat([large.subarray(0, 200_000), noise(100), large.subarray(200_000)]),
  'same.txt': Buffer.from('same'),
  'sub/new.txt': Buffer.from('new'),
};

const fetch = (
  item: PublishedItem,
  volume: string,
  local?: PublishedItem,
  more: Parameters<typeof acquireWorld>[2] = {},
): Promise<Acquired> =>
  acquire(
    { reference: item.reference, manifest: item.manifest, ...(local ? { local: local.manifest } : {}) },
    acquireWorld(volume, [openTestSource(dp)], {
      ...more,
      settings: {
        retryCount: 0,
        retryDelayMs: 0,
        connections: 1,
        leastBytesPerSecond: 1,
        stallTimeoutMs: 5000,
      },
    }),
  );

/** A folder prepared once and copied for each play. */
async function prepared(
  name: string,
  make: (volume: string) => Promise<void>,
): Promise<(folder: string) => Promise<void>> {
  const template = path.join(ground, name);
  await mkdir(template);
  await make(template);
  return folder => cp(template, folder, { recursive: true });
}

describe('a cut at every durable write', () => {
  it('of a missing item: the next run completes it', async () => {
    const item = await publishItem(dp, changed, { version: '2' });
    const plays = await everyCut({
      within: ground,
      losses: ['dropped', 'mixed'],
      run: async (durable, folder) => void (await fetch(item, folder, undefined, { durable })),
      verify: async folder => {
        await fetch(item, folder);
        expect(differences(await filesBelow(cacheLayout(folder).packages), inPackages(changed))).toEqual([]);
      },
    });
    expect(plays).toBeGreaterThan(50);
  });

  it('of a new version: before the next run there is the old or the new one whole, after it the new one', async () => {
    const [before, after] = [
      await publishItem(dp, old, { version: '1' }),
      await publishItem(dp, changed, { version: '2' }),
    ];
    const plays = await everyCut({
      within: ground,
      losses: ['dropped', 'mixed'],
      prepare: await prepared('version', volume => layItem(cacheLayout(volume), before)),
      run: async (durable, folder) => void (await fetch(after, folder, before, { durable })),
      verify: async (folder, { done, system }) => {
        const layout = cacheLayout(folder);
        await recoverSwap(layout, 'ABC00012', openDurableFiles());
        const found = await filesBelow(layout.item('ABC00012'));
        expect([differences(found, old).length, differences(found, changed).length]).toContain(0);
        // Windows flushes no folder: the swap is durable with the next flush of any file, the journal's line.
        if (done && system === 'linux') expect(differences(found, changed)).toEqual([]);
        await fetch(after, folder, before);
        expect(differences(await filesBelow(layout.packages), inPackages(changed))).toEqual([]);
      },
    });
    expect(plays).toBeGreaterThan(50);
  });

  it('of mending: no file is worse than before, and the next run completes it', async () => {
    const item = await publishItem(dp, changed, { version: '2' });
    const whole = changed['large.bin'] ?? new Uint8Array();
    const rotten = Uint8Array.from(whole);
    rotten[10] = (rotten[10] ?? 0) ^ 1;
    const plays = await everyCut({
      within: ground,
      losses: ['dropped', 'torn', 'mixed'],
      prepare: await prepared('damaged', async volume => {
        const layout = cacheLayout(volume);
        await layItem(layout, { ...item, files: { 'large.bin': rotten, 'same.txt': Buffer.from('sAme') } });
      }),
      run: async (durable, folder) => void (await fetch(item, folder, undefined, { durable })),
      verify: async folder => {
        const layout = cacheLayout(folder);
        const found = (await filesBelow(layout.item('ABC00012')))['large.bin'] ?? new Uint8Array();
        expect(Buffer.compare(found.subarray(270_000), whole.subarray(270_000))).toBe(0);
        await fetch(item, folder);
        expect(differences(await filesBelow(layout.packages), inPackages(changed))).toEqual([]);
      },
    });
    expect(plays).toBeGreaterThan(20);
  });

  it('what was flushed before the cut is not fetched again', async () => {
    const item = await publishItem(dp, { 'a.bin': large, 'b.bin': noise(400_000) }, { version: '3' });
    let last = 0;
    await everyCut({
      within: ground,
      systems: ['linux'],
      losses: ['dropped'],
      run: async (durable, folder) => void (await fetch(item, folder, undefined, { durable })),
      verify: async (folder, { done }) => {
        if (done) return;
        const { presentBytes, fetchedBytes } = await fetch(item, folder);
        expect(presentBytes + fetchedBytes).toBe(800_000);
        expect(presentBytes).toBeGreaterThanOrEqual(last);
        last = presentBytes;
      },
    });
    expect(last).toBe(800_000);
    await rm(dp, { recursive: true });
  });
});

const inPackages = (files: Files): Files =>
  Object.fromEntries(Object.entries(files).map(([name, bytes]) => [`ABC00012/${name}`, bytes]));
