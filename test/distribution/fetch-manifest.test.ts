// A manifest is taken from whoever has it and believed only by its digest.
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { packDifference } from '../../agent/content/difference.ts';
import { onDistributionPoint } from '../../agent/content/layout.ts';
import type { AcquireWorld } from '../../agent/distribution/acquire.ts';
import { type FetchManifestWorld, fetchManifest } from '../../agent/distribution/fetch-manifest.ts';
import { acquireWorld, filesBelow, type PublishedItem, publishItem } from '../support/content-kit.ts';
import { startMisbehavingServer } from '../support/misbehaving-server.ts';
import { faultOf, openTestSource } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';

const ground = tempFolder('manifest');
let plays = 0;
let here: string;
let item: PublishedItem;
beforeEach(async () => {
  plays++;
  here = path.join(ground, `${plays}`);
  await mkdir(path.join(here, 'volume'), { recursive: true });
  item = await publishItem(path.join(here, 'good'), { a: Buffer.from('a') });
});

const world = (...points: readonly string[]) =>
  acquireWorld(
    path.join(here, 'volume'),
    points.map((point, priority) => openTestSource(path.join(here, point), { priority })),
  );

async function publishWrong(point: string, bytes: Uint8Array): Promise<void> {
  const file = path.join(here, point, onDistributionPoint.manifest('ABC00012', '1'));
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, bytes);
}

it('is kept by its digest', async () => {
  const fetching = world('good');
  expect(await fetchManifest(item.reference, fetching)).toEqual(item.manifest);
  expect((await readFile(fetching.layout.manifest(item.reference.digest))).length).toBe(
    item.reference.manifestBytes,
  );
});

it('that is another one is refused, and nothing of it is kept', async () => {
  const altered = Buffer.from(JSON.stringify(item.manifest).replace('Item', 'Itan'));
  await publishWrong('bad', altered.subarray(0, item.reference.manifestBytes));
  expect((await faultOf(fetchManifest(item.reference, world('bad')))).code).toBe('TRUST-07');
  expect(await filesBelow(path.join(here, 'volume'))).toEqual({});
});

it('that is longer than the reference says is refused before it is kept', async () => {
  await publishWrong('bad', Buffer.alloc(item.reference.manifestBytes + 1));
  expect((await faultOf(fetchManifest(item.reference, world('bad')))).code).toBe('TRUST-08');
});

it('is taken from the next source when the first has another one', async () => {
  await publishWrong('bad', Buffer.from('{}'));
  expect(await fetchManifest(item.reference, world('bad', 'good'))).toEqual(item.manifest);
});

it('that is refused by one source and absent at the other is a refusal', async () => {
  await publishWrong('bad', Buffer.from('{}'));
  await mkdir(path.join(here, 'empty'));
  expect((await faultOf(fetchManifest(item.reference, world('bad', 'empty')))).code).toBe('TRUST-07');
});

it('that nobody has is content not to be had', async () => {
  await mkdir(path.join(here, 'empty'));
  const fault = await faultOf(fetchManifest(item.reference, world('empty')));
  expect(fault.code).toBe('CONTENT-01');
  expect(fault.cause).toMatchObject({ code: 'NET-02' });
});

