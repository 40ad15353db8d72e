// The format of packs: what is written is read back, frames find what an older version has, and an index or frame that lies is refused by name.
import { createHash } from 'node:crypto';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type ChunkIndex, viewChunkIndex } from '../../agent/content/chunk-index.ts';
import { CARRY_BYTES, openChunker } from '../../agent/content/chunker.ts';
import { openCutter } from '../../agent/content/fast-cdc.ts';
import type { ManifestFile } from '../../agent/content/manifest.ts';
import { compressFrame, decompressFrame } from '../../agent/content/pack-frame.ts';
import { decodePackIndex, encodePackIndex, maxPackIndexBytes } from '../../agent/content/pack-index.ts';
import { type IndexedVersion, planFullPack, planPackFrom } from '../../agent/content/pack-plan.ts';
import { unitNumbers } from '../../agent/content/pack-units.ts';
import { Fault } from '../../agent/fault/fault.ts';
import { seeded } from '../support/seeded.ts';

const { bytes: noise } = seeded(11);
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

type Files = Readonly<Record<string, Uint8Array>>;

function indexed(files: Files): IndexedVersion {
  const indexes = new Map<string, ChunkIndex>();
  const rows = Object.entries(files).map(([path, bytes]): ManifestFile => {
    const row = { path, size: bytes.length, sha256: sha256(bytes) };
    if (bytes.length <= 256 * 1024) return row;
    const chunker = openChunker(openCutter(), new Uint8Array(CARRY_BYTES));
    chunker.push(bytes);
    const { chunks, index } = chunker.end();
    indexes.set(row.sha256, viewChunkIndex(index, path));
    return { ...row, chunks: { count: chunks, sha256: sha256(index) } };
  });
  return { files: rows, indexes };
}

const faultOf = (work: () => unknown): Fault => {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown;
    throw thrown;
  }
  throw new Error('expected a Fault, found success');
};

const units = 6;
const expected = {
  subject: 'ABC00012 full.pack',
  units,
  lengthOf: (unit: number) => (unit === 5 ? undefined : 100 * (unit + 1)),
  olderSizes: [1000, 50],
};
const dictionary = { segments: [{ file: 0, offset: 10, length: 90 }], sha256: new Uint8Array(32).fill(7) };
const frames = [
  { packedBytes: 120, rawBytes: 300, runs: [{ first: 0, count: 2 }] },
  {
    packedBytes: 400,
    rawBytes: 700,
    runs: [
      { first: 3, count: 1 },
      { first: 2, count: 1 },
    ],
    dictionary,
  },
];

