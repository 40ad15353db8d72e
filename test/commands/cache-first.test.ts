// In the new Windows: what is to be installed comes from the cache, and from the distribution points only where the cache was spoilt meanwhile.
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { continueDeployment } from '../../agent/commands/continue.ts';
import { deploy } from '../../agent/commands/deploy.ts';
import type { Report } from '../../agent/report/report.ts';
import { makeSmallSite, type SmallSite, testComposition } from '../support/small-site.ts';
import { faultOf } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';

const folder = tempFolder('cache-first');
let site: SmallSite;
beforeAll(async () => {
  site = await makeSmallSite(path.join(folder, 'site'));
});
let isServing = true;
afterAll(() => (isServing ? site?.close() : undefined));

/** A disk that was handed over. */
async function handedOver(name: string): Promise<string> {
  const disk = path.join(folder, name);
  await site.layDisk(disk);
  expect(await deploy({ disk, config: site.config }, testComposition(site))).toBe(3);
  site.requests.length = 0;
  return disk;
}
const cached = (disk: string, ...names: readonly string[]): string =>
  path.join(disk, 'volumes/windows/_SMSTaskSequence/Packages', ...names);
const programs = async (disk: string): Promise<readonly string[]> =>
  (await readFile(path.join(disk, 'commands.ndjson'), 'utf8'))
    .split('\n')
    .filter(line => line.includes('"program"'))
    .map(line => JSON.parse(line).command);
/** What was fetched of content, as `CON00006/3/files/tool.cmd`. */
const fetched = (): readonly string[] =>
  site.requests.flatMap(request => /^GET \/content\/(\S+\/files\/\S+)/.exec(request)?.[1] ?? []);

test('a whole cache needs no distribution point for its content', async () => {
  const disk = await handedOver('whole');
  expect(await continueDeployment({ disk, config: site.config }, testComposition(site))).toBe(0);
  expect(fetched()).toEqual([]);
});

test('an item that is gone, and one whose file is damaged, are mended from a distribution point and installed', async () => {
  const disk = await handedOver('spoilt');
  await rm(cached(disk, 'CON00006'), { recursive: true });
  await writeFile(cached(disk, 'CON00003/run.cmd'), '@format C:\r\n');
  const composition = testComposition(site);
  expect(await continueDeployment({ disk, config: site.config, json: true }, composition)).toBe(0);
  // run.cmd has the bytes of tool.cmd, which lies there by then.
  expect([...new Set(fetched())].sort()).toEqual(['CON00006/3/files/data.bin', 'CON00006/3/files/tool.cmd']);
  const report: Report = JSON.parse(composition.printed.at(-1) ?? '');
  expect(report.outcome).toBe('completed');
  const notes = composition.events.flatMap(event => (event.kind === 'note' ? [event.text] : []));
  expect(notes.join('\n')).toMatch(/CON00006 is missing at the moment of use/);
  expect(notes.join('\n')).toMatch(/CON00003 is damaged at the moment of use/);
});

test('where no distribution point has it, the run ends before the item is touched, and the next start goes on', async () => {
  const disk = await handedOver('nobody');
  await rm(cached(disk, 'CON00002'), { recursive: true });
  const [content, away] = [path.join(site.point, 'content'), path.join(site.point, 'away')];
  await rename(content, away);
  const fault = await faultOf(
    continueDeployment({ disk, config: site.config }, testComposition(site)).finally(() =>
      rename(away, content),
    ),
  );
  expect(fault).toMatchObject({ code: 'CONTENT-02', subject: expect.stringContaining('CON00002') });
  // The packages before it were installed; the application was not.
  expect(await programs(disk)).toEqual(['tool.cmd', 'run.cmd']);
  expect(await continueDeployment({ disk, config: site.config }, testComposition(site))).toBe(0);
  expect(await programs(disk)).toEqual(['tool.cmd', 'run.cmd', 'setup.exe /S']);
});

test('and so it is when no server answers at all', async () => {
  const disk = await handedOver('offline');
  await rm(cached(disk, 'CON00006/data.bin'));
  await site.close();
  isServing = false;
  expect(
    await faultOf(continueDeployment({ disk, config: site.config }, testComposition(site))),
  ).toMatchObject({ code: 'CONTENT-02', subject: 'CON00006: data.bin' });
});
