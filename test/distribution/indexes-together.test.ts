// The chunk indexes of a version in one answer, as they are and as a difference from those in the cache: nothing of it is believed.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { packDifference } from '../../agent/content/difference.ts';
import type { CacheLayout } from '../../agent/content/layout.ts';
import { acquire } from '../../agent/distribution/acquire.ts';
import { acquireWorld, differences, type Files, filesBelow, layItem } from '../support/content-kit.ts';
import { startMisbehavingServer } from '../support/misbehaving-server.ts';
import { type PackedVersion, packedPoint } from '../support/packed-point.ts';
import { seeded } from '../support/seeded.ts';
import { servePoint } from '../support/serve-point.ts';
import { openTestSource } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';

const ground = tempFolder('indexes-together');
const { bytes: noise } = seeded(5);
let plays = 0;

/** What is on the point, by its path there. */
async function served(point: string): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  await servePoint(point, files);
  return files;
}
const nameIn = (files: ReadonlyMap<string, Uint8Array>, end: string): string =>
  [...files.keys()].find(name => name.endsWith(end)) ?? '';

/** @returns the paths that were asked for, and what it took. */
async function get(
  { reference, manifest, files: expected }: PackedVersion,
  files: ReadonlyMap<string, Uint8Array>,
  { local, lay }: { local?: PackedVersion; lay?: (layout: CacheLayout) => Promise<void> } = {},
) {
  plays++;
  const volume = path.join(ground, `volume-${plays}`);
  await mkdir(volume);
  const server = await startMisbehavingServer({ files: new Map(files) });
  try {
    const world = acquireWorld(volume, [openTestSource(server.url)]);
    await lay?.(world.layout);
    const older = local && { local: local.manifest };
    const acquired = await acquire({ reference, manifest, ...older }, world);
    expect(differences(await filesBelow(world.layout.item(reference.id)), expected)).toEqual([]);
    return { ...acquired, paths: server.requests.map(each => each.path) };
  } finally {
    await server.close();
  }
}
const alone = (paths: readonly string[]): number => paths.filter(each => each.endsWith('.chunks')).length;

describe('chunk indexes that lie together', () => {
  const large = Object.fromEntries(
    Array.from({ length: 12 }, (_, n): readonly [string, Uint8Array] => [
      `part-${n}.bin`,
      noise(400_000 + n),
    ]),
  );
  let version: PackedVersion;
  let files: Map<string, Uint8Array>;
  let together: string;
  beforeAll(async () => {
    const point = packedPoint(path.join(ground, 'together'));
    version = await point.publish('1', large);
    files = await served(point.point);
    together = nameIn(files, 'packs/indexes.pack');
  });

  it('come in one request', async () => {
    const { paths } = await get(version, files);
    expect(paths.filter(each => each === together)).toHaveLength(1);
    expect(alone(paths)).toBe(0);
  });

  it.each<[string, () => Uint8Array | undefined]>([
    ['holds something else', () => noise(files.get(together)!.length)],
    ['is too long', () => new Uint8Array(5_000_000)],
    ['is not there', () => undefined],
  ])('are asked for one by one where the file %s', async (_, made) => {
    const lying = new Map(files);
    const other = made();
    if (other === undefined) lying.delete(together);
    else lying.set(together, other);
    expect(alone((await get(version, lying)).paths)).toBe(12);
  });
});

it('a source that fails with them is not asked for each of them: the next one has its turn', async () => {
  const point = packedPoint(path.join(ground, 'failing'));
  const parts = Array.from({ length: 12 }, (_, n): readonly [string, Uint8Array] => [
    `part-${n}.bin`,
    noise(400_000 + n),
  ]);
  const version = await point.publish('1', Object.fromEntries(parts));
  const files = await served(point.point);
  const busy = await startMisbehavingServer({
    files,
    behave: ({ path: asked }) =>
      asked.endsWith('packs/indexes.pack') ? { kind: 'status', status: 503 } : undefined,
  });
  const good = await startMisbehavingServer({ files });
  try {
    const sources = [busy, good].map(({ url }, priority) => openTestSource(url, { priority }));
    const world = acquireWorld(path.join(ground, 'failing-volume'), sources);
    await acquire({ reference: version.reference, manifest: version.manifest }, world);
    expect(differences(await filesBelow(world.layout.item(version.reference.id)), version.files)).toEqual([]);
    const [asked, askedNext] = [busy, good].map(server => server.requests.map(each => each.path));
    expect(alone(asked ?? [])).toBe(0);
    expect(alone(askedNext ?? [])).toBe(12);
  } finally {
    await busy.close();
    await good.close();
  }
});

describe('the chunk index of an image of which an older version is in the cache', () => {
  const image = noise(10_000_000);
  const changed = Uint8Array.from(image);
  changed.set(noise(100), 5_000_000);
  const older: Files = { 'install.wim': image };
  let first: PackedVersion;
  let second: PackedVersion;
  let files: Map<string, Uint8Array>;
  let difference: string;
  let indexBytes: number;
  beforeAll(async () => {
    const point = packedPoint(path.join(ground, 'image'));
    first = await point.publish('1', older);
    second = await point.publish('2', { 'install.wim': changed });
    files = await served(point.point);
    difference = nameIn(files, '2/packs/indexes-from-1.pack');
    indexBytes = files.get(nameIn(files, `2/chunks/${second.manifest.files[0]!.sha256}.chunks`))!.length;
  });
  const indexOfFirst = (): Uint8Array =>
    files.get(nameIn(files, `1/chunks/${first.manifest.files[0]!.sha256}.chunks`))!;
  const inCache = (layout: CacheLayout): string => layout.chunkIndex(first.manifest.files[0]!.sha256);
  const lay = (layout: CacheLayout): Promise<void> =>
    layItem(layout, {
      ...first,
      indexes: new Map([[first.manifest.files[0]!.sha256, indexOfFirst()]]),
    });

  it('comes as a difference from that one’s, in a fraction of its bytes', async () => {
    const got = await get(second, files, { local: first, lay });
    expect(got.paths).toContain(difference);
    expect(alone(got.paths)).toBe(0);
    expect(got.indexBytes).toBeLessThan(indexBytes / 10);
  });

  it.each<[string, () => Uint8Array | undefined]>([
    ['is not there', () => undefined],
    ['is no zstd', () => noise(300)],
    ['is of another index', () => packDifference(noise(indexBytes), indexOfFirst())],
    ['inflates to more', () => packDifference(new Uint8Array(indexBytes + 1), indexOfFirst())],
    ['is cut short', () => files.get(difference)!.subarray(0, 40)],
  ])('comes alone where the difference %s', async (_, made) => {
    const lying = new Map(files);
    const other = made();
    if (other === undefined) lying.delete(difference);
    else lying.set(difference, other);
    const got = await get(second, lying, { local: first, lay });
    expect(got.paths).toContain(difference);
    expect(alone(got.paths)).toBe(1);
    expect(got.fetchedBytes).toBeLessThan(image.length / 10);
  });

  it.each([
    ['gone', (layout: CacheLayout) => rm(inCache(layout))],
    [
      'damaged',
      async (layout: CacheLayout) =>
        writeFile(inCache(layout), (await readFile(inCache(layout))).fill(0, 100, 200)),
    ],
  ] as const)('comes alone where that one’s is %s', async (_, spoil) => {
    const spoilt = async (layout: CacheLayout): Promise<void> => {
      await lay(layout);
      await spoil(layout);
    };
    const got = await get(second, files, { local: first, lay: spoilt });
    expect(got.paths).not.toContain(difference);
    expect(alone(got.paths)).toBe(1);
  });
});
