// Small files and compressed chunks travel together: what crosses the wire, and that nothing a pack says or holds is believed.
import { readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type CacheLayout, cacheLayout } from '../../agent/content/layout.ts';
import { acquire } from '../../agent/distribution/acquire.ts';
import type { ProgressEvent } from '../../agent/progress/event.ts';
import { at } from '../../scripts/setup/place.mjs';
import { acquireWorld, differences, type Files, filesBelow } from '../support/content-kit.ts';
import { startMisbehavingServer } from '../support/misbehaving-server.ts';
import { startNginx } from '../support/nginx.ts';
import { type PackedPoint, type PackedVersion, packedPoint } from '../support/packed-point.ts';
import { seeded } from '../support/seeded.ts';
import { openTestSource } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';

const ground = tempFolder('packs');
const { bytes: noise } = seeded(5);
const sizeOf = (files: Files): number => Object.values(files).reduce((sum, bytes) => sum + bytes.length, 0);

/** A real package from npm: hundreds of small files, some large ones. */
const release = Object.fromEntries(
  Object.entries(readTree(at('node_modules/zod'))).filter((_, n) => n % 2 === 0),
);
/** Text with other words in it here and there, as the next release has. */
const nextRelease = Object.fromEntries(
  Object.entries(release).map(([name, bytes], n) => [name, n % 9 === 0 ? edited(bytes, n) : bytes]),
);

let plays = 0;
let dp: PackedPoint;
let volume: string;
let layout: CacheLayout;
let notes: string[];
beforeEach(async () => {
  plays++;
  volume = path.join(ground, `volume-${plays}`);
  await mkdir(volume, { recursive: true });
  layout = cacheLayout(volume);
  notes = [];
});

let first: PackedVersion;
let second: PackedVersion;
beforeAll(async () => {
  dp = packedPoint(path.join(ground, 'releases'));
  first = await dp.publish('1', release);
  second = await dp.publish('2', nextRelease);
});

const observe = (event: ProgressEvent): void => {
  if (event.kind === 'note' && event.level === 'warning') notes.push(event.text);
};

const get = (wanted: PackedVersion, url: string, local?: PackedVersion) =>
  getFrom(wanted, [url], ...(local ? [{ local: local.manifest }] : []));

const getFrom = ({ reference, manifest }: PackedVersion, urls: readonly string[], more: object = {}) =>
  acquire(
    { reference, manifest, ...more },
    acquireWorld(
      volume,
      urls.map(url => openTestSource(url)),
      { observe },
    ),
  );

async function expectWhole({ reference, files }: PackedVersion): Promise<void> {
  expect(differences(await filesBelow(layout.item(reference.id)), files)).toEqual([]);
  expect(readdirSync(layout.packages)).toEqual([reference.id]);
}

/** What nginx has sent, and for how many requests, while `work` ran. */
async function wire(point: string, work: (url: string) => Promise<unknown>) {
  const nginx = await startNginx(point);
  try {
    await work(nginx.url);
    const lines = await nginx.requests();
    const asked = lines.map(line => line.split(' '));
    return {
      paths: asked.map(words => words[1] ?? ''),
      bytes: asked.reduce((sum, words) => sum + Number(words.at(-1)), 0),
    };
  } finally {
    await nginx.close();
  }
}