describe('that is large', () => {
  let many: PublishedItem;
  let bytes: Buffer;
  let plain: string;
  let packed: string;
  beforeAll(async () => {
    const point = path.join(ground, 'many');
    const files = Array.from({ length: 700 }, (_, n) => [`folder/file ${1000 + n}.txt`, Buffer.from('a')]);
    many = await publishItem(point, Object.fromEntries(files), { id: 'ABC00013' });
    bytes = await readFile(path.join(point, onDistributionPoint.manifest('ABC00013', '1')));
  });
  beforeEach(async () => {
    plain = path.join(here, 'many', onDistributionPoint.manifest('ABC00013', '1'));
    packed = path.join(here, 'many', onDistributionPoint.packedManifest('ABC00013', '1'));
    await mkdir(path.dirname(packed), { recursive: true });
    await writeFile(plain, bytes);
  });

  it('comes compressed, and nothing else of it is asked for', async () => {
    await writeFile(packed, zstdCompressSync(bytes));
    await rm(plain);
    const fetching = world('many');
    expect(await fetchManifest(many.reference, fetching)).toEqual(many.manifest);
    expect(await readFile(fetching.layout.manifest(many.reference.digest))).toEqual(bytes);
  });

  describe('and of which an older version is here', () => {
    const OLDER = '2026-10';
    let older: Buffer;
    let difference: string;
    let kept: string;
    let fetching: FetchManifestWorld & AcquireWorld;
    beforeEach(async () => {
      older = Buffer.from(bytes.toString().replace('"version":"1"', `"version":"${OLDER}"`));
      const digest = createHash('sha256').update(older).digest('hex');
      const cached = { ...many.reference, version: OLDER, digest, manifestBytes: older.length };
      fetching = {
        ...world('many'),
        cached: id => (id === cached.id ? cached : undefined),
      };
      kept = fetching.layout.manifest(digest);
      await mkdir(path.dirname(kept), { recursive: true });
      await writeFile(kept, older);
      difference = path.join(here, 'many', onDistributionPoint.manifestFrom('ABC00013', '1', OLDER));
    });

    it('comes as a difference from that, and nothing else of it is asked for', async () => {
      const made = packDifference(bytes, older);
      expect(made.length).toBeLessThan(200);
      await writeFile(difference, made);
      await rm(plain);
      expect(await fetchManifest(many.reference, fetching)).toEqual(many.manifest);
      expect(await readFile(fetching.layout.manifest(many.reference.digest))).toEqual(bytes);
    });

    it.each<[string, () => Uint8Array | undefined]>([
      ['is not there', () => undefined],
      ['is of another manifest', () => packDifference(bytes, bytes.subarray(1))],
      ['is damaged', () => packDifference(bytes, older).map((byte, at) => (at > 20 ? byte ^ 255 : byte))],
      ['inflates to more', () => packDifference(Buffer.concat([bytes, bytes]), older)],
    ])('comes compressed where the difference %s', async (_, made) => {
      const wrong = made();
      if (wrong !== undefined) await writeFile(difference, wrong);
      await writeFile(packed, zstdCompressSync(bytes));
      await rm(plain);
      expect(await fetchManifest(many.reference, fetching)).toEqual(many.manifest);
    });

    it('comes compressed where the older one here is damaged', async () => {
      await writeFile(difference, packDifference(bytes, older));
      await writeFile(packed, zstdCompressSync(bytes));
      await writeFile(kept, older.fill(0, 100, 4000));
      await rm(plain);
      expect(await fetchManifest(many.reference, fetching)).toEqual(many.manifest);
    });
  });

  it.each([
    ['absent', undefined],
    ['no zstd', () => Buffer.from('not compressed')],
    ['cut short', () => zstdCompressSync(bytes).subarray(0, 500)],
    ['another one', () => zstdCompressSync(Buffer.from(bytes).fill(32, 0, 9))],
    ['shorter', () => zstdCompressSync(bytes.subarray(1))],
    ['one that inflates to more', () => zstdCompressSync(Buffer.alloc(60_000_000))],
    ['longer than the plain one', () => Buffer.alloc(bytes.length + 1)],
  ] as const)('is taken as it is where the compressed one is %s', async (_, made) => {
    if (made !== undefined) await writeFile(packed, made());
    expect(await fetchManifest(many.reference, world('many'))).toEqual(many.manifest);
  });

  it.each([
    ['forbids what it does not have', { kind: 'status', status: 403 }],
    ['answers with a page for what it does not have', { kind: 'page' }],
    ['redirects to nowhere for what it does not have', { kind: 'redirect', to: 'file:///etc/passwd' }],
  ] as const)('is taken as it is from a server that %s', async (_, answer) => {
    const server = await startMisbehavingServer({
      files: new Map(Object.entries(await filesBelow(path.join(here, 'many')))),
      behave: ({ path: asked }) => (asked.includes('/packs/') ? answer : undefined),
    });
    const source = openTestSource(server.url);
    try {
      const fetching = acquireWorld(path.join(here, 'volume'), [source]);
      expect(await fetchManifest(many.reference, fetching)).toEqual(many.manifest);
    } finally {
      await source.close();
      await server.close();
    }
  });
});
