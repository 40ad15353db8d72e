// What a publish lays beside plain files: packs that anybody can read with zstd alone, as long as somebody wants them.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { at } from '../../scripts/setup/place.mjs';
import type { Files } from '../support/content-kit.ts';
import { type PackedPoint, type PackedVersion, packedPoint } from '../support/packed-point.ts';
import { seeded } from '../support/seeded.ts';
import { tempFolder } from '../support/temp-folder.ts';

const ground = tempFolder('publish-packs');
const { bytes: noise } = seeded(3);
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** A package from npm as it is: typings, small modules, some that are large. */
const release: Files = Object.fromEntries(
  readdirSync(at('node_modules/undici'), { recursive: true, withFileTypes: true })
    .filter(each => each.isFile())
    .map(({ parentPath, name }) => path.join(parentPath, name))
    .map(full => [
      path.relative(at('node_modules/undici'), full).split(path.sep).join('/'),
      readFileSync(full),
    ]),
);
const next: Files = {
  ...release,
  'archive.zip': noise(3_000_000),
  'package.json': Buffer.from(release['package.json']!.toString().replace('undici', 'undici-next')),
};

let count = 0;
let dp: PackedPoint;
let first: PackedVersion;
let second: PackedVersion;
beforeAll(async () => {
  dp = packedPoint(path.join(ground, 'npm'));
  first = await dp.publish('1', release);
  second = await dp.publish('2', next);
});
const fresh = (): PackedPoint => packedPoint(path.join(ground, `point-${++count}`));

interface ReadFrame {
  readonly raw: Buffer;
  readonly units: readonly number[];
}

/** By docs/formats.md, with nothing of the agent's. */
function readPack(pack: string, older?: PackedVersion): readonly ReadFrame[] {
  const index = zstdDecompressSync(readFileSync(`${pack}.idx`));
  const bytes = readFileSync(pack);
  expect(index.toString('latin1', 0, 8)).toBe('PSTGPACK');
  expect(index.readBigUInt64LE(16)).toBe(BigInt(bytes.length));
  const frames: ReadFrame[] = [];
  let [entry, offset] = [28, 0];
  for (let frame = 0; frame < index.readUInt32LE(24); frame++) {
    const [packed, raw, runs, segments] = [0, 4, 8, 12].map(each => index.readUInt32LE(entry + each));
    entry += 16;
    const units: number[] = [];
    for (let run = 0; run < runs!; run++, entry += 8)
      for (let unit = 0; unit < index.readUInt32LE(entry + 4); unit++)
        units.push(index.readUInt32LE(entry) + unit);
    const pieces: Buffer[] = [];
    for (let segment = 0; segment < segments!; segment++, entry += 16) {
      const file = older!.manifest.files[index.readUInt32LE(entry)]!;
      const from = Number(index.readBigUInt64LE(entry + 4));
      const plain = readFileSync(path.join(older!.folder, 'files', file.path));
      pieces.push(plain.subarray(from, from + index.readUInt32LE(entry + 12)));
    }
    const dictionary = Buffer.concat(pieces);
    if (segments! > 0) {
      expect(sha256(dictionary)).toBe(index.toString('hex', entry, entry + 32));
      entry += 32;
    }
    const inflated = zstdDecompressSync(
      bytes.subarray(offset, offset + packed!),
      segments! > 0 ? { dictionary } : {},
    );
    expect(inflated.length).toBe(raw);
    frames.push({ raw: inflated, units });
    offset += packed!;
  }
  expect([entry, offset]).toEqual([index.length, bytes.length]);
  return frames;
}

/** Digest and length of each unit, by its number. */
function unitsOf({ manifest, folder }: PackedVersion): readonly { digest: string; length: number }[] {
  return manifest.files.flatMap(({ size, sha256: digest, chunks }) => {
    if (chunks === undefined) return [{ digest, length: size }];
    const index = readFileSync(path.join(folder, 'chunks', `${digest}.chunks`));
    return Array.from({ length: chunks.count }, (_, n) => ({
      length: index.readUInt32LE(24 + n * 36),
      digest: index.toString('hex', 28 + n * 36, 60 + n * 36),
    }));
  });
}

function expectUnits(frames: readonly ReadFrame[], version: PackedVersion): readonly string[] {
  const all = unitsOf(version);
  return frames.flatMap(({ raw, units }) => {
    let at = 0;
    return units.map(unit => {
      const { digest, length } = all[unit]!;
      expect(sha256(raw.subarray(at, at + length))).toBe(digest);
      at += length;
      return digest;
    });
  });
}

