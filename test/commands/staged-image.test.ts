// An image was staged at the depot, and policy has a newer one since: brought up by what is missing, or taken whole, as policy says.
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deploy } from '../../agent/commands/deploy.ts';
import type { Report } from '../../agent/report/report.ts';
import { layTree, noise } from '../support/site-kit.ts';
import { makeSmallSite, type SmallSite, testComposition } from '../support/small-site.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { captureWim, readTree } from '../support/wim-kit.ts';

const folder = tempFolder('staged-image');
let site: SmallSite;
beforeAll(async () => {
  site = await makeSmallSite(path.join(folder, 'site'), {
    osFiles: { 'Windows/System32/large.dll': noise(3_000_000, 31) },
  });
  await writeFile(path.join(site.osTree, 'Windows/win.ini'), '[fonts]\r\nof a newer image\r\n');
  const newer = path.join(folder, 'newer.wim');
  const image = { folder: site.osTree, name: 'Windows', properties: ['WINDOWS/ARCH=9'] };
  await captureWim(newer, [image], { compression: 'none' });
  layTree(site.site, {
    'content/CON00001/content.yaml': {
      id: 'CON00001',
      type: 'os-image',
      name: 'Windows',
      version: '2',
      source: 'files',
    },
    'content/CON00001/files/install.wim': await readFile(newer),
  });
});
afterAll(() => site?.close());

async function deployed(name: string): Promise<Report['items'][number] | undefined> {
  await site.publish();
  const disk = path.join(folder, name);
  await site.layDisk(disk);
  const composition = testComposition(site);
  expect(await deploy({ disk, config: site.config, json: true }, composition)).toBe(3);
  const applied = await readTree(path.join(disk, 'volumes/windows'));
  for (const [file, digest] of Object.entries(await readTree(site.osTree)))
    expect(applied[file], file).toBe(digest);
  const report: Report = JSON.parse(composition.printed.at(-1) ?? '');
  return report.items.find(({ id }) => id === 'CON00001');
}

test('an older staged image is brought up to policy’s by its missing chunks', async () => {
  const item = await deployed('brought-up');
  expect(item).toMatchObject({ outcome: 'changed' });
  expect(item?.fetchedBytes).toBeLessThan((item?.totalBytes ?? 0) / 4);
});

test('where policy wants nothing of it, the whole image comes from the distribution point', async () => {
  layTree(site.site, {
    'task-sequences/CON00020.yaml': {
      name: 'Install Windows',
      osImage: { id: 'CON00001', index: 1 },
      drivers: ['CON00004'],
      variables: { OSDUseAlreadyDeployedImage: 'False' },
    },
  });
  const item = await deployed('whole');
  expect(item).toMatchObject({ outcome: 'changed', reusedBytes: 0, presentBytes: 0 });
  expect(item?.fetchedBytes).toBe(item?.totalBytes);
});
