import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tempFolder } from '../support/temp-folder.ts';
import { expectRefusal } from './judge.ts';
import { playCase } from './play-case.ts';
import { runTwice } from './small-disk.ts';
import { snapshotOf } from './snapshot.ts';
import { openWorld, type World } from './world.ts';

const MIB = 1024 * 1024;

const folder = tempFolder('disk-cases');
let world: World;
beforeAll(async () => {
  world = await openWorld(folder);
});
afterAll(() => world?.close());

/** What a volume says of itself need not be so; then only the write itself shows that it is full. */
const BOASTFUL = { 'machine.json': { volumes: { windows: { freeBytes: 2 ** 40, sizeBytes: 2 ** 40 } } } };

test.each([
  {
    title: 'too small for the OS image beside the cache',
    disk: {},
    small: { sizeBytes: 100 * MIB },
    fault: 'DISK-01',
    subject: 'mounted/volumes/windows',
    says: [
      'purpose: the OS image beside the cache',
      /needed bytes: \d{9}/,
      /image bytes: \d{7}/,
      /cache bytes: \d+/,
      /staging bytes: \d+/,
      /reserve bytes: \d{8}/,
      `size bytes: ${100 * MIB}`,
      /missing bytes: \d+/,
    ],
    mended: false,
  },
  {
    title: 'too full for what is still to fetch',
    disk: {},
    small: { sizeBytes: 256 * MIB, freeBytes: 100_000 },
    fault: 'DISK-01',
    subject: 'mounted/volumes/windows',
    says: ['purpose: content still to fetch', /needed bytes: \d{6}/, /free bytes: \d+/, /missing bytes: \d+/],
    mended: true,
  },
  {
    title: 'fuller than it says, found out in the middle of a transfer',
    disk: BOASTFUL,
    small: { sizeBytes: 256 * MIB, freeBytes: 300_000 },
    fault: 'DISK-01',
    subject: /_SMSTaskSequence/,
    says: ['ENOSPC'],
    mended: true,
  },
  {
    title: 'write-protected',
    disk: {},
    small: { sizeBytes: 256 * MIB, readOnly: true as const },
    fault: 'DISK-02',
    subject: /_SMSTaskSequence/,
    says: [/native: (EROFS|ENOENT)/],
    mended: true,
  },
])(
  'a disk that is $title: told, nothing lost, and the next run goes on',
  async ({ disk, small, mended, ...told }) => {
    const place = await world.lay({ worn: true, disk });
    let before = 0;
    const { first, second, after } = await runTwice(place, small, () => {
      before = world.answeredWell().length;
    });
    expectRefusal(first, { exitCode: 50, ...told });
    if (!mended) return expectRefusal(second, { exitCode: 50, ...told });
    expect(second).toMatchObject({ code: 3 });
    const [earlier, later] = [world.answeredWell().slice(0, before), world.answeredWell().slice(before)];
    const again = later.filter(one =>
      earlier.some(other => other.path === one.path && other.range === one.range),
    );
    // Of what was on its way when the disk was full one piece at most has nowhere been kept.
    expect(again.length).toBeLessThanOrEqual(1);
    const applied = snapshotOf(path.join(after, 'volumes/windows'));
    for (const [name, digest] of Object.entries(snapshotOf(world.site.osTree)))
      expect(applied[name], name).toBe(digest);
  },
);

test('a file of 5 GiB for a cache on FAT32: refused by its name before a byte of content is fetched', async () => {
  const volume = { fileSystem: 'FAT32', freeBytes: 2 ** 40, sizeBytes: 2 ** 40 };
  const chunks = { count: 20_480, sha256: 'b'.repeat(64) };
  await playCase(world, {
    title: 'a cache on FAT32',
    world: {
      worn: true,
      disk: { 'machine.json': { volumes: { windows: volume } } },
      item: {
        id: 'CON00006',
        manifest: manifest => ({
          ...manifest,
          files: [{ path: 'sub/huge.wim', size: 5 * 2 ** 30, sha256: 'a'.repeat(64), chunks }],
        }),
      },
    },
    exitCode: 50,
    fault: 'DISK-07',
    subject: 'CON00006 sub/huge.wim',
    says: ['expected: at most 4294967295 bytes', 'found: 5368709120 bytes'],
    unchanged: 'outside-cache',
  });
  expect(world.answeredWell().filter(({ path: name }) => !name.endsWith('/manifest.json'))).toEqual([]);
});