describe('an item from a point with packs', () => {
  it('comes in a few requests, and in less than half of its bytes', async () => {
    const { bytes, paths } = await wire(dp.point, url => get(first, url));
    await expectWhole(first);
    expect(Object.keys(release).length).toBeGreaterThan(400);
    expect(paths.length).toBeLessThan(30);
    expect(paths.filter(each => each.includes('/files/'))).toEqual([]);
    expect(bytes).toBeLessThan(sizeOf(release) / 2);
  });

  it('takes the next release in a fraction of the files that changed, from what lies here and a pack of the rest', async () => {
    await get(first, dp.point);
    const changed = Object.fromEntries(
      Object.entries(nextRelease).filter(([name, bytes]) => Buffer.compare(bytes, release[name]!) !== 0),
    );
    const { bytes, paths } = await wire(dp.point, url => get(second, url, first));
    await expectWhole(second);
    expect(paths.filter(each => each.includes('/packs/')).map(each => path.basename(each))).toEqual([
      'from-1.pack.idx',
      'from-1.pack',
    ]);
    expect(paths.filter(each => each.includes('/files/'))).toEqual([]);
    expect(Object.keys(changed).length).toBeGreaterThan(30);
    expect(bytes).toBeLessThan(sizeOf(changed) / 20);
  });

  it('is not asked for a pack where a file alone costs less', async () => {
    await get(first, dp.point);
    const [name] = Object.keys(release);
    rmSync(path.join(layout.item(first.reference.id), name!));
    const { paths } = await wire(dp.point, url => get(first, url));
    await expectWhole(first);
    expect(paths.map(each => each.split('/files/')[1])).toEqual([name]);
  });

  it('comes as plain files from a point without packs', async () => {
    const plain = packedPoint(path.join(ground, `plain-${plays}`));
    const version = await plain.publish('1', release, { packs: false });
    expect(readdirSync(version.folder).toSorted()).toEqual(['files', 'manifest.json']);
    await get(version, plain.point);
    await expectWhole(version);
    expect(notes).toEqual([]);
  });

  it('is made whole when the older version is damaged where a frame needs it, and nobody is blamed', async () => {
    await get(first, dp.point);
    const damaged = Object.keys(release).find((name, n) => n % 9 === 0 && release[name]!.length > 2000)!;
    writeFileSync(path.join(layout.item(first.reference.id), damaged), noise(release[damaged]!.length));
    await get(second, dp.point, first);
    await expectWhole(second);
    expect(notes).toEqual([]);
  });
});

describe('packs that lie', () => {
  const lies: Readonly<Record<string, (packs: string) => void>> = {
    'a byte of the pack is another one': packs => flip(path.join(packs, 'full.pack'), 1000),
    'a byte of each frame is another one': packs => {
      for (let offset = 500; offset < statSync(path.join(packs, 'full.pack')).size; offset += 5000)
        flip(path.join(packs, 'full.pack'), offset);
    },
    'the pack is shorter than its index says': packs => truncateSync(path.join(packs, 'full.pack'), 5000),
    'the pack is of other bytes that inflate as well': packs => {
      const size = statSync(path.join(packs, 'full.pack')).size;
      writeFileSync(path.join(packs, 'full.pack'), zstdCompressSync(noise(size)).subarray(0, size));
    },
    'a frame is a bomb': packs => {
      const pack = readFileSync(path.join(packs, 'full.pack'));
      zstdCompressSync(new Uint8Array(60_000_000)).copy(pack);
      writeFileSync(path.join(packs, 'full.pack'), pack);
    },
    'the index is another document': packs =>
      writeFileSync(path.join(packs, 'full.pack.idx'), 'not an index'),
    'the index is a bomb': packs =>
      writeFileSync(path.join(packs, 'full.pack.idx'), zstdCompressSync(new Uint8Array(60_000_000))),
    'the index is endless': packs => writeFileSync(path.join(packs, 'full.pack.idx'), new Uint8Array(2e6)),
  };

  it.each(Object.entries(lies))('cost nothing but a warning when %s', async (_name, lie) => {
    const lying = packedPoint(path.join(ground, `lying-${plays}`));
    const few = Object.fromEntries(Object.entries(release).slice(0, 120));
    const version = await lying.publish('1', {
      ...few,
      'big.txt': Buffer.from('many words '.repeat(90_000)),
    });
    lie(path.join(version.folder, 'packs'));
    await get(version, lying.point);
    await expectWhole(version);
    expect(notes).toHaveLength(1);
    expect(notes[0]).toContain('Packs of');
  });

  it('leave out a pack that is gone without a word', async () => {
    const gone = packedPoint(path.join(ground, `gone-${plays}`));
    const version = await gone.publish('1', release);
    rmSync(path.join(version.folder, 'packs/full.pack'));
    await get(version, gone.point);
    await expectWhole(version);
  });
});

const served = (): Map<string, Uint8Array> => new Map(Object.entries(readTree(dp.point)));