describe('the index of a pack', () => {
  it('is read back as it was written, each frame where the one before it ends', () => {
    const { packBytes, frames: read } = decodePackIndex(encodePackIndex(units, frames), expected);
    expect(packBytes).toBe(520);
    expect(read).toEqual([
      { ...frames[0], offset: 0 },
      { ...frames[1], offset: 120 },
    ]);
  });

  it('takes the word of a frame for units whose length nothing at hand tells', () => {
    const vague = [{ packedBytes: 9, rawBytes: 77, runs: [{ first: 5, count: 1 }] }];
    expect(decodePackIndex(encodePackIndex(units, vague), expected).frames[0]?.rawBytes).toBe(77);
  });

  const plain = zstdDecompressSync(encodePackIndex(units, frames));
  const changed = (at: number, value: number): Uint8Array => {
    const bytes = Buffer.from(plain);
    bytes.writeUInt32LE(value, at);
    return zstdCompressSync(bytes);
  };
  const first = 28;
  const second = first + 16 + 8;
  const hostile: Readonly<Record<string, { readonly index: Uint8Array; readonly field: string }>> = {
    'is nothing': { index: new Uint8Array(), field: 'index' },
    'is not compressed': { index: plain, field: 'index' },
    'is longer than any could be': {
      index: noise(maxPackIndexBytes(units) + 1),
      field: 'length of the index',
    },
    'inflates to more than any could be': { index: zstdCompressSync(new Uint8Array(1e7)), field: 'index' },
    'is another document': { index: changed(0, 1), field: 'form' },
    'is of a later format': { index: changed(8, 2), field: 'version' },
    'is of another version of the item': { index: changed(12, units + 1), field: 'units' },
    'gives the pack another length than its frames have': {
      index: changed(16, 521),
      field: 'length of the pack',
    },
    'gives a length that no number holds': { index: changed(20, 0xffffffff), field: 'number' },
    'has more frames than units': { index: changed(24, units + 1), field: 'frames' },
    'has fewer frames than it says': { index: changed(24, 3), field: 'length of the index' },
    'has something behind its last frame': { index: changed(24, 1), field: 'length of the pack' },
    'has a frame of no bytes': { index: changed(first, 0), field: 'length of a frame' },
    'has a frame that inflates to gigabytes': {
      index: changed(first + 4, 0xffffffff),
      field: 'bytes in a frame',
    },
    'gives a frame another length than its units have': {
      index: changed(first + 4, 301),
      field: 'bytes in a frame',
    },
    'has a frame without units': { index: changed(first + 8, 0), field: 'runs of a frame' },
    'has more runs than it has bytes': { index: changed(second + 8, 6), field: 'length of the index' },
    'has a unit that the version has not': { index: changed(first + 16, units), field: 'first unit' },
    'has a run beyond the last unit': { index: changed(first + 20, units + 1), field: 'units of a run' },
    'has a run of nothing': { index: changed(first + 20, 0), field: 'units of a run' },
    'has one unit twice': { index: changed(second + 16, 1), field: 'unit' },
    'has a dictionary of more pieces than files': {
      index: changed(second + 12, 5000),
      field: 'segments of a dictionary',
    },
    'has a dictionary of a file that the older version has not': {
      index: changed(second + 32, 2),
      field: 'file of a dictionary',
    },
    'has a dictionary from beyond the end of a file': {
      index: changed(second + 36, 950),
      field: 'end of a segment',
    },
    'has a dictionary of nothing': { index: changed(second + 44, 0), field: 'length of a segment' },
    'has a dictionary of gigabytes': {
      index: changed(second + 44, 0xffffffff),
      field: 'length of a segment',
    },
  };
  it.each(Object.entries(hostile))('is refused when it %s', (_name, { index, field }) => {
    const fault = faultOf(() => decodePackIndex(index, expected));
    expect([fault.code, fault.detail.field]).toEqual(['TRUST-17', field]);
  });

  it('may not speak of an older version where there is none', () => {
    const { olderSizes: _, ...without } = expected;
    expect(faultOf(() => decodePackIndex(encodePackIndex(units, frames), without)).detail.field).toBe(
      'file of a dictionary',
    );
  });
});

describe('a frame', () => {
  const words = noise(9000);
  const text = Buffer.from('the same words again and again, '.repeat(2000));

  it('gives its bytes back, with and without a dictionary', () => {
    expect(Buffer.compare(decompressFrame(compressFrame(text, 3), text.length, 'pack'), text)).toBe(0);
    const old = noise(3_000_000);
    const now = Buffer.concat([old.subarray(1_000_000, 1_900_000), noise(1000)]);
    const packed = compressFrame(now, 9, old);
    expect(packed.length).toBeLessThan(5000);
    expect(Buffer.compare(decompressFrame(packed, now.length, 'pack', old), now)).toBe(0);
  });

  it('that inflates past its declared length is refused before it has', () => {
    const bomb = zstdCompressSync(new Uint8Array(100_000_000));
    const before = process.memoryUsage().arrayBuffers;
    const fault = faultOf(() => decompressFrame(bomb, 1000, 'ABC00012 full.pack'));
    expect([fault.code, fault.subject]).toEqual(['TRUST-17', 'ABC00012 full.pack']);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20_000_000);
  });

  it.each([
    ['is too short', compressFrame(text, 3), text.length + 1],
    ['is cut', compressFrame(text, 3).subarray(0, 40), text.length],
    ['is no zstd', noise(100), 100],
    ['wants a dictionary that is not there', compressFrame(words, 3, words), words.length],
  ])('that %s is refused', (_name, packed, length) => {
    expect(faultOf(() => decompressFrame(packed, length, 'pack')).code).toBe('TRUST-17');
  });
});

