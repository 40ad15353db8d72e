// Which ranges are asked for, and how they are dealt out.
import { describe, expect, it } from 'vitest';
import { bytesOf, portionsOf, runsOf } from '../../agent/distribution/chunk-runs.ts';
import { seeded } from '../support/seeded.ts';

const tenEach = {
  offset: (chunk: number) => chunk * 10,
  chunkAt: (offset: number) => Math.floor(offset / 10),
};

describe('runs', () => {
  it.each([
    ['nothing missing', [0, 0, 0], []],
    ['all missing', [1, 1, 1], [{ first: 0, last: 3 }]],
    [
      'neighbours are joined',
      [0, 1, 1, 0, 1],
      [
        { first: 1, last: 3 },
        { first: 4, last: 5 },
      ],
    ],
    ['no chunks at all', [], []],
  ])('%s', (_title, missing, expected) => {
    expect(runsOf(Uint8Array.from(missing))).toEqual(expected);
  });
});

describe('portions', () => {
  it('split a long run between chunks', () => {
    expect(portionsOf([{ first: 0, last: 7 }], tenEach, { bytes: 30, runs: 9 })).toEqual([
      [{ first: 0, last: 3 }],
      [{ first: 3, last: 6 }],
      [{ first: 6, last: 7 }],
    ]);
  });

  it('hold at least one chunk, however small they shall be', () => {
    expect(portionsOf([{ first: 0, last: 2 }], tenEach, { bytes: 1, runs: 9 })).toEqual([
      [{ first: 0, last: 1 }],
      [{ first: 1, last: 2 }],
    ]);
  });

  it('become smaller towards the end, but not too small', () => {
    const shrinking = { toBytes: 30, timesLeft: 2 };
    const portions = portionsOf([{ first: 0, last: 30 }], tenEach, { bytes: 100, runs: 9, shrinking });
    expect(portions.map(portion => bytesOf(portion, tenEach))).toEqual([100, 100, 50, 30, 20]);
  });

  it('are smaller at the beginning, where nobody knows how fast a source is', () => {
    const limits = { bytes: 100, runs: 9, first: { bytes: 20, portions: 2 } };
    const portions = portionsOf([{ first: 0, last: 30 }], tenEach, limits);
    expect(portions.map(portion => bytesOf(portion, tenEach))).toEqual([20, 20, 100, 100, 60]);
  });

  it('hold so many runs and no more', () => {
    const runs = [0, 2, 4, 6, 8].map(first => ({ first, last: first + 1 }));
    expect(portionsOf(runs, tenEach, { bytes: 1000, runs: 2 }).map(portion => portion.length)).toEqual([
      2, 2, 1,
    ]);
  });

  it('cover every run once, in order, whatever the sizes (200 random cases)', () => {
    const { int } = seeded(5);
    for (let play = 0; play < 200; play++) {
      const offsets = [0];
      for (let chunk = 0; chunk < 60; chunk++) offsets.push((offsets.at(-1) ?? 0) + 1 + int(50));
      const index = {
        offset: (chunk: number) => offsets[chunk] ?? Number.NaN,
        chunkAt: (offset: number) => offsets.findLastIndex(begin => begin <= offset),
      };
      const missing = Uint8Array.from({ length: 60 }, () => int(2));
      const limits = { bytes: 1 + int(300), runs: 1 + int(5) };
      const portions = portionsOf(runsOf(missing), index, limits);
      const covered = new Uint8Array(60);
      for (const { first, last } of portions.flat())
        for (let chunk = first; chunk < last; chunk++) covered[chunk] = (covered[chunk] ?? 0) + 1;
      expect(covered).toEqual(missing);
      for (const portion of portions) {
        expect(portion.length).toBeLessThanOrEqual(limits.runs);
        if (portion.length > 1 || (portion[0] && portion[0].last - portion[0].first > 1))
          expect(bytesOf(portion, index)).toBeLessThanOrEqual(limits.bytes + 50);
      }
    }
  });
});
