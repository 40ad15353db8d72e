import { createHash } from 'node:crypto';
import { mkdirSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { viewChunkIndex } from '../../agent/content/chunk-index.ts';
import { openInPlacePool } from '../../agent/content/in-place-pool.ts';
import { contentJobs } from '../../agent/content/jobs.ts';
import { spawnWorker } from '../../agent/content/spawn-worker.ts';
import { openThreadPool } from '../../agent/content/thread-pool.ts';
import type { WorkerPool } from '../../agent/content/worker-pool.ts';
import { openDurableFiles } from '../../agent/durable/open-durable-files.ts';
import { Fault } from '../../agent/fault/fault.ts';
import { readChunkIndex } from '../../agent/survey/chunk-indexes.ts';
import { type ItemSurvey, surveyItem } from '../../agent/survey/survey-content.ts';
import { type Item, layTree, makeCache, makeItem, type Tree } from '../support/cache-kit.ts';
import { type Seeded, seeded } from '../support/seeded.ts';
import { tempFolder } from '../support/temp-folder.ts';

const root = tempFolder('survey');
const pool = openThreadPool({ size: 2, spawn: spawnWorker });
afterAll(() => pool.close());
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const random = seeded(11);
const large = random.bytes(3_000_000);
const tree: Tree = {
  'setup.exe': random.bytes(50_000),
  'data/large.cab': large,
  'data/empty.txt': Buffer.alloc(0),
  'a/b/c/ü.txt': Buffer.from('deep'),
};
const total = Object.values(tree).reduce((sum, bytes) => sum + bytes.length, 0);
const item = await makeItem(tree, { pool, scratch: root });
// The next version: something inserted into the large file, the small one renamed, one file new.
const nextTree: Tree = {
  'install.exe': tree['setup.exe']!,
  'data/large.cab': Buffer.concat([
    large.subarray(0, 1_000_000),
    Buffer.from('inserted'),
    large.subarray(1_000_000),
  ]),
  'new.txt': Buffer.from('new'),
};
const next = await makeItem(nextTree, { pool, scratch: root, version: '2.0' });

let count = 0;
/** A cache in which the item lies as `lay` leaves it. */
function cache(lay: Tree = tree, indexesOf: readonly Item[] = [item, next]) {
  count += 1;
  const layout = makeCache(path.join(root, `${count}`), indexesOf);
  const folder = layout.item('CON00012');
  layTree(folder, lay);
  const survey = (
    wanted: Item = item,
    local: Item | undefined = item,
    on: WorkerPool = pool,
  ): Promise<ItemSurvey> =>
    surveyItem({
      reference: wanted.reference,
      manifest: wanted.manifest,
      local,
      layout,
      pool: on,
      readIndex: digest => readChunkIndex(layout, digest),
    });
  return { layout, folder, survey, at: (name: string) => path.join(folder, name) };
}

const stateOf = (survey: ItemSurvey, name: string) => survey.files.find(file => file.path === name);

describe('a surveyed item', () => {
  it('is present when every file matches', async () => {
    const found = await cache().survey();
    expect(found).toMatchObject({
      id: 'CON00012',
      version: '1.0',
      digest: item.reference.digest,
      outcome: 'present',
      totalBytes: total,
      presentBytes: total,
      reusableBytes: 0,
      fetchBytes: 0,
      extra: [],
    });
    expect(found.files.map(file => [file.path, file.state])).toEqual(
      Object.keys(tree)
        .sort()
        .map(name => [name, 'present']),
    );
  });

  it('is missing when nothing lies there, whatever it was laid for', async () => {
    for (const local of [item, next, undefined]) {
      const { layout } = cache({});
      const found = await surveyItem({
        reference: item.reference,
        manifest: item.manifest,
        local,
        layout,
        pool,
        readIndex: digest => readChunkIndex(layout, digest),
      });
      expect(found).toMatchObject({
        outcome: 'missing',
        presentBytes: 0,
        reusableBytes: 0,
        fetchBytes: total,
      });
    }
  });

  it('is damaged when one byte of a small file differs, and names what is there', async () => {
    const { survey, at } = cache();
    const bytes = Buffer.from(tree['setup.exe']!);
    bytes[77] = bytes[77]! ^ 1;
    writeFileSync(at('setup.exe'), bytes);
    const found = await survey();
    expect(found).toMatchObject({ outcome: 'damaged', presentBytes: total - 50_000, fetchBytes: 50_000 });
    expect(stateOf(found, 'setup.exe')).toEqual({
      path: 'setup.exe',
      sizeBytes: 50_000,
      state: 'damaged',
      badRanges: [
        {
          file: 'setup.exe',
          offset: 0,
          length: 50_000,
          expected: sha256(tree['setup.exe']!),
          found: sha256(bytes),
        },
      ],
    });
  });

  it('names the one bad chunk of a large file, and wants no more than that', async () => {
    const { survey, at } = cache();
    const bytes = Buffer.from(large);
    bytes[1_234_567] = bytes[1_234_567]! ^ 1;
    writeFileSync(at('data/large.cab'), bytes);
    const index = viewChunkIndex(item.indexes.get(sha256(large))!, 'x');
    const chunk = index.chunkAt(1_234_567);
    const found = await survey();
    const range = {
      file: 'data/large.cab',
      offset: index.offset(chunk),
      length: index.length(chunk),
      expected: index.digestHex(chunk),
    };
    expect(stateOf(found, 'data/large.cab')?.badRanges).toEqual([
      {
        ...range,
        found: sha256(bytes.subarray(index.offset(chunk), index.offset(chunk) + index.length(chunk))),
      },
    ]);
    expect(found).toMatchObject({
      outcome: 'damaged',
      presentBytes: total - index.length(chunk),
      reusableBytes: 0,
      fetchBytes: index.length(chunk),
    });
  });

  it('without the chunk index finds the whole large file bad', async () => {
    const { survey, at } = cache(tree, []);
    truncateSync(at('data/large.cab'), 2_999_999);
    const found = await survey();
    expect(stateOf(found, 'data/large.cab')).toMatchObject({
      state: 'damaged',
      foundSizeBytes: 2_999_999,
      badRanges: [{ offset: 0, length: 3_000_000 }],
    });
    expect(found.fetchBytes).toBe(3_000_000);
  });

  it('takes a rotten chunk index for none', async () => {
    const { survey, layout } = cache();
    const bytes = Buffer.from(item.indexes.get(sha256(large))!);
    bytes[100] = bytes[100]! ^ 1;
    writeFileSync(layout.chunkIndex(sha256(large)), bytes);
    expect((await survey()).outcome).toBe('present');
  });

  it('tells a file cut short from one that is too long', async () => {
    const { survey, at } = cache();
    truncateSync(at('data/large.cab'), 2_000_000);
    const short = await survey();
    expect(stateOf(short, 'data/large.cab')).toMatchObject({ state: 'damaged', foundSizeBytes: 2_000_000 });
    expect(stateOf(short, 'data/large.cab')?.badRanges.every(range => range.found === '')).toBe(true);
    expect(short.fetchBytes).toBeLessThan(1_000_000 + 256 * 1024);
    writeFileSync(at('data/large.cab'), Buffer.concat([large, Buffer.from('tail')]));
    const long = await survey();
    expect(stateOf(long, 'data/large.cab')).toEqual({
      path: 'data/large.cab',
      sizeBytes: 3_000_000,
      state: 'damaged',
      foundSizeBytes: 3_000_004,
      badRanges: [],
    });
    expect(long).toMatchObject({ outcome: 'damaged', presentBytes: total, fetchBytes: 0 });
  });

  it('is damaged when files of its version are gone, and missing when all are', async () => {
    const { survey, at, folder } = cache();
    rmSync(at('setup.exe'));
    expect(await survey()).toMatchObject({ outcome: 'damaged', fetchBytes: 50_000 });
    for (const name of ['data', 'a']) rmSync(at(name), { recursive: true });
    expect(await survey()).toMatchObject({ outcome: 'missing', fetchBytes: total });
    rmSync(folder, { recursive: true });
    expect(await survey()).toMatchObject({ outcome: 'missing' });
  });

  it('has size zero bytes proven too: a file that should be empty and is not', async () => {
    const { survey, at } = cache();
    writeFileSync(at('data/empty.txt'), 'x');
    const found = await survey();
    expect(found).toMatchObject({ outcome: 'damaged', fetchBytes: 0 });
    expect(stateOf(found, 'data/empty.txt')).toMatchObject({ state: 'damaged', foundSizeBytes: 1 });
  });

  it('lists names that the manifest does not have, without an effect on the outcome', async () => {
    const { survey, at } = cache();
    layTree(at(''), { 'extra.dll': Buffer.from('x'), 'data/sub/more.txt': Buffer.from('y') });
    symlinkSync('/', at('link'));
    const found = await survey();
    expect(found.outcome).toBe('present');
    expect(found.extra).toEqual(['data/sub/more.txt', 'extra.dll', 'link']);
  });

  it('does not take a link, a folder or what lies behind a link for the file', async () => {
    const { survey, at, folder } = cache();
    renameSync(at('setup.exe'), path.join(root, `elsewhere-${count}`));
    symlinkSync(path.join(root, `elsewhere-${count}`), at('setup.exe'));
    renameSync(at('data'), path.join(root, `data-${count}`));
    symlinkSync(path.join(root, `data-${count}`), at('data'));
    rmSync(at('a/b/c/ü.txt'));
    mkdirSync(at('a/b/c/ü.txt'));
    expect((await survey()).files.map(file => file.state)).toEqual([
      'missing',
      'missing',
      'missing',
      'missing',
    ]);
    renameSync(folder, `${folder}-real`);
    symlinkSync(`${folder}-real`, folder);
    expect((await survey()).outcome).toBe('missing');
  });

  it('is changed when another version lies there, and most of it can be reused by file and by chunk', async () => {
    const found = await cache().survey(next, item);
    expect(found).toMatchObject({ outcome: 'changed', presentBytes: 0, totalBytes: 3_050_011 });
    // The renamed file whole, the large one but for the chunks around the insertion.
    expect(found.reusableBytes).toBeGreaterThan(2_600_000);
    expect(found.fetchBytes).toBeLessThan(450_000);
    expect(found.reusableBytes + found.fetchBytes).toBe(3_050_011);
  });

  it('counts only whole files as reusable while the new chunk index is not at hand', async () => {
    const found = await cache(tree, [item]).survey(next, item);
    expect(found).toMatchObject({ outcome: 'changed', reusableBytes: 50_000 });
  });

  it('does not count damaged bytes of another version as reusable', async () => {
    const { survey, at } = cache();
    writeFileSync(at('setup.exe'), Buffer.alloc(50_000));
    truncateSync(at('data/large.cab'), 0);
    expect(await survey(next, item)).toMatchObject({
      outcome: 'changed',
      reusableBytes: 0,
      fetchBytes: 3_050_011,
    });
  });

  it('is changed when something unknown lies there', async () => {
    const { layout } = cache({ 'unknown.bin': Buffer.from('x') });
    const found = await surveyItem({
      reference: item.reference,
      manifest: item.manifest,
      layout,
      pool,
      readIndex: digest => readChunkIndex(layout, digest),
    });
    expect(found).toMatchObject({
      outcome: 'changed',
      reusableBytes: 0,
      fetchBytes: total,
      extra: ['unknown.bin'],
    });
  });

  it('is present although it was laid for another version, when all bytes are right', async () => {
    expect((await cache(nextTree).survey(next, item)).outcome).toBe('present');
  });

  it('finds seeds in a partial and in a retired folder that a cut left', async () => {
    const { survey, layout, folder } = cache();
    renameSync(folder, layout.retired('CON00012'));
    layTree(layout.staging('CON00012', '2.0'), { 'new.txt': Buffer.from('new') });
    const found = await survey(next, item);
    expect(found.outcome).toBe('missing');
    expect(found.reusableBytes).toBeGreaterThan(2_600_003);
    renameSync(layout.retired('CON00012'), `${folder}.x`);
    expect((await survey(next, item)).reusableBytes).toBe(3);
  });

  it('mends a damaged file from the same bytes in a leftover', async () => {
    const { survey, layout, at } = cache();
    layTree(layout.staging('CON00012', '1.0'), { 'setup.exe': tree['setup.exe']! });
    writeFileSync(at('setup.exe'), Buffer.alloc(50_000));
    expect(await survey()).toMatchObject({
      outcome: 'damaged',
      presentBytes: total - 50_000,
      reusableBytes: 50_000,
      fetchBytes: 0,
    });
  });

  it('tells of its bytes once, whatever had to be read', async () => {
    for (const lay of [
      tree,
      undefined,
      { 'setup.exe': Buffer.alloc(50_000), 'data/large.cab': large.subarray(5) },
    ]) {
      const { layout } = cache(lay);
      let told = 0;
      await surveyItem({
        reference: item.reference,
        manifest: item.manifest,
        layout,
        pool,
        readIndex: digest => readChunkIndex(layout, digest),
        advance: bytes => {
          expect(bytes).toBeGreaterThan(0);
          told += bytes;
        },
      });
      expect(told).toBe(total);
    }
  });

  it('stops on request: STOP-01', async () => {
    const { layout } = cache();
    const stop = new AbortController();
    stop.abort();
    const survey = surveyItem({
      reference: item.reference,
      manifest: item.manifest,
      layout,
      pool,
      readIndex: digest => readChunkIndex(layout, digest),
      signal: stop.signal,
    });
    await expect(survey).rejects.toMatchObject({ code: 'STOP-01' });
  });

  it('takes what the disk cannot read for damaged, and only that', async () => {
    const index = viewChunkIndex(item.indexes.get(sha256(large))!, 'x');
    const sick = index.offset(20) + 10;
    const inPlace = openInPlacePool({ jobs: contentJobs, durable: openDurableFiles() });
    const failing: WorkerPool = {
      ...inPlace,
      async run(name, input, options) {
        if ('paths' in input && input.paths.some(file => file.endsWith('setup.exe')))
          throw new Fault('DISK-03', 'setup.exe', { native: 'EIO' });
        if ('first' in input && index.offset(input.first) <= sick && sick < index.offset(input.last))
          throw new Fault('DISK-03', 'large.cab', { native: 'EIO' });
        return inPlace.run(name, input, options);
      },
    };
    const found = await cache().survey(item, item, failing);
    expect(found.outcome).toBe('damaged');
    expect(
      found.files.flatMap(file => file.badRanges).map(range => [range.file, range.offset, range.found]),
    ).toEqual([
      ['data/large.cab', index.offset(20), 'unreadable (EIO)'],
      ['setup.exe', 0, 'unreadable (EIO)'],
    ]);
  });
});

/** A tree of a few files of every kind of size. */
function randomTree(draw: Seeded): Record<string, Buffer> {
  const grown: Record<string, Buffer> = {};
  for (let n = 0; n < 1 + draw.int(8); n += 1) {
    const size = draw.pick([0, 1, draw.int(5000), 262_144, 262_145 + draw.int(900_000)]);
    grown[`${draw.pick(['', 'a/', 'a/b/', 'ü/'])}file ${n}`] = draw.bytes(size);
  }
  return grown;
}

describe('random trees with random damage', () => {
  it.each(Array.from({ length: 12 }, (_, seed) => seed))('are told right: seed %i', async seed => {
    const draw = seeded(1000 + seed);
    const grown = randomTree(draw);
    const made = await makeItem(grown, { pool, scratch: root });
    const { survey, at } = cache(grown, draw.next() < 0.7 ? [made] : []);
    const expected = new Map<string, string>(Object.keys(grown).map(name => [name, 'present']));
    let bad = 0;
    for (const [name, bytes] of Object.entries(grown)) {
      const damage = draw.pick(['none', 'none', 'flip', 'cut', 'grow', 'remove']);
      if (damage === 'remove') rmSync(at(name));
      else if (damage === 'grow') writeFileSync(at(name), Buffer.concat([bytes, Buffer.from('!')]));
      else if (damage === 'cut' && bytes.length > 0) truncateSync(at(name), draw.int(bytes.length));
      else if (damage === 'flip' && bytes.length > 0) {
        const flipped = Buffer.from(bytes);
        const offset = draw.int(bytes.length);
        flipped[offset] = flipped[offset]! ^ (1 << draw.int(8));
        writeFileSync(at(name), flipped);
      } else continue;
      bad += 1;
      expected.set(name, damage === 'remove' ? 'missing' : 'damaged');
    }
    const found = await survey(made, made);
    expect(new Map(found.files.map(file => [file.path, file.state]))).toEqual(expected);
    const someLeft = [...expected.values()].some(state => state !== 'missing');
    expect(found.outcome).toBe(bad === 0 ? 'present' : someLeft ? 'damaged' : 'missing');
    expect(found.presentBytes + found.reusableBytes + found.fetchBytes).toBe(found.totalBytes);
    expect(Math.min(found.presentBytes, found.reusableBytes, found.fetchBytes)).toBeGreaterThanOrEqual(0);
  });
});
