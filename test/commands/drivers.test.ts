// Driver packages by hardware, from the published site over the plan to the new Windows: fetched where they fit, left alone where they do not.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { continueDeployment } from '../../agent/commands/continue.ts';
import { deploy } from '../../agent/commands/deploy.ts';
import { showPlan } from '../../agent/commands/plan.ts';
import { decodeLines, encodeLine } from '../../agent/durable/checked-lines.ts';
import { layTree, type Tree } from '../support/site-kit.ts';
import { makeSmallSite, type SmallSite, testComposition } from '../support/small-site.ts';
import { faultOf } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';

const folder = tempFolder('drivers');
let site: SmallSite;
let disks = 0;

const driver = (id: string, name: string, hardware: object, ids: readonly string[] = []): Tree => ({
  [`content/${id}/content.yaml`]: {
    id,
    type: 'driver-package',
    name,
    version: '1',
    source: 'files',
    hardware,
  },
  [`content/${id}/files/driver.inf`]: `[Version]\n[Manufacturer]\nx=m\n[m]\n${ids.map(each => `d=i,${each}\n`).join('')}`,
});

beforeAll(async () => {
  site = await makeSmallSite(folder, {
    differences: {
      // Other bytes than those of the package for Book 15, which the media has: they would not be fetched.
      ...driver('CON00007', 'Book 14', { manufacturers: ['contoso*'], models: ['Book 14', 'Book 14 ?'] }, [
        'PCI\\VEN_8086&DEV_0014',
      ]),
      ...driver('CON00008', 'Book 15', { models: ['Book 15'] }),
      ...driver('CON00009', 'Dock', { devices: 'inf' }, ['USB\\VID_0BDA&PID_8153', 'USB\\VID_0BDA&PID_8156']),
      'task-sequences/CON00020.yaml': {
        name: 'Install Windows',
        osImage: { id: 'CON00001', index: 1 },
        drivers: 'auto',
        applications: ['CON00002'],
      },
      'media/depot.yaml': {
        taskSequence: 'CON00020',
        bootImage: 'CON00005',
        driverPackages: ['CON00004', 'CON00008'],
        createdBy: 'A. Admin',
      },
    },
  });
});
afterAll(() => site?.close());

async function diskOf(facts: object): Promise<string> {
  const disk = path.join(folder, `disk-${disks++}`);
  await site.layDisk(disk);
  layTree(disk, { 'machine.json': JSON.stringify({ facts }) });
  return disk;
}

const BOOK = {
  manufacturer: 'Contoso Ltd.',
  model: 'Book 14 G',
  devices: ['usb\\vid_0bda&pid_8153&rev_3100', 'usb\\vid_0bda&pid_8153', 'PCI\\VEN_8086&DEV_15F3'],
};

/** The driver packages that were added to the image, in order. */
function added(disk: string): readonly string[] {
  const lines = readFileSync(path.join(disk, 'commands.ndjson'), 'utf8').split('\n').filter(Boolean);
  return lines
    .map(line => JSON.parse(line))
    .filter(({ kind }) => kind === 'drivers')
    .map(({ folder: from }) => path.posix.basename(from));
}

async function planned(disk: string, options: object) {
  const composition = testComposition(site);
  expect(await showPlan({ disk, config: site.config, ...options }, composition)).toBe(0);
  return composition.printed.join('\n');
}

