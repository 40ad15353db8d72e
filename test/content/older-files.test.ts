// Which file of an older version a file was made from.
import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { type ChunkIndex, encodeChunkIndex, viewChunkIndex } from '../../agent/content/chunk-index.ts';
import { openOlderFiles } from '../../agent/content/older-files.ts';
import type { IndexedVersion } from '../../agent/content/pack-plan.ts';

/** Files by path: how long they are, or, where they are large, the names of their chunks. */
type Described = Readonly<Record<string, number | readonly string[]>>;
const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();

let digestsRead = 0;

function versionOf(described: Described): IndexedVersion {
  const indexes = new Map<string, ChunkIndex>();
  const files = Object.entries(described).map(([path, what], at) => {
    const id = sha256(`${at} ${path} ${JSON.stringify(what)}`).toString('hex');
    if (typeof what === 'number') return { path, size: what, sha256: id };
    const encoded = encodeChunkIndex(what.map(name => ({ lengthBytes: 70_000, sha256: sha256(name) })));
    const index = viewChunkIndex(encoded, path);
    indexes.set(id, {
      ...index,
      digest(chunk) {
        digestsRead++;
        return index.digest(chunk);
      },
    });
    const chunks = { count: what.length, sha256: sha256('index').toString('hex') };
    return { path, size: 70_000 * what.length, sha256: id, chunks };
  });
  return { files, indexes };
}

function olderOf(path: string, now: Described, before: Described): string | undefined {
  const [version, older] = [versionOf(now), versionOf(before)];
  const found = openOlderFiles(version, older).olderOf(version.files.findIndex(file => file.path === path));
  return found === undefined ? undefined : older.files[found]?.path;
}

it.each<[string, string, Described, string | undefined]>([
  ['the one of its path', 'a/x.js', { 'a/x.js': 5, 'b/x.js': 5 }, 'a/x.js'],
  ['one that was moved', 'new/x.js', { 'old/x.js': 5, 'old/y.js': 5 }, 'old/x.js'],
  [
    'one with another digest in its name',
    'worker-4f.js',
    { 'worker-77.js': 5, 'other.js': 5 },
    'worker-77.js',
  ],
  ['of several the one of its size', 'chunk-zz.js', { 'chunk-a.js': 900, 'chunk-b.js': 101 }, 'chunk-b.js'],
  ['none of another kind', 'worker-4f.js', { 'worker-77.css': 5 }, undefined],
  ['none that begins alike by chance', 'abc.js', { 'abd.js': 5 }, undefined],
  ['none that is still there', 'worker-4f.js', { 'worker-77.js': 5, 'kept.js': 5 }, 'worker-77.js'],
])('is %s', (_, path, before, expected) => {
  expect(olderOf(path, { [path]: 100, 'kept.js': 5 }, before)).toBe(expected);
});

it('is the one with most of its chunks, whatever it was called', () => {
  const now = { 'setup.cab': ['a', 'b', 'c', 'd'] };
  expect(olderOf('setup.cab', now, { 'setup.old': ['x', 'a'], 'data.bin': ['b', 'c', 'y'] })).toBe(
    'data.bin',
  );
});

it('is looked for once, however many frames a renamed file has', () => {
  const chunks = Array.from({ length: 2000 }, (_, n) => `${n}`);
  const [version, older] = [
    versionOf({ 'image-2606.wim': chunks }),
    versionOf({ 'image-2605.wim': chunks.slice(5) }),
  ];
  const files = openOlderFiles(version, older);
  digestsRead = 0;
  for (let frame = 0; frame < 500; frame++) expect(files.olderOf(0)).toBe(0);
  expect(digestsRead).toBeLessThan(10_000);
});
