// A manifest is taken from whoever has it and believed only by its digest.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { onDistributionPoint } from '../../agent/content/layout.ts';
import { fetchManifest } from '../../agent/distribution/fetch-manifest.ts';
import { acquireWorld, filesBelow, type PublishedItem, publishItem } from '../support/content-kit.ts';
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