describe('packs', () => {
  it('of a first version hold each of its units once, and stand for less than half of its bytes', () => {
    expect(readdirSync(path.join(first.folder, 'packs')).toSorted()).toEqual([
      'full.pack',
      'full.pack.idx',
      'manifest.pack',
    ]);
    const found = expectUnits(readPack(path.join(first.folder, 'packs/full.pack')), first);
    const wanted = new Set(unitsOf(first).flatMap(({ digest, length }) => (length > 0 ? [digest] : [])));
    expect(found.length).toBe(wanted.size);
    expect(new Set(found)).toEqual(wanted);
    const bytes = first.manifest.files.reduce((sum, { size }) => sum + size, 0);
    expect(statSync(path.join(first.folder, 'packs/full.pack')).size).toBeLessThan(bytes / 2);
  });

  it('from the version before hold only what that has not, compressed with pieces of it', () => {
    const pack = path.join(second.folder, 'packs/from-1.pack');
    expect(expectUnits(readPack(pack, first), second)).toEqual([sha256(next['package.json']!)]);
    expect(statSync(pack).size).toBeLessThan(150);
  });

  it('leave out what does not compress', () => {
    const held = new Set(expectUnits(readPack(path.join(second.folder, 'packs/full.pack')), second));
    const archive = second.manifest.files.findIndex(({ path: name }) => name === 'archive.zip');
    const before = unitsOf({
      ...second,
      manifest: { ...second.manifest, files: second.manifest.files.slice(0, archive) },
    });
    const chunks = unitsOf(second).slice(
      before.length,
      before.length + second.manifest.files[archive]!.chunks!.count,
    );
    expect(chunks.length).toBeGreaterThan(20);
    expect(chunks.filter(({ digest }) => held.has(digest))).toEqual([]);
  });

  it('are made from the two versions before', async () => {
    const point = fresh();
    for (const version of ['1', '2', '3']) await point.publish(version, { 'a.txt': Buffer.from(version) });
    const { folder } = await point.publish('4', { 'a.txt': Buffer.from('4') });
    expect(readdirSync(path.join(folder, 'packs')).toSorted()).toEqual([
      'from-2.pack',
      'from-2.pack.idx',
      'from-3.pack',
      'from-3.pack.idx',
      'full.pack',
      'full.pack.idx',
    ]);
  });

  it('are not made where nobody wants them, and made later with --rehash', async () => {
    const point = fresh();
    const files = { 'a.txt': Buffer.from('a') };
    const { folder, outcome } = await point.publish('1', files, { packs: false });
    expect([outcome, existsSync(path.join(folder, 'packs'))]).toEqual(['published', false]);
    expect((await point.publish('1', files)).outcome).toBe('unchanged');
    expect((await point.publish('1', files, { rehash: true, packs: false })).outcome).toBe('unchanged');
    expect(existsSync(path.join(folder, 'packs'))).toBe(false);
    expect((await point.publish('1', files, { rehash: true })).outcome).toBe('mended');
    expect(readdirSync(path.join(folder, 'packs')).toSorted()).toEqual(['full.pack', 'full.pack.idx']);
    expect((await point.publish('1', files, { rehash: true })).outcome).toBe('unchanged');
    expect(readdirSync(path.dirname(folder))).toEqual(['1']);
  });

  it('that are damaged are made anew with --rehash', async () => {
    const point = fresh();
    await point.publish('1', { 'a.txt': Buffer.from('a'.repeat(5000)) });
    const files = { 'a.txt': Buffer.from('b'.repeat(5000)) };
    const { folder } = await point.publish('2', files);
    const packs = ['full.pack', 'from-1.pack.idx'].map(name => path.join(folder, 'packs', name));
    const bytes = packs.map(pack => readFileSync(pack));
    writeFileSync(packs[0]!, 'rotten');
    rmSync(packs[1]!);
    // A version that came later is no older one.
    await point.publish('3', { 'a.txt': Buffer.from('c'.repeat(5000)) });
    expect((await point.publish('2', files, { rehash: true })).outcome).toBe('mended');
    expect(readFileSync(packs[0]!)).toEqual(bytes[0]);
  });

  it('from a version that is gone by now stay when the others are made anew', async () => {
    const point = fresh();
    const old = await point.publish('1.0.9', { 'a.txt': Buffer.from('a'.repeat(5000)) });
    const files = { 'a.txt': Buffer.from('b'.repeat(5000)) };
    const { folder } = await point.publish('1.1', files);
    const names = readdirSync(path.join(folder, 'packs')).toSorted();
    expect(names).toContain('from-1.0.9.pack');
    rmSync(old.folder, { recursive: true });
    writeFileSync(path.join(folder, 'packs', 'full.pack'), 'rotten');
    expect((await point.publish('1.1', files, { rehash: true })).outcome).toBe('mended');
    expect(readdirSync(path.join(folder, 'packs')).toSorted()).toEqual(names);
    expect((await point.publish('1.1', files, { rehash: true })).outcome).toBe('unchanged');
  });

  it('are made without an older version whose manifest or index is damaged', async () => {
    const point = fresh();
    const old = await point.publish('1', { 'a.bin': noise(300_000) });
    const [index] = readdirSync(path.join(old.folder, 'chunks'));
    writeFileSync(path.join(old.folder, 'chunks', index!), 'rotten');
    const { folder } = await point.publish('2', { 'a.bin': noise(300_000) });
    expect(readdirSync(path.join(folder, 'packs')).toSorted()).toEqual(['full.pack', 'full.pack.idx']);
  });

  it('hold the manifest as a difference from that of each version that there is a pack from', () => {
    const manifest = ({ folder }: PackedVersion): Buffer => readFileSync(path.join(folder, 'manifest.json'));
    const difference = readFileSync(path.join(second.folder, 'packs/manifest-from-1.pack'));
    const inflated = zstdDecompressSync(difference, { dictionary: manifest(first) });
    expect(inflated).toEqual(manifest(second));
    expect(difference.length).toBeLessThan(500);
  });

  it('hold the manifest of many files compressed, and make it anew when it is damaged', async () => {
    const point = fresh();
    const files = Object.fromEntries(
      Array.from({ length: 700 }, (_, n) => [`folder/file ${n}.txt`, Buffer.from(`${n}`)]),
    );
    const { folder } = await point.publish('1', files);
    const packed = path.join(folder, 'packs', 'manifest.pack');
    const plain = readFileSync(path.join(folder, 'manifest.json'));
    expect(zstdDecompressSync(readFileSync(packed))).toEqual(plain);
    expect(statSync(packed).size).toBeLessThan(plain.length / 2);
    writeFileSync(packed, 'rotten');
    expect((await point.publish('1', files, { rehash: true })).outcome).toBe('mended');
    expect(zstdDecompressSync(readFileSync(packed))).toEqual(plain);
  });
});
