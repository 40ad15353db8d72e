// Shares that hang, really: a pipe that nobody writes to holds its reader in the kernel as a share does whose server has gone.
import { execFileSync } from 'node:child_process';
import { mkdir, open, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { spawnWorker } from '../../agent/content/spawn-worker.ts';
import { openThreadPool } from '../../agent/content/thread-pool.ts';
import { acquire } from '../../agent/distribution/acquire.ts';
import { openSource } from '../../agent/distribution/open-source.ts';
import { openShareGate } from '../../agent/distribution/share-gate.ts';
import { systemClock } from '../../agent/progress/clock.ts';
import { acquireWorld, differences, filesBelow, publishItem } from '../support/content-kit.ts';
import { seeded } from '../support/seeded.ts';
import { faultOf, impatient, openTestSource } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';

const ground = tempFolder('share-gate');
const files = Object.fromEntries(
  Array.from({ length: 4 }, (_, at) => [`${at}.txt`, Buffer.from(`file ${at}`)]),
);

let plays = 0;
let here: string;
let pipes: string[];
beforeEach(async () => {
  here = path.join(ground, `${++plays}`);
  pipes = [];
  await mkdir(path.join(here, 'volume'), { recursive: true });
});
/** Lets every reader go that still waits, or the test itself would not end. */
const release = async (): Promise<void> => {
  for (const pipe of pipes.splice(0)) await (await open(pipe, 'r+')).close();
};
afterEach(release);

/** A published item whose files hang when they are opened. */
async function hanging(folder: string) {
  const item = await publishItem(path.join(here, folder), files);
  const place = path.join(here, folder, 'content/ABC00012/1/files');
  for (const name of Object.keys(files)) {
    const pipe = path.join(place, name);
    execFileSync('sh', ['-c', 'rm "$1" && mkfifo "$1"', 'sh', pipe]);
    pipes.push(pipe);
  }
  return item;
}

const source = (folder: string, priority = 1) => openTestSource(path.join(here, folder), { priority });
const a = 'content/ABC00012/1/files/0.txt';

it('a read that does not come back is given up by name: NET-05', async () => {
  await hanging('dp');
  const begun = performance.now();
  const fault = await faultOf(source('dp').read(a, { expectedSize: 6 }));
  expect(fault).toMatchObject({ code: 'NET-05', detail: { stallTimeoutMs: 400 } });
  expect(performance.now() - begun).toBeLessThan(2000);
});

it('is not asked again as long as it hangs, and again when it has come back', async () => {
  await hanging('dp');
  await writeFile(path.join(here, 'dp/whole.txt'), 'whole');
  const share = source('dp');
  await faultOf(share.read(a, { expectedSize: 6 }));
  const begun = performance.now();
  expect((await faultOf(share.readDocument('whole.txt', { maxBytes: 9 }))).code).toBe('NET-05');
  expect(performance.now() - begun).toBeLessThan(200);
  await release();
  await expect
    .poll(() =>
      share.readDocument('whole.txt', { maxBytes: 9 }).then(
        bytes => Buffer.from(bytes).toString(),
        () => undefined,
      ),
    )
    .toBe('whole');
});

it('ends at once when the run is stopped', async () => {
  await hanging('dp');
  const stop = new AbortController();
  const reading = faultOf(source('dp').read(a, { expectedSize: 6, signal: stop.signal }));
  setTimeout(() => stop.abort(), 20);
  const begun = performance.now();
  expect((await reading).code).toBe('STOP-01');
  expect(performance.now() - begun).toBeLessThan(300);
});

it('an item comes from the next source when a share hangs', async () => {
  const item = await hanging('dp');
  await publishItem(path.join(here, 'good'), files);
  const world = acquireWorld(path.join(here, 'volume'), [source('dp', 0), source('good', 1)]);
  const acquired = await acquire(item, world);
  expect(differences(await filesBelow(world.layout.item('ABC00012')), files)).toEqual([]);
  expect(Object.keys(acquired.bySource)).toEqual([path.join(here, 'good')]);
});

it('however many shares hang, threads stay for the local disk', async () => {
  await hanging('one');
  await hanging('two');
  const world = { settings: impatient, clock: systemClock, random: () => 0.5, gate: openShareGate() };
  const [one, two] = ['one', 'two'].map((folder, priority) =>
    openSource({ url: path.join(here, folder), priority }, world),
  );
  const reads = [one, one, one, one, two, two, two, two].map((share, at) =>
    faultOf(share!.read(`content/ABC00012/1/files/${at}.txt`, { expectedSize: 6 })),
  );
  expect((await Promise.all(reads)).map(({ code }) => code)).toEqual(Array(8).fill('NET-05'));
  // node:fs has four threads, and here is one.
  await writeFile(path.join(here, 'local.txt'), 'written');
});

it('what only waits for its turn has not stalled', async () => {
  const reads = openShareGate().forSource({ stallTimeoutMs: 150 });
  const slow = Array.from({ length: 9 }, (_, at) =>
    reads.run(`${at}`, async () => {
      await wait(100);
      return at;
    }),
  );
  // The last three begin when twice the patience is over.
  expect(await Promise.all(slow)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
});

it('a large file of a share that hangs leaves no worker behind that could not be ended', async () => {
  const large = { 'large.bin': seeded(9).bytes(40_000_000) };
  const item = await publishItem(path.join(here, 'dp'), large);
  await publishItem(path.join(here, 'good'), large);
  const pipe = path.join(here, 'dp/content/ABC00012/1/files/large.bin');
  execFileSync('sh', ['-c', 'rm "$1" && mkfifo "$1"', 'sh', pipe]);
  pipes.push(pipe);
  const pool = openThreadPool({ size: 2, spawn: spawnWorker });
  const world = acquireWorld(path.join(here, 'volume'), [source('dp', 0), source('good', 1)], { pool });
  await acquire(item, world);
  await pool.close();
  expect(differences(await filesBelow(world.layout.item('ABC00012')), large)).toEqual([]);
});
