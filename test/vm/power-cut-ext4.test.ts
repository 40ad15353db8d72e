import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { truncateSync, writeFileSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { find } from '../../scripts/setup/program.mjs';
import { drawCrashPoints } from '../../scripts/vm/disk/crash-points.mjs';
import { judgeCrashImages, type Verdict } from '../../scripts/vm/disk/judge-crash-images.mjs';
import { withMountedPartition } from '../../scripts/vm/disk/mounted-partition.mjs';
import { seededRandom } from '../../scripts/vm/disk/seeded-random.mjs';
import { openVolatileDisk, type VolatileDisk } from '../../scripts/vm/disk/volatile-disk.mjs';
import { readWriteLog } from '../../scripts/vm/disk/write-log.mjs';
import { seeded } from '../support/seeded.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { mountOverNbd } from './kernel-on-disk.ts';

const folder = tempFolder('power-cut');
const at = (name: string): string => path.join(folder, name);
const MIB = 1024 * 1024;
const base = at('base.img');
writeFileSync(base, '');
truncateSync(base, 128 * MIB);
execFileSync(find('mke2fs')!, ['-q', '-t', 'ext4', '-F', base]);

/** How a program stores a file: how much of what is right it does. */
interface Way {
  readonly flushFile: boolean;
  readonly flushFolder: boolean;
}

/** Stores files one after the other and promises each to the host when it believes it to be there. */
async function store(root: string, disk: VolatileDisk, way: Way, files: number): Promise<void> {
  const random = seeded(11);
  const place = path.join(root, 'stored');
  await mkdir(place);
  await flush(root);
  for (let number = 0; number < files; number += 1) {
    const bytes = random.bytes(1 + random.int(200_000));
    const name = createHash('sha256').update(bytes).digest('hex');
    const temporary = path.join(place, `${name}.tmp`);
    await writeFile(temporary, bytes);
    if (way.flushFile) await flush(temporary);
    await rename(temporary, path.join(place, name));
    if (way.flushFolder) await flush(place);
    disk.mark(name);
    // Something that nobody promised lies around.
    await writeFile(path.join(place, `${number}.loose`), bytes.subarray(0, 20_000));
  }
}

async function flush(name: string): Promise<void> {
  const handle = await open(name, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** What is wrong with a volume on which `promised` files must lie whole. */
async function judge(root: string, promised: readonly string[]): Promise<readonly string[]> {
  const place = path.join(root, 'stored');
  const names = await readdir(place).catch((): string[] => []);
  const wrong = promised.filter(name => !names.includes(name)).map(name => `${name} is lost`);
  for (const name of names.filter(known => /^[0-9a-f]{64}$/.test(known))) {
    const digest = createHash('sha256')
      .update(await readFile(path.join(place, name)))
      .digest('hex');
    if (digest !== name) wrong.push(`${name} has other bytes`);
  }
  return wrong;
}

/** One run by this way, and what is left of it after power cuts at so many moments. */
async function judgeRun(
  name: string,
  way: Way,
  points: number,
  options?: string,
): Promise<readonly Verdict[]> {
  const log = at(`${name}.log`);
  const disk = await openVolatileDisk({ base, image: at('running.img'), socket: at('nbd.sock'), log });
  const mounted = await mountOverNbd(at('nbd.sock'), folder, options);
  try {
    await store(mounted.root, disk, way, 40);
  } finally {
    await disk.cut('none');
    await mounted.kill();
  }
  const run = readWriteLog(log);
  const first = run.entries.findIndex(({ kind }) => kind === 'mark');
  const drawn = drawCrashPoints(run, { count: points, random: seededRandom(3), from: first });
  return judgeCrashImages(
    { log: run, base, points: drawn, seed: 3, folder: at('images'), type: 'ext4' },
    (root, { marksBefore }) => judge(root, marksBefore),
  );
}

test('files that are flushed, renamed and flushed with their folder are there at every moment after the promise', async () => {
  const verdicts = await judgeRun('right', { flushFile: true, flushFolder: true }, 40);
  expect(verdicts).toHaveLength(40);
  expect(verdicts.filter(({ wrong }) => wrong.length > 0)).toEqual([]);
  // It was not for want of danger: writes were lost, and torn.
  expect(verdicts.some(({ unflushed, kept }) => kept < unflushed)).toBe(true);
  expect(verdicts.some(({ torn }) => torn > 0)).toBe(true);
});

test.each([
  { what: 'a forgotten flush of the folder', way: { flushFile: true, flushFolder: false } },
  { what: 'a forgotten flush of the file', way: { flushFile: false, flushFolder: true } },
])('$what is found', async ({ what, way }) => {
  const verdicts = await judgeRun(what, way, 30);
  expect(
    verdicts.flatMap(({ wrong }) => wrong).filter(sentence => /is lost|other bytes/.test(sentence)),
  ).not.toEqual([]);
});

test('a kernel that sends no flushes loses what it promised', async () => {
  const verdicts = await judgeRun(
    'nobarrier',
    { flushFile: true, flushFolder: true },
    15,
    'noatime,nobarrier',
  );
  expect(verdicts.filter(({ wrong }) => wrong.length > 0).length).toBeGreaterThan(10);
});

test('the disk itself, cut while it is in use, has every promised file when it is mounted again', async () => {
  for (const policy of ['none', 'mixed'] as const) {
    const image = at(`cut-${policy}.img`);
    const disk = await openVolatileDisk({ base, image, socket: at('nbd.sock') });
    const mounted = await mountOverNbd(at('nbd.sock'), folder);
    const promised: string[] = [];
    const storing = store(
      mounted.root,
      { ...disk, mark: name => void promised.push(name) },
      { flushFile: true, flushFolder: true },
      1000,
    ).catch((error: NodeJS.ErrnoException) => error.code);
    await expect.poll(() => promised.length, { timeout: 30_000 }).toBeGreaterThan(12);
    const sure = [...promised];
    await disk.cut(policy, seededRandom(5));
    await mounted.kill();
    expect(await storing).toMatch(/^E/);
    const wrong = await withMountedPartition(image, { type: 'ext4' }, root => judge(root, sure));
    expect(wrong).toEqual([]);
  }
});
