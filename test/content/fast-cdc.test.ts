import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { AVERAGE_CHUNK_BYTES, MAX_CHUNK_BYTES, MIN_CHUNK_BYTES } from '../../agent/content/chunking.ts';
import { openCutter } from '../../agent/content/fast-cdc.ts';
import { seeded } from '../support/seeded.ts';

const cutter = openCutter();

/** Lengths of all chunks of `bytes`. */
function cutAll(bytes: Uint8Array): number[] {
  const lengths: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = cutter.cut(bytes, at, bytes.length);
    lengths.push(length);
    at += length;
  }
  return lengths;
}

function digests(bytes: Uint8Array): string[] {
  let at = 0;
  return cutAll(bytes).map(length => {
    at += length;
    return createHash('sha256')
      .update(bytes.subarray(at - length, at))
      .digest('hex');
  });
}

const random = seeded(7).bytes(16 * 1024 * 1024);

describe('content-defined cuts', () => {
  it('keep the sizes of the format: all but the last chunk between least and most, near the average', () => {
    const lengths = cutAll(random);
    expect(Math.min(...lengths.slice(0, -1))).toBeGreaterThan(MIN_CHUNK_BYTES);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(MAX_CHUNK_BYTES);
    const average = random.length / lengths.length;
    expect(average).toBeGreaterThan(AVERAGE_CHUNK_BYTES * 0.9);
    expect(average).toBeLessThan(AVERAGE_CHUNK_BYTES * 1.3);
  });

  it('lie where they have always lain: published chunks stay reusable by later versions', () => {
    const shape = createHash('sha256').update(cutAll(random).join()).digest('hex');
    expect(shape).toBe('9b873fcc7dde257bc85e6c465c94346655666d31de98130bb8a089bb73c2e13f');
  });

  it('move only beside an insertion, a removal or a change', () => {
    const inserted = Buffer.concat([
      random.subarray(0, 5_000_000),
      Buffer.from('inserted'),
      random.subarray(5_000_000),
    ]);
    const removed = Buffer.concat([random.subarray(0, 9_000_000), random.subarray(9_000_100)]);
    const before = new Set(digests(random));
    for (const after of [inserted, removed]) {
      const fresh = digests(after).filter(digest => !before.has(digest));
      expect(fresh.length).toBeLessThanOrEqual(4);
    }
  });

  it('are forced at the most bytes where the content never suggests one', () => {
    expect(cutAll(Buffer.alloc(600_000))).toEqual([
      MAX_CHUNK_BYTES,
      MAX_CHUNK_BYTES,
      600_000 - 2 * MAX_CHUNK_BYTES,
    ]);
  });

  it('leave short input whole and empty input alone', () => {
    expect(cutAll(random.subarray(0, 1))).toEqual([1]);
    expect(cutAll(random.subarray(0, MIN_CHUNK_BYTES))).toEqual([MIN_CHUNK_BYTES]);
    expect(cutter.cut(random, 5, 5)).toBe(0);
  });

  it('do not depend on where in a buffer the chunk begins', () => {
    const shifted = Buffer.concat([Buffer.alloc(12_345, 'x'), random.subarray(0, 1_000_000)]);
    expect(cutter.cut(shifted, 12_345, shifted.length)).toBe(cutter.cut(random, 0, 1_000_000));
  });
});
