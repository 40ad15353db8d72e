import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { continueDeployment } from '../../agent/commands/continue.ts';
import { deploy } from '../../agent/commands/deploy.ts';
import { decodeLines, encodeLine } from '../../agent/durable/checked-lines.ts';
import type { Report } from '../../agent/report/report.ts';
import {
  makeSmallSite,
  moveWorldOn,
  type SmallSite,
  testComposition,
  wearDisk,
} from '../support/small-site.ts';
import { faultOf } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { readTree } from '../support/wim-kit.ts';

const folder = tempFolder('deployment');
let site: SmallSite;
beforeAll(async () => {
  site = await makeSmallSite(folder);
  await moveWorldOn(site);
});
afterAll(() => site?.close());

test('a worn disk is proven, completed, applied, handed over, continued and cleaned up', async () => {
  const disk = path.join(folder, 'disk');
  await site.layDisk(disk);
  await wearDisk(disk);
  site.requests.length = 0;

  const winpe = testComposition(site);
  expect(await deploy({ disk, config: site.config, json: true }, winpe)).toBe(3);
  const report: Report = JSON.parse(winpe.printed.at(-1) ?? '');
  expect(report.items.map(({ id, outcome }) => [id, outcome])).toEqual([
    ['CON00001', 'damaged'],
    ['CON00004', 'missing'],
    ['CON00006', 'damaged'],
    ['CON00003', 'damaged'],
    ['CON00002', 'changed'],
  ]);
  expect(report.outcome).toBe('handed-over');
  expect(report.image?.bad).toHaveLength(1);
  expect(report.bytes.fetched).toBeLessThan(report.bytes.total / 4);

  const windows = path.join(disk, 'volumes/windows');
  const applied = await readTree(windows);
  for (const [name, digest] of Object.entries(await readTree(site.osTree)))
    expect(applied[name], name).toBe(digest);
  // Nothing of the wire went to what was whole: the editor's unchanged file was linked, the tool's whole file kept.
  expect(site.requests.filter(request => /über|tool\.cmd/.test(decodeURIComponent(request)))).toEqual([]);

  const fullOs = testComposition(site);
  expect(await continueDeployment({ disk, config: site.config, json: true }, fullOs)).toBe(0);
  const last: Report = JSON.parse(fullOs.printed.at(-1) ?? '');
  expect(last.outcome).toBe('completed');
  expect(
    last.actions
      .filter(action => action.action.startsWith('install'))
      .map(({ action, state }) => `${action} ${state}`),
  ).toEqual([
    'install-package:CON00006 finished',
    'install-package:CON00003 finished',
    'install-application:CON00002 finished',
  ]);
  const after = Object.keys(await readTree(windows));
  expect(after.filter(name => name.startsWith('_SMSTaskSequence'))).toEqual([]);
  expect(after.filter(name => name.startsWith('Windows/Logs/Prestage/'))).toContain(
    'Windows/Logs/Prestage/report.json',
  );
  expect(after.filter(name => /unattend\.xml|SetupComplete/i.test(name))).toEqual([]);
});

test('a plan that was changed on the disk is refused in the new Windows before anything of it is run', async () => {
  const disk = path.join(folder, 'forged');
  await site.layDisk(disk);
  expect(await deploy({ disk, config: site.config, json: true }, testComposition(site))).toBe(3);
  const journal = path.join(disk, 'volumes/windows/_SMSTaskSequence/Prestage/journal.log');
  const forged = decodeLines(await readFile(journal)).values.map(record => {
    const text = JSON.stringify(record);
    // Whoever can write the disk can write a valid journal: the digest of another manifest, with a right checksum.
    return encodeLine(
      JSON.parse(
        text.includes('"type":"plan"')
          ? text.replaceAll(
              /"digest":"[0-9a-f]{64}","manifestBytes"/g,
              `"digest":"${'e'.repeat(64)}","manifestBytes"`,
            )
          : text,
      ),
    );
  });
  await writeFile(journal, Buffer.concat(forged));
  const fullOs = testComposition(site);
  expect(await faultOf(continueDeployment({ disk, config: site.config }, fullOs))).toMatchObject({
    code: 'TRUST-07',
  });
  const commands = await readFile(path.join(disk, 'commands.ndjson'), 'utf8');
  expect(commands).not.toContain('setup.exe');
  expect(commands).not.toContain('tool.cmd');
});
