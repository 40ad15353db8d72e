// Of a new version of an item in the cache even content manifest and chunk indexes come as a difference.
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deploy } from '../../agent/commands/deploy.ts';
import { layTree, noise, type Tree } from '../support/site-kit.ts';
import { ITEMS, makeSmallSite, type SmallSite, testComposition } from '../support/small-site.ts';
import { tempFolder } from '../support/temp-folder.ts';

const folder = tempFolder('changed-documents');
const data = noise(10_000_000);
const tool = (version: string): Tree => ({
  'content/CON00006/content.yaml': { ...ITEMS.tool, version },
  'content/CON00006/files/tool.cmd': `@echo ${version}\r\n`,
  'content/CON00006/files/data.bin': Buffer.concat([data, Buffer.from(version)]),
});
let site: SmallSite;
beforeAll(async () => {
  const pages = Array.from({ length: 50 }, (_, n) => [`content/CON00006/files/page ${n}.html`, `${n}`]);
  site = await makeSmallSite(path.join(folder, 'site'), {
    differences: { ...Object.fromEntries(pages), ...tool('3.1.2') },
  });
});
afterAll(() => site?.close());

/** What is asked for of the item besides its files, and how it is answered. */
async function documentsAsked(disk: string): Promise<readonly string[]> {
  site.requests.length = 0;
  expect(await deploy({ disk, config: site.config }, testComposition(site))).toBe(3);
  return site.requests.flatMap(
    request =>
      /^GET \/content\/CON00006\/(?!.*\/(?:files|full\.pack|from-3\.1\.2\.pack)\b)(.*)$/.exec(request)?.[1] ??
      [],
  );
}

test('from the version in the cache, and whole from one that there is no difference from', async () => {
  const [near, far] = ['near', 'far'].map(name => path.join(folder, name)) as [string, string];
  for (const disk of [near, far]) await site.layDisk(disk);
  layTree(site.site, tool('4'));
  await site.publish();
  expect(await documentsAsked(near)).toEqual([
    expect.stringMatching(/^4\/packs\/manifest-from-3\.1\.2\.pack 200/),
    expect.stringMatching(/^4\/packs\/indexes-from-3\.1\.2\.pack 200/),
  ]);
  for (const version of ['5', '6']) {
    layTree(site.site, tool(version));
    await site.publish();
  }
  expect(await documentsAsked(far)).toEqual([
    expect.stringMatching(/^6\/packs\/manifest-from-3\.1\.2\.pack 404/),
    expect.stringMatching(/^6\/packs\/manifest\.pack 200/),
    expect.stringMatching(/^6\/packs\/indexes-from-3\.1\.2\.pack 404/),
    expect.stringMatching(/^6\/chunks\/[0-9a-f]{64}\.chunks 200/),
  ]);
});