describe('a machine that driver packages were made for', () => {
  it('gets them and those that say nothing of hardware from the media, fetches what is not there, and continues', async () => {
    const disk = await diskOf(BOOK);
    const before = site.requests.length;
    const composition = testComposition(site);
    expect(await deploy({ disk, config: site.config, json: true }, composition)).toBe(3);
    expect(added(disk)).toEqual(['CON00004', 'CON00007', 'CON00009']);
    const asked = site.requests.slice(before).filter(line => /content\/CON0000[4789]\//.test(line));
    expect(asked.some(line => line.includes('content/CON00007/1/files/driver.inf'))).toBe(true);
    expect(asked.filter(line => /CON00004|CON00008/.test(line))).toEqual([]);
    expect(
      composition.events.filter(event => event.kind === 'note' && event.component === 'drivers'),
    ).toEqual([]);

    // The new Windows has the drivers of other devices by now: what was chosen stands.
    layTree(disk, { 'machine.json': JSON.stringify({ facts: { ...BOOK, devices: [] } }) });
    const journal = readFileSync(
      path.join(disk, 'volumes/windows/_SMSTaskSequence/Prestage/journal.log'),
      'utf8',
    );
    expect(journal).toContain('"deviceCount":3');
    expect(journal).not.toMatch(/VID_0BDA|"hardware"|"devices"/i);
    expect(await continueDeployment({ disk, config: site.config, json: true }, testComposition(site))).toBe(
      0,
    );
    const report = readFileSync(path.join(disk, 'volumes/windows/Windows/Logs/Prestage/report.json'), 'utf8');
    expect(JSON.parse(report)).toMatchObject({ outcome: 'completed', machine: { deviceCount: 3 } });
    expect(report).not.toMatch(/VID_0BDA/i);
  });

  it('plan says why, and with --why also of the others', async () => {
    const disk = await diskOf(BOOK);
    const taken = [
      'Driver packages:',
      '  CON00004 (Network) is taken: it says nothing of hardware and lies on the media.',
      '  CON00007 (Book 14) is taken: it is for manufacturer Contoso Ltd. and model Book 14 G.',
      '  CON00009 (Dock) is taken: it is for device USB\\VID_0BDA&PID_8153.',
    ];
    expect((await planned(disk, {})).split('\n').slice(-4)).toEqual(taken);
    expect((await planned(disk, { why: true })).split('\n').slice(-5)).toEqual([
      ...taken.slice(0, 3),
      '  CON00008 (Book 15) is not taken: model Book 15 does not match Book 14 G.',
      ...taken.slice(3),
    ]);
  });

  it('plan tells it as data, every device ID only with --why', async () => {
    const disk = await diskOf(BOOK);
    const short = JSON.parse(await planned(disk, { json: true }));
    expect(short.facts).toMatchObject({ deviceCount: 3 });
    expect(short.facts).not.toHaveProperty('devices');
    expect(short.drivers.map(({ id, taken }: { id: string; taken: boolean }) => [id, taken])).toEqual([
      ['CON00004', true],
      ['CON00007', true],
      ['CON00008', false],
      ['CON00009', true],
    ]);
    expect(JSON.stringify(short.plan)).not.toContain('hardware');
    const long = JSON.parse(await planned(disk, { json: true, why: true }));
    expect(long.facts.devices).toEqual([
      'PCI\\VEN_8086&DEV_15F3',
      'USB\\VID_0BDA&PID_8153',
      'USB\\VID_0BDA&PID_8153&REV_3100',
    ]);
  });
});

it('a plan with a driver package that policy does not name so is refused in the new Windows', async () => {
  const disk = await diskOf(BOOK);
  expect(await deploy({ disk, config: site.config, json: true }, testComposition(site))).toBe(3);
  const file = path.join(disk, 'volumes/windows/_SMSTaskSequence/Prestage/journal.log');
  const lines = decodeLines(readFileSync(file)).values.map(value =>
    encodeLine(
      JSON.parse(JSON.stringify(value), (_, each) =>
        each?.id === 'CON00007' && each.digest ? { ...each, digest: '0'.repeat(64) } : each,
      ),
    ),
  );
  writeFileSync(file, Buffer.concat(lines));
  expect(
    await faultOf(continueDeployment({ disk, config: site.config }, testComposition(site))),
  ).toMatchObject({ code: 'TRUST-07', subject: 'plan: CON00007' });
});

describe('a machine that no driver package was made for', () => {
  it('is told of, and deployed with the drivers of Windows', async () => {
    layTree(site.site, {
      'content/CON00004/content.yaml': {
        id: 'CON00004',
        type: 'driver-package',
        name: 'Network',
        version: '2',
        source: 'files',
        hardware: { devices: ['PCI\\VEN_1234'] },
      },
    });
    await site.publish();
    const note =
      'No driver package of policy fits this machine (Fabrikam Tower): Windows gets only the drivers that it has itself.';
    const disk = await diskOf({ manufacturer: 'Fabrikam', model: 'Tower' });
    expect((await planned(disk, {})).split('\n').slice(-2)).toEqual(['Driver packages:', `  ${note}`]);
    const composition = testComposition(site);
    expect(await deploy({ disk, config: site.config, json: true }, composition)).toBe(3);
    expect(composition.events).toContainEqual({
      kind: 'note',
      level: 'warning',
      component: 'drivers',
      text: note,
    });
    expect(added(disk)).toEqual([]);
    expect(await continueDeployment({ disk, config: site.config, json: true }, testComposition(site))).toBe(
      0,
    );
    expect(existsSync(path.join(disk, 'volumes/windows/_SMSTaskSequence'))).toBe(false);
  });
});
