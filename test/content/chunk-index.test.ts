import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  type Chunk,
  chunkIndexBytes,
  decodeChunkIndex,
  encodeChunkIndex,
  shareChunkIndex,
  viewChunkIndex,
} from '../../agent/content/chunk-index.ts';
import { seeded } from '../support/seeded.ts';

const random = seeded(1);
const chunks: readonly Chunk[] = [16_384, 1, 262_144, 70_000].map(lengthBytes => ({
  lengthBytes,
  sha256: random.bytes(32),
}));
const encoded = encodeChunkIndex(chunks);
const size = 348_529;
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const file = { path: 'install.wim', size, chunks: { count: 4, sha256: sha256(encoded) } };

/** The same index with some bytes changed, and a manifest that vouches for it all the same. */
const altered = (change: (bytes: Buffer) => void) => {
  const bytes = Buffer.from(encoded);
  change(bytes);
  return () => decodeChunkIndex(bytes, { ...file, chunks: { count: 4, sha256: sha256(bytes) } });
};
const contradicts = (field: string) =>
  expect.objectContaining({
    code: 'TRUST-12',
    subject: 'install.wim',
    detail: expect.objectContaining({ field }),
  });

describe('a chunk index', () => {
  it('tells lengths, offsets and digests', () => {
    const index = decodeChunkIndex(encoded, file);
    expect(index.count).toBe(4);
    expect(index.sizeBytes).toBe(size);
    expect([0, 1, 2, 3].map(index.length)).toEqual([16_384, 1, 262_144, 70_000]);
    expect([0, 1, 2, 3, 4].map(index.offset)).toEqual([0, 16_384, 16_385, 278_529, size]);
    expect(index.digestHex(2)).toBe(Buffer.from(chunks[2]!.sha256).toString('hex'));
    expect(Buffer.from(index.digest(3))).toEqual(chunks[3]!.sha256);
  });

  it('finds the chunk that holds a byte', () => {
    const index = viewChunkIndex(encoded, 'x');
    expect([0, 16_383, 16_384, 16_385, 278_528, 278_529, size - 1].map(index.chunkAt)).toEqual([
      0, 0, 1, 2, 2, 3, 3,
    ]);
  });

  it('takes 24 bytes and 36 for each chunk', () => {
    expect(encoded.length).toBe(24 + 4 * 36);
    expect(chunkIndexBytes(4)).toBe(encoded.length);
  });

  it('reads the same from memory that threads share and from the middle of a buffer', () => {
    const shared = shareChunkIndex(viewChunkIndex(encoded, 'x'), 'x');
    expect(shared.bytes.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(shared.digestHex(1)).toBe(viewChunkIndex(encoded, 'x').digestHex(1));
    const inside = Buffer.concat([Buffer.from('abc'), encoded, Buffer.from('def')]).subarray(
      3,
      3 + encoded.length,
    );
    expect(viewChunkIndex(inside, 'x').digestHex(3)).toBe(shared.digestHex(3));
  });

  it('can be of a file beyond 4 GiB', () => {
    const many = Array.from({ length: 20_000 }, () => ({ lengthBytes: 262_144, sha256: new Uint8Array(32) }));
    expect(viewChunkIndex(encodeChunkIndex(many), 'x').offset(20_000)).toBe(5_242_880_000);
  });

  it('with another digest than the manifest names is refused: TRUST-12', () => {
    const bytes = Buffer.from(encoded);
    bytes[40] = bytes[40]! ^ 1;
    expect(() => decodeChunkIndex(bytes, file)).toThrow(contradicts('SHA-256'));
  });

  it.each<[string, string, (bytes: Buffer) => void]>([
    ['another magic', 'form', bytes => bytes.write('X')],
    ['another version', 'version', bytes => bytes.writeUInt32LE(2, 8)],
    ['another count', 'length of the index', bytes => bytes.writeUInt32LE(5, 12)],
    ['a huge count', 'length of the index', bytes => bytes.writeUInt32LE(0xffff_ffff, 12)],
    ['another size', 'sum of lengths', bytes => bytes.writeUInt32LE(1, 16)],
    ['an empty chunk', 'length of chunk 1', bytes => bytes.writeUInt32LE(0, 24 + 36)],
    ['too long a chunk', 'length of chunk 0', bytes => bytes.writeUInt32LE(262_145, 24)],
  ])('with %s is refused although its digest holds: TRUST-12', (_what, field, change) => {
    expect(altered(change)).toThrow(contradicts(field));
  });

  it('of another number of chunks or another size than the manifest names is refused: TRUST-12', () => {
    expect(() => decodeChunkIndex(encoded, { ...file, chunks: { ...file.chunks, count: 5 } })).toThrow(
      contradicts('chunks'),
    );
    expect(() => decodeChunkIndex(encoded, { ...file, size: size + 1 })).toThrow(contradicts('size'));
    expect(() => decodeChunkIndex(encoded, { path: 'install.wim', size })).toThrow(contradicts('chunks'));
  });

  it('cut short anywhere is refused: TRUST-12', () => {
    for (const length of [0, 7, 23, 24, 60, encoded.length - 1]) {
      expect(() => viewChunkIndex(encoded.subarray(0, length), 'install.wim')).toThrow(
        expect.objectContaining({ code: 'TRUST-12' }),
      );
    }
  });
});
