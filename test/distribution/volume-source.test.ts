// Folders on volumes that are named by their labels: whatever letter a stick gets, whenever it is plugged in.
import { cp, mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deploy } from '../../agent/commands/deploy.ts';
import { openSource } from '../../agent/distribution/open-source.ts';
import type { Source } from '../../agent/distribution/source.ts';
import { openSourceHealth } from '../../agent/distribution/source-health.ts';
import type { LabelledVolume } from '../../agent/distribution/volume-source.ts';
import { Fault } from '../../agent/fault/fault.ts';
import { systemClock } from '../../agent/progress/clock.ts';
import { makeSmallSite, type SmallSite, testComposition, wearDisk } from '../support/small-site.ts';
import { faultOf, impatient, openTestSource, readAll } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';

const ground = tempFolder('volume-source');

/** A computer into which volumes are plugged. */
function computer(): { readonly volumes: LabelledVolume[]; openAt(url: string): Source } {
  const volumes: LabelledVolume[] = [];
  return {
    volumes,
    openAt: url =>
      openSource(
        { url, priority: 1 },
        {
          settings: { ...impatient, retryCount: 0 },
          clock: systemClock,
          random: () => 0,
          volumes: async () => volumes,
        },
      ),
  };
}

async function stick(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  const root = path.join(ground, name);
  for (const [file, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(root, file)), { recursive: true });
    await writeFile(path.join(root, file), text);
  }
  return root;
}

const read = async (source: Source, name = 'f', size = 2): Promise<string> =>
  Buffer.from(await readAll(source, name, { expectedSize: size })).toString();

test('is found by its label, whatever its case, below the folder that is named', async () => {
  const { volumes, openAt } = computer();
  volumes.push({ label: '', root: await stick('none', { 'dp/f': 'no' }) });
  volumes.push({ label: 'USB CACHE', root: await stick('cache', { f: 'no', 'dp/sub/f': 'ok' }) });
  const source = openAt('volume:usb cache/dp/sub');
  expect(await read(source)).toBe('ok');
  expect(Buffer.from(await source.readDocument('f', { maxBytes: 10 })).toString()).toBe('ok');
});

test('of several with one label the one that has it', async () => {
  const { volumes, openAt } = computer();
  volumes.push({ label: 'USB', root: await stick('empty', { other: 'x' }) });
  volumes.push({ label: 'USB', root: await stick('full', { 'dp/f': 'ok' }) });
  expect(await read(openAt('volume:USB/dp'))).toBe('ok');
});

test('also when the first one gave something else before, and when one of them has not even the folder', async () => {
  const { volumes, openAt } = computer();
  volumes.push({ label: 'USB', root: await stick('half', { 'dp/g': 'go' }) });
  const source = openAt('volume:USB/dp');
  expect(await read(source, 'g')).toBe('go');
  expect((await faultOf(read(source))).code).toBe('NET-02');
  volumes.unshift({ label: 'USB', root: await stick('bare', { other: 'x' }) });
  expect((await faultOf(read(source))).code).toBe('NET-02');
  volumes.push({ label: 'usb', root: await stick('other half', { 'dp/f': 'ok' }) });
  expect(await read(source)).toBe('ok');
  expect(await read(source, 'g')).toBe('go');
});

test('that is not plugged in is not reached, and is found when it is', async () => {
  const { volumes, openAt } = computer();
  const source = openAt('volume:USB/dp');
  expect(await faultOf(read(source))).toMatchObject({
    code: 'NET-01',
    subject: 'volume:USB/dp',
    detail: { expected: 'a volume with the label USB' },
  });
  volumes.push({ label: 'USB', root: await stick('late', { 'dp/f': 'ok' }) });
  expect(await read(source)).toBe('ok');
});

test('volumes that cannot be listed for a moment are a source not reached, not a disk that failed', async () => {
  const source = openSource(
    { url: 'volume:USB', priority: 1 },
    {
      settings: impatient,
      clock: systemClock,
      random: () => 0,
      volumes: async () => {
        throw new Fault('DISK-05', 'volumes');
      },
    },
  );
  expect((await faultOf(read(source))).code).toBe('NET-01');
});

test('that is pulled out and plugged in elsewhere is found again', async () => {
  const { volumes, openAt } = computer();
  const root = await stick('moved', { 'dp/f': 'ok' });
  volumes.push({ label: 'USB', root });
  const source = openAt('volume:USB/dp');
  expect(await read(source)).toBe('ok');
  await rename(root, `${root}-2`);
  expect((await faultOf(read(source))).code).toBe('NET-01');
  volumes.splice(0, 1, { label: 'USB', root: `${root}-2` });
  expect(await read(source)).toBe('ok');
});

test('a file that is not on it comes from elsewhere, and a file of another size is told', async () => {
  const { volumes, openAt } = computer();
  volumes.push({ label: 'USB', root: await stick('lacking', { f: 'ok' }) });
  expect((await faultOf(read(openAt('volume:USB'), 'g'))).code).toBe('NET-02');
  expect((await faultOf(read(openAt('volume:USB'), 'f', 3))).code).toBe('CONTENT-08');
});

test('leads nowhere else', async () => {
  expect((await faultOf((async () => openTestSource('volume:USB/../dp'))())).code).toBe('USAGE-02');
  const { volumes, openAt } = computer();
  volumes.push({ label: 'USB', root: await stick('inside', { f: 'ok' }) });
  expect((await faultOf(read(openAt('volume:USB'), '../none/dp/f'))).code).toBe('TRUST-09');
});

test('counts as near as a disk of this machine', () => {
  const [server, volume] = [openTestSource('http://dp.invalid'), openTestSource('volume:USB')];
  expect(openSourceHealth(systemClock).ranks([server, volume], 'CON00001')).toEqual([[volume], [server]]);
});

let site: SmallSite;
beforeAll(async () => {
  site = await makeSmallSite(path.join(ground, 'site'), {
    points: [{ url: 'volume:USB-CACHE/prestage', priority: 900 }],
  });
});
afterAll(() => site?.close());

test('a deployment takes from the stick what is missing, and asks the server for the policy alone', async () => {
  const disk = path.join(ground, 'disk');
  await site.layDisk(disk);
  await wearDisk(disk);
  await cp(site.point, path.join(disk, 'volumes/usb-cache/prestage'), { recursive: true });
  const before = site.requests.length;
  expect(await deploy({ disk, config: site.config }, testComposition(site))).toBe(3);
  const asked = site.requests.slice(before);
  expect(asked.length).toBeGreaterThan(0);
  expect(asked.filter(text => text.includes('/content/'))).toEqual([]);
});

test('without the stick it takes it from the server', async () => {
  const disk = path.join(ground, 'disk-2');
  await site.layDisk(disk);
  await wearDisk(disk);
  const before = site.requests.length;
  expect(await deploy({ disk, config: site.config }, testComposition(site))).toBe(3);
  expect(site.requests.slice(before).some(text => text.includes('/content/'))).toBe(true);
});