describe('the frames of a version', () => {
  const program = noise(1_500_000);
  const older: Files = {
    'a/readme.txt': Buffer.from('read me'),
    'a/same.txt': Buffer.from('read me'),
    empty: new Uint8Array(),
    'program.exe': program,
    'z.dll': noise(200_000),
  };
  // As a linker leaves it: everything moved by a little, and addresses in it changed everywhere.
  const relinked = Buffer.concat([noise(40), program]);
  for (let at = 0; at < relinked.length; at += 5000)
    relinked.writeUInt32LE(at, Math.min(at, relinked.length - 4));
  const newer: Files = { ...older, 'program.exe': relinked, 'new.txt': Buffer.from('new') };

  it('hold everything once, in the order of the manifest, small files and chunks apart', () => {
    const version = indexed(older);
    const plan = planFullPack(version);
    const numbers = unitNumbers(version);
    const held = plan.flatMap(({ runs }) =>
      runs.flatMap(({ first, count }) => Array.from({ length: count }, (_, n) => first + n)),
    );
    const names = new Set(held.map(unit => version.files[numbers.placeOf(unit).file]?.path));
    expect([...names]).toEqual(['a/readme.txt', 'program.exe', 'z.dll']);
    expect(held.length).toBe(2 + (version.files[3]?.chunks?.count ?? 0));
    expect(plan.map(({ small }) => small)).toEqual([true, false, false, true]);
    expect(Math.max(...plan.map(({ rawBytes }) => rawBytes))).toBeLessThanOrEqual(1024 * 1024);
  });

  /** The plan of an update, and how long each of its frames gets. */
  function updateOf(newer: Files, older: Files) {
    const [before, now] = [indexed(older), indexed(newer)];
    const plan = planPackFrom(now, before);
    const packed = plan.map(({ parts, dictionary: segments }) => {
      const piece =
        (files: Files, rows: readonly ManifestFile[]) =>
        (part: { file: number; offset: number; length: number }) =>
          files[rows[part.file]?.path ?? '']!.subarray(part.offset, part.offset + part.length);
      const raw = Buffer.concat(parts.map(piece(newer, now.files)));
      return compressFrame(raw, 9, Buffer.concat(segments.map(piece(older, before.files)))).length;
    });
    return { now, plan, packed };
  }

  it('of an update hold only what the older version has not, and are compressed by what it has', () => {
    const { now, plan, packed } = updateOf(newer, older);
    const names = plan.flatMap(({ parts }) => parts.map(({ file }) => now.files[file]?.path));
    expect(new Set(names)).toEqual(new Set(['program.exe', 'new.txt']));
    // Every 64 KiB of it have changed, so that chunks alone would save nothing.
    expect(plan.reduce((sum, { rawBytes }) => sum + rawBytes, 0)).toBeGreaterThan(1_400_000);
    expect(packed.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan(30_000);
  });

  it.each([
    ['renamed, as builds do that put a hash into names', 'program.exe', 'program-1f2e.exe'],
    ['moved into another folder', 'app-1.0/program.exe', 'app-1.1/program.exe'],
  ])('of a file that was %s are compressed by what it was', (_, before, now) => {
    const [others, long] = [noise(300_000), Buffer.concat([relinked, noise(400_000)])];
    const { packed } = updateOf(
      { 'other.exe': others, [now]: long },
      { 'other.exe': others, 'program.txt': noise(400_000), [before]: long.subarray(40) },
    );
    expect(packed.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan(30_000);
  });

  it('of a file that begins with a chunk of its end are compressed by what lies at their place', () => {
    const [first, last] = [noise(3_000_000), noise(1_000_000)];
    const changed = Buffer.from(first);
    for (let at = 0; at < changed.length; at += 5000) changed.writeUInt32LE(at, at);
    const { packed } = updateOf(
      { 'setup.cab': Buffer.concat([last, changed, last]) },
      { 'setup.cab': Buffer.concat([last, first, last]) },
    );
    expect(packed.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan(60_000);
  });
});
