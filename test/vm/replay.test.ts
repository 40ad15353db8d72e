import { appendFileSync, copyFileSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { type CrashImage, crashImages } from '../../scripts/vm/disk/crash-images.mjs';
import { drawCrashPoints } from '../../scripts/vm/disk/crash-points.mjs';
import { seededRandom } from '../../scripts/vm/disk/seeded-random.mjs';
import type { CutPolicy } from '../../scripts/vm/disk/surviving-writes.mjs';
import { openVolatileDisk } from '../../scripts/vm/disk/volatile-disk.mjs';
import { type ReadLog, readWriteLog } from '../../scripts/vm/disk/write-log.mjs';
import { seeded } from '../support/seeded.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { FLUSH, openNbd, type Request } from './nbd-client.ts';
import { contentsOf, contentsOfFile, drawChange, filled, SECTOR, sectorHistory } from './sector-history.ts';

const folder = tempFolder('replay');
const at = (name: string): string => path.join(folder, name);
const SECTORS = 2700;

interface Run {
  readonly log: string;
  readonly base: string;
  /** What was asked, one for each entry of the log; a mark is its text. */
  readonly asked: readonly (Request | string)[];
}

/** A run by an NBD client, with marks in between, over a base that is full of ones. */
async function record(seed: number, steps: number): Promise<Run> {
  const base = at(`base-${seed}.img`);
  writeFileSync(base, filled(SECTORS, 1));
  const log = at(`run-${seed}.log`);
  const disk = await openVolatileDisk({ base, image: at('running.img'), socket: at('nbd.sock'), log });
  const client = await openNbd(at('nbd.sock'));
  const random = seeded(seed);
  const asked: (Request | string)[] = [];
  for (let step = 0; step < steps; step += 1) {
    if (random.int(8) === 0) {
      const text = `step ${step}: ü\n`;
      disk.mark(text);
      asked.push(text);
      continue;
    }
    const request = drawChange(random, SECTORS, step + 2);
    expect((await client.ask(request)).error).toBe(0);
    asked.push(request);
  }
  await disk.cut('none');
  return { log, base, asked };
}

/** The oracle: what the disk may hold when the first things have happened; asked for ever later points. */
function historyOf(run: Run): (point: number) => ReturnType<typeof sectorHistory> {
  const history = sectorHistory(SECTORS);
  history.did({ command: 1, data: filled(SECTORS, 1) });
  history.did({ command: FLUSH });
  let happened = 0;
  return point => {
    for (; happened < point; happened += 1) {
      const thing = run.asked[happened]!;
      if (typeof thing !== 'string') history.did(thing);
    }
    return history;
  };
}

/** Looks at each image while it is there. */
async function eachImage(
  options: {
    readonly run: Run;
    readonly points: readonly number[];
    readonly policy?: CutPolicy;
    readonly seed?: number;
  },
  look: (image: CrashImage) => void,
): Promise<void> {
  const { run, points, policy, seed = 1 } = options;
  const { log, base } = run;
  const making = {
    log,
    base,
    points,
    seed,
    folder: at('images'),
    ...(policy === undefined ? {} : { policy }),
  };
  for await (const image of crashImages(making)) {
    look(image);
    image.remove();
  }
}

test('a log has what was asked of the disk, in order, with the bytes and the marks', async () => {
  const { log, asked } = await record(1, 200);
  const { entries, sizeBytes } = readWriteLog(log);
  expect(sizeBytes).toBe(SECTORS * SECTOR);
  const file = readFileSync(log);
  const told = entries.map(({ kind, offset, length, fua, at: place, text }) => {
    if (kind === 'mark') return text;
    if (kind === 'flush') return 'flush';
    const value = kind === 'write' ? contentsOf(file.subarray(place, place + length))[0] : 0;
    return { offset, length, value, fua };
  });
  expect(told).toEqual(
    asked.map(thing => {
      if (typeof thing === 'string') return thing;
      if (thing.command === FLUSH) return 'flush';
      const { offset, data, flags } = thing;
      const value = data === undefined ? 0 : contentsOf(data)[0];
      return { offset, length: data?.length ?? thing.length, value, fua: flags === 1 };
    }),
  );
  const times = entries.map(({ timeMs }) => timeMs);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
});

test.each<{ policy: CutPolicy }>([{ policy: 'none' }, { policy: 'all' }, { policy: 'mixed' }])(
  "the image of every point of a run, with '$policy', is one that a cut at that moment may leave",
  async ({ policy }) => {
    for (const seed of [2, 3]) {
      const run = await record(seed, 60);
      const historyAt = historyOf(run);
      const points = Array.from({ length: run.asked.length + 1 }, (_, point) => point);
      const seen: number[] = [];
      await eachImage({ run, points, policy }, ({ file, point, marksBefore }) => {
        seen.push(point);
        const history = historyAt(point);
        const impossible = contentsOfFile(file).flatMap((value, sector) => {
          const allowed =
            policy === 'none'
              ? [history.durable(sector)]
              : policy === 'all'
                ? [history.newest(sector)]
                : history.possible(sector);
          return allowed.includes(value) ? [] : [{ seed, point, sector, value, allowed }];
        });
        expect(impossible).toEqual([]);
        expect(marksBefore).toEqual(run.asked.slice(0, point).filter(thing => typeof thing === 'string'));
      });
      expect(seen).toEqual(points);
    }
  },
);

test('an image made on the way equals the one made alone, and another seed makes another', async () => {
  const run = await record(4, 150);
  const points = [17, 60, 61, 99, 140];
  const together = new Map<number, Buffer>();
  await eachImage({ run, points: points.toReversed() }, image => {
    together.set(image.point, readFileSync(image.file));
  });
  expect([...together.keys()]).toEqual(points);
  let differing = 0;
  for (const point of points) {
    await eachImage({ run, points: [point] }, image => {
      expect(readFileSync(image.file).equals(together.get(point)!)).toBe(true);
    });
    await eachImage({ run, points: [point], seed: 2 }, image => {
      if (!readFileSync(image.file).equals(together.get(point)!)) differing += 1;
    });
  }
  expect(differing).toBeGreaterThan(2);
});

test('of a run that was killed the log is read up to its last whole record', async () => {
  const { log } = await record(5, 60);
  const whole = readWriteLog(log).entries;
  const lastWrite = whole.findLastIndex(({ kind }) => kind === 'write');
  const cut = at('cut.log');
  copyFileSync(log, cut);
  truncateSync(cut, whole[lastWrite]!.at + 100);
  expect(readWriteLog(cut).entries).toEqual(whole.slice(0, lastWrite));
  truncateSync(cut, whole[lastWrite]!.at - 3);
  expect(readWriteLog(cut).entries).toEqual(whole.slice(0, lastWrite));
});

test('what is no log, or a damaged one, is not replayed', async () => {
  const { log, base } = await record(6, 20);
  expect(() => readWriteLog(base)).toThrow(/is no log of a disk/);
  appendFileSync(log, Buffer.alloc(64, 0xff));
  expect(() => readWriteLog(log)).toThrow(/no record begins at byte \d+/);
});

/** A run that was never made: bursts of writes with long pauses, and promises here and there. */
function burstyLog(): ReadLog {
  const entries: ReadLog['entries'][number][] = [];
  const entry = { offset: 0, length: SECTOR, fua: false, at: 0 };
  for (let burst = 0; burst < 20; burst += 1) {
    for (let write = 0; write < 400; write += 1)
      entries.push({ ...entry, kind: 'write', timeMs: burst * 1000 + write / 10 });
    entries.push({ ...entry, kind: 'flush', timeMs: burst * 1000 + 50 });
    // Most of the time little happens.
    for (let tick = 1; tick < 10; tick += 1)
      entries.push({ ...entry, kind: 'write', timeMs: burst * 1000 + 50 + tick * 100 });
    entries.push({ ...entry, kind: 'mark', timeMs: burst * 1000 + 990, text: `burst ${burst}` });
  }
  return { file: 'nowhere', sizeBytes: SECTOR, entries };
}

test('points lie in bursts, in pauses and after promises, all over the run, and are the same for a seed', () => {
  const log = burstyLog();
  const points = drawCrashPoints(log, { count: 200, random: seededRandom(1) });
  expect(points).toHaveLength(200);
  expect(new Set(points).size).toBe(200);
  expect(points).toEqual(points.toSorted((a, b) => a - b));
  expect(points.at(0)).toBeGreaterThanOrEqual(0);
  expect(points.at(-1)).toBeLessThanOrEqual(log.entries.length);
  const last = points.filter(point => point > 0).map(point => log.entries[point - 1]!);
  // Each of the 20 promises is tried; pauses have 4% of the entries and 95% of the time.
  expect(new Set(last.flatMap(({ text }) => text ?? [])).size).toBe(20);
  const inPauses = last.filter(({ kind, timeMs }) => kind === 'write' && timeMs % 1000 > 50).length;
  const inBursts = last.filter(({ kind, timeMs }) => kind === 'write' && timeMs % 1000 < 50).length;
  expect(inPauses).toBeGreaterThan(40);
  expect(inBursts).toBeGreaterThan(60);
  for (let burst = 0; burst < 20; burst += 1)
    expect(last.filter(({ timeMs }) => Math.floor(timeMs / 1000) === burst).length).toBeGreaterThan(4);
  expect(drawCrashPoints(log, { count: 200, random: seededRandom(1) })).toEqual(points);
  expect(drawCrashPoints(log, { count: 200, random: seededRandom(2) })).not.toEqual(points);
});

test('of a short run, or a part of one, all points are drawn and none beyond', () => {
  const log = burstyLog();
  const within = drawCrashPoints(log, { count: 500, random: seededRandom(1), from: 100, to: 130 });
  expect(within).toEqual(Array.from({ length: 31 }, (_, point) => 100 + point));
  const nothing: ReadLog = { ...log, entries: [] };
  expect(drawCrashPoints(nothing, { count: 5, random: seededRandom(1) })).toEqual([0]);
});

test('images are removed by who looked at them, and the durable one with the last', async () => {
  const run = await record(7, 40);
  const { log, base } = run;
  const images: CrashImage[] = [];
  for await (const image of crashImages({ log, base, points: [10, 20], seed: 1, folder: at('few') }))
    images.push(image);
  expect(images.map(({ file }) => statSync(file).size)).toEqual([SECTORS * SECTOR, SECTORS * SECTOR]);
  for (const image of images) image.remove();
  expect(statSync(at('few')).isDirectory()).toBe(true);
  expect(() => statSync(at('few/durable.img'))).toThrow(/ENOENT/);
});