describe('packs on a bad line', () => {
  it('go on at the first frame that is not proven', async () => {
    const packs = path.join(first.folder, 'packs');
    const packBytes = ['full.pack', 'full.pack.idx'].reduce(
      (sum, name) => sum + statSync(path.join(packs, name)).size,
      0,
    );
    let drops = 0;
    const server = await startMisbehavingServer({
      files: served(),
      behave: ({ path: asked }) =>
        asked.endsWith('full.pack') && drops++ < 2 ? { kind: 'drop', afterBytes: 150_000 } : undefined,
    });
    const { fetchedBytes } = await get(first, server.url);
    await server.close();
    await expectWhole(first);
    expect(server.requests.filter(each => each.path.includes('/files/'))).toEqual([]);
    expect(drops).toBeGreaterThan(2);
    // Two frames were cut at most, and their begins came twice.
    expect(fetchedBytes).toBeLessThanOrEqual(packBytes + 2 * 150_000);
  });
});

describe('packs of a server without ranges', () => {
  it('pass by whole, once', async () => {
    const server = await startMisbehavingServer({
      files: served(),
      behave: ({ range }) => (range === undefined ? undefined : { kind: 'ignore-range' }),
    });
    await get(first, server.url);
    await server.close();
    await expectWhole(first);
    const asked = server.requests.map(({ path: name }) => path.basename(name));
    expect(asked.filter(name => name === 'full.pack').length).toBeLessThanOrEqual(2);
    expect(server.requests.filter(each => each.path.includes('/files/'))).toEqual([]);
  });
});

describe('packs of several points', () => {
  let large: PackedVersion;
  let files: Map<string, Uint8Array>;
  beforeAll(async () => {
    const both = packedPoint(path.join(ground, 'both'));
    const pieces = Array.from({ length: 150 }, (_, n): readonly [string, Uint8Array] => [
      `part-${n}.bin`,
      Buffer.concat([noise(150_000), Buffer.from(`words of ${n} `.repeat(3000))]),
    ]);
    large = await both.publish('1', Object.fromEntries(pieces));
    files = new Map(Object.entries(readTree(both.point)));
  });
  const packed = (server: { readonly requests: readonly { readonly path: string }[] }): number =>
    server.requests.filter(each => each.path.endsWith('full.pack')).length;
  const plain = (server: { readonly requests: readonly { readonly path: string }[] }): number =>
    server.requests.filter(each => each.path.includes('/files/')).length;

  it('come from all of them together', async () => {
    const servers = [await startMisbehavingServer({ files }), await startMisbehavingServer({ files })];
    await getFrom(
      large,
      servers.map(({ url }) => url),
    );
    await expectWhole(large);
    expect(servers.map(packed).every(count => count > 0)).toBe(true);
    expect(servers.map(plain)).toEqual([0, 0]);
    expect(notes).toEqual([]);
    for (const server of servers) await server.close();
  });

  it('come from the others when one breaks off for good, and when one has another pack', async () => {
    const other = new Map(files);
    const index = [...files.keys()].find(name => name.endsWith('full.pack.idx'))!;
    other.set(index, noise(files.get(index)!.length));
    const good = await startMisbehavingServer({ files });
    let asked = 0;
    const breaking = await startMisbehavingServer({
      files,
      behave: ({ path: name }) =>
        name.endsWith('full.pack') ? { kind: 'reset', afterBytes: asked++ === 0 ? 1_500_000 : 0 } : undefined,
    });
    const lying = await startMisbehavingServer({ files: other });
    await getFrom(large, [good.url, breaking.url, lying.url]);
    await expectWhole(large);
    expect(packed(good)).toBeGreaterThan(0);
    expect(packed(lying)).toBe(0);
    expect([good, breaking, lying].map(plain)).toEqual([0, 0, 0]);
    for (const server of [good, breaking, lying]) await server.close();
  });
});

function edited(bytes: Uint8Array, n: number): Uint8Array {
  const text = Buffer.from(bytes);
  const middle = text.length >> 1;
  return Buffer.concat([text.subarray(0, middle), Buffer.from(`/* ${n} */`), text.subarray(middle)]);
}

function flip(file: string, offset: number): void {
  const bytes = readFileSync(file);
  bytes[offset]! ^= 0x55;
  writeFileSync(file, bytes);
}

function readTree(folder: string): Files {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(each => each.isFile());
  return Object.fromEntries(
    entries.map(({ parentPath, name }) => {
      const full = path.join(parentPath, name);
      return [path.relative(folder, full).split(path.sep).join('/'), readFileSync(full)];
    }),
  );
}
