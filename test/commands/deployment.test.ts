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

test('the new Windows has another address and runs on battery: collections and conditions stay as they were planned', async () => {
  const here = await makeSmallSite(path.join(folder, 'subnets'), {
    differences: {
      'collections.yaml': [
        { name: 'Here', rule: { subnets: ['10.1.0.0/16'] }, variables: { Where: 'here' } },
      ],
      'task-sequences/CON00020.yaml': {
        name: 'Install Windows',
        osImage: { id: 'CON00001', index: 1 },
        drivers: ['CON00004'],
        steps: [
          { step: 'apply-os-image' },
          { step: 'set-up-boot' },
          { step: 'run-command', command: 'here.exe', when: { variable: 'Where', equals: 'here' } },
          { step: 'run-command', command: 'net.exe', when: { machine: 'ipAddress', like: '10.1.*' } },
          { step: 'run-command', command: 'plugged.exe', when: { machine: 'power', equals: 'mains' } },
        ],
      },
    },
  });
  try {
    const disk = path.join(folder, 'moved');
    await here.layDisk(disk);
    const machine = (facts: object): Promise<void> =>
      writeFile(path.join(disk, 'machine.json'), JSON.stringify({ facts }));
    await machine({ ipAddresses: ['10.1.0.5'], power: 'mains' });
    const options = { disk, config: here.config, json: true } as const;
    expect(await deploy(options, testComposition(here))).toBe(3);
    await machine({ ipAddresses: ['192.168.7.9'], power: 'battery' });
    expect(await continueDeployment(options, testComposition(here))).toBe(0);
    const ran = await readFile(path.join(disk, 'commands.ndjson'), 'utf8');
    expect(ran.match(/[a-z]+\.exe/g)).toEqual(['here.exe', 'net.exe', 'plugged.exe']);
  } finally {
    await here.close();
  }
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
