// Windows on another volume than the media: by label, and on a disk that is partitioned for it. Until everything is right, no disk is touched.
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, readdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { continueDeployment } from '../../agent/commands/continue.ts';
import { deploy } from '../../agent/commands/deploy.ts';
import { showPlan } from '../../agent/commands/plan.ts';
import type { Machine } from '../../agent/machine/machine.ts';
import type { Report } from '../../agent/report/report.ts';
import { ended } from '../support/every-cut.ts';
import { openLossyFiles } from '../support/lossy-files.ts';
import {
  makeSmallSite,
  type SmallSite,
  type TestComposition,
  testComposition,
} from '../support/small-site.ts';
import { faultOf } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { readTree, writeTree } from '../support/wim-kit.ts';

const folder = tempFolder('two-volumes');
const sites = new Map<string, SmallSite>();

const sequence = (target: unknown, ...partitions: readonly unknown[]) => ({
  'task-sequences/CON00020.yaml': {
    name: 'Install Windows',
    osImage: { id: 'CON00001', index: 1 },
    drivers: ['CON00004'],
    packages: ['CON00006'],
    applications: ['CON00002'],
    steps: [
      { step: 'download-content' },
      ...partitions.map(disk => ({ step: 'partition-disk', disk })),
      { step: 'apply-os-image', target },
      { step: 'apply-drivers' },
      { step: 'set-up-boot' },
      { step: 'install-packages' },
      { step: 'install-applications' },
    ],
  },
});

beforeAll(async () => {
  const wishes = {
    labelled: sequence({ label: 'OS' }),
    partitioned: sequence('partitioned', { bus: ['sata'], minGB: 200 }),
    anyDisk: sequence('partitioned', {}),
    either: sequence('partitioned', { bus: ['sata'] }, { bus: ['scsi'] }),
  };
  for (const [name, differences] of Object.entries(wishes))
    sites.set(name, await makeSmallSite(path.join(folder, name), { differences }));
});
afterAll(async () => {
  for (const site of sites.values()) await site.close();
});

const siteOf = (name: string): SmallSite => sites.get(name)!;
const NVME = { number: 0, sizeBytes: 512e9, bus: 'nvme' };
const SATA = { number: 1, sizeBytes: 1000e9, bus: 'sata', volumes: ['old'] };

let disks = 0;
/** A fresh disk whose media lies on a volume `media`, as a depot lays a two-partition layout. */
async function freshDisk(
  site: SmallSite,
  {
    files = {},
    machine = {},
  }: { readonly files?: Readonly<Record<string, string>>; readonly machine?: object } = {},
): Promise<string> {
  disks += 1;
  const disk = path.join(folder, `disk-${disks}`);
  await site.layDisk(disk);
  await rename(path.join(disk, 'volumes/windows'), path.join(disk, 'volumes/media'));
  await writeTree(path.join(disk, 'volumes'), { 'media/Depot/receipt.txt': 'signed', ...files });
  await writeFile(path.join(disk, 'machine.json'), JSON.stringify(machine));
  return disk;
}

async function deployed(site: SmallSite, disk: string, composition = testComposition(site)): Promise<Report> {
  expect(await deploy({ disk, config: site.config, json: true }, composition)).toBe(3);
  return JSON.parse(composition.printed.at(-1) ?? '');
}

const namesOn = async (disk: string, volume: string): Promise<readonly string[]> =>
  (await readdir(path.join(disk, 'volumes', volume))).sort();

/** Everything on the disk but the journal, logs and manifests of the cache. */
async function untouched(disk: string): Promise<Readonly<Record<string, string>>> {
  const tree = await readTree(path.join(disk, 'volumes'));
  return Object.fromEntries(
    Object.entries(tree).filter(([name]) => !/_SMSTaskSequence\/(Logs|Prestage)\//.test(name)),
  );
}

const actionOf = (report: Report, name: string) =>
  report.actions.find(({ action }) => action.startsWith(name));

describe('a volume by its label', () => {
  test('takes Windows, cleared but for what is the system’s own, and leaves the media’s volume as it is', async () => {
    const site = siteOf('labelled');
    const disk = await freshDisk(site, {
      files: {
        'OS/Windows.old/System32/kernel32.dll': 'old',
        'OS/System Volume Information/tracking.log': 'x',
        'OS/_SMSTaskSequence/left over.txt': 'x',
        'OS/locked/read-only.txt': 'x',
        'elsewhere/keep.txt': 'x',
      },
    });
    const os = path.join(disk, 'volumes/OS');
    await chmod(path.join(os, 'locked/read-only.txt'), 0o444);
    await symlink(path.join(disk, 'volumes/elsewhere'), path.join(os, 'Documents and Settings'));

    const report = await deployed(site, disk);
    expect(report.outcome).toBe('handed-over');
    expect(await namesOn(disk, 'media')).toEqual(['Depot', '_SMSTaskSequence']);
    expect(await namesOn(disk, 'OS')).toEqual([
      'System Volume Information',
      'Users',
      'Windows',
      '_SMSTaskSequence',
    ]);
    expect(await namesOn(disk, 'elsewhere')).toEqual(['keep.txt']);
    expect(existsSync(path.join(os, '_SMSTaskSequence/left over.txt'))).toBe(false);
    const applied = await readTree(os);
    for (const [name, digest] of Object.entries(await readTree(site.osTree)))
      expect(applied[name], name).toBe(digest);
    const store = JSON.parse(await readFile(path.join(disk, 'boot-store.json'), 'utf8'));
    expect(store).toMatchObject({ default: 'volumes/OS/Windows', entries: [{ id: 'media' }, {}] });
    expect(await readFile(path.join(disk, 'commands.ndjson'), 'utf8')).toContain('"image":"volumes/OS"');

    expect(await continueDeployment({ disk, config: site.config, json: true }, testComposition(site))).toBe(
      0,
    );
    expect(await namesOn(disk, 'media')).toEqual(['Depot']);
    expect(await namesOn(disk, 'OS')).toEqual(['System Volume Information', 'Users', 'Windows']);
    const kept = JSON.parse(await readFile(path.join(os, 'Windows/Logs/Prestage/report.json'), 'utf8'));
    expect(kept.outcome).toBe('completed');
    // The start-up task may be faster than its own removal: once more does no harm.
    expect(await continueDeployment({ disk, config: site.config, json: true }, testComposition(site))).toBe(
      0,
    );
  });

  test('that is already applied is not applied again, and one that was wiped since is', async () => {
    const site = siteOf('labelled');
    const disk = await freshDisk(site, { files: { 'OS/old.txt': 'x' } });
    await deployed(site, disk);
    await writeFile(path.join(disk, 'volumes/OS/Windows/marker'), 'x');
    await deployed(site, disk);
    expect(existsSync(path.join(disk, 'volumes/OS/Windows/marker'))).toBe(true);
    // The depot lays the layout anew: the mark on the media names a volume that is gone.
    const mark = path.join(disk, 'volumes/media/_SMSTaskSequence/Prestage/applied.json');
    const text = await readFile(mark, 'utf8');
    expect(JSON.parse(text)).toMatchObject({ volume: 'folder:OS' });
    await writeFile(mark, text.replace('folder:OS', 'folder:another'));
    await deployed(site, disk);
    expect(existsSync(path.join(disk, 'volumes/OS/Windows/marker'))).toBe(false);
  });
});

describe('a disk that is partitioned', () => {
  test('is the one that fits; Windows goes there, and the media’s disk stays whole', async () => {
    const site = siteOf('partitioned');
    const disk = await freshDisk(site, {
      files: { 'old/data.txt': 'x' },
      machine: { disks: [NVME, SATA] },
    });
    const report = await deployed(site, disk);
    expect(actionOf(report, 'partition-disk')).toMatchObject({ state: 'finished' });
    expect(await namesOn(disk, '.')).toEqual(['disk1', 'esp', 'media']);
    expect(await namesOn(disk, 'media')).toEqual(['Depot', '_SMSTaskSequence']);
    expect(await namesOn(disk, 'disk1')).toEqual(['Users', 'Windows', '_SMSTaskSequence']);
    const partitions = async () =>
      (await readFile(path.join(disk, 'commands.ndjson'), 'utf8'))
        .split('\n')
        .filter(line => line.includes('"partition"')).length;
    expect(await partitions()).toBe(1);
    await deployed(site, disk);
    expect(await partitions()).toBe(1);
    expect(await continueDeployment({ disk, config: site.config, json: true }, testComposition(site))).toBe(
      0,
    );
    expect(await namesOn(disk, 'disk1')).toEqual(['Users', 'Windows']);
    expect(await namesOn(disk, 'media')).toEqual(['Depot']);
  });

  test('is partitioned again when the power went before the journal knew of it', async () => {
    const site = siteOf('partitioned');
    const disk = await freshDisk(site, {
      files: { 'old/data.txt': 'x' },
      machine: { disks: [NVME, SATA] },
    });
    const cut = compositionWith(site, machine => ({
      partition: async number => {
        await machine.partition(number);
        throw new Error('the power went');
      },
    }));
    await faultOf(deploy({ disk, config: site.config }, cut));
    await writeTree(path.join(disk, 'volumes/disk1'), { 'half/format': 'x' });
    await deployed(site, disk);
    expect(await namesOn(disk, 'disk1')).toEqual(['Users', 'Windows', '_SMSTaskSequence']);
  });

  test('is one in a sequence, also when a second step would take another; none is ever cleared again', async () => {
    const site = siteOf('either');
    const disk = await freshDisk(site, {
      files: { 'old/data.txt': 'x', 'other/data.txt': 'x' },
      machine: { disks: [NVME, SATA, { number: 2, sizeBytes: 800e9, bus: 'scsi', volumes: ['other'] }] },
    });
    for (let run = 1; run <= 2; run++) {
      const report = await deployed(site, disk);
      const steps = report.actions.filter(({ action }) => action.startsWith('partition-disk'));
      expect(steps.map(({ state }) => state)).toEqual(['finished', 'skipped']);
      expect(steps[1]?.result?.skipped).toContain('disk 1 was made ready for Windows already');
    }
    expect(await namesOn(disk, '.')).toEqual(['disk1', 'esp', 'media', 'other']);
    expect(await namesOn(disk, 'disk1')).toEqual(['Users', 'Windows', '_SMSTaskSequence']);
    expect(
      (await readFile(path.join(disk, 'commands.ndjson'), 'utf8')).match(/"kind":"partition"/g),
    ).toHaveLength(1);
  });

  test('is whole whichever write around it the power cuts', { timeout: 120_000 }, async () => {
    const site = siteOf('partitioned');
    const laid = await freshDisk(site, {
      files: { 'old/data.txt': 'x' },
      machine: { disks: [NVME, SATA] },
    });
    const play = async (name: string, cutAt?: number) => {
      const ground = path.join(folder, name);
      const disk = path.join(ground, 'disk');
      await cp(laid, disk, { recursive: true });
      const lossy = openLossyFiles({
        graveyard: path.join(ground, 'graveyard'),
        ...(cutAt === undefined ? {} : { cutAt }),
      });
      const composition = testComposition(site, { durable: lossy.files });
      const isWhole = await ended(deploy({ disk, config: site.config, json: true }, composition));
      await lossy.loseUnflushed('dropped', cutAt);
      return { disk, isWhole, points: lossy.points };
    };
    const uncut = await play('uncut');
    const goal = await readTree(path.join(uncut.disk, 'volumes/disk1'));
    // From the removal of the mark before the disk is partitioned to the mark of what is applied: the rest is cut in tests of its own.
    const from = uncut.points.findIndex(words => words.includes('data.txt'));
    const to = uncut.points.findLastIndex(words => words.includes('applied.json'));
    expect(to - from).toBeGreaterThan(10);
    for (let cutAt = from - 2; cutAt <= to + 2; cutAt++) {
      const { disk, isWhole } = await play(`cut-${cutAt}`, cutAt);
      expect(isWhole, uncut.points[cutAt - 1]).toBe(false);
      await deployed(site, disk);
      expect(await readTree(path.join(disk, 'volumes/disk1')), uncut.points[cutAt - 1]).toEqual(goal);
      expect(await namesOn(disk, 'media')).toEqual(['Depot', '_SMSTaskSequence']);
    }
  });

  test('is none where only the media’s own fits: the step is skipped with the reason, and Windows goes beside the cache', async () => {
    const site = siteOf('anyDisk');
    const disk = await freshDisk(site, { machine: { disks: [NVME] } });
    const report = await deployed(site, disk);
    expect(actionOf(report, 'partition-disk')).toMatchObject({
      result: {
        skipped: 'the media lies on disk 0, which is never partitioned; Windows goes beside the cache',
      },
    });
    expect(await namesOn(disk, 'media')).toEqual(['Users', 'Windows', '_SMSTaskSequence']);
    // Decided once: a disk that is put in later is not asked about, and stops nothing.
    const later = { disks: [NVME, SATA], facts: { firmware: 'bios' } };
    await writeFile(path.join(disk, 'machine.json'), JSON.stringify(later));
    await deployed(site, disk);
    expect(await continueDeployment({ disk, config: site.config, json: true }, testComposition(site))).toBe(
      0,
    );
  });
});

describe('nothing is touched', () => {
  interface Refusal {
    readonly site: string;
    readonly machine?: object;
    readonly files?: Readonly<Record<string, string>>;
    readonly code: string;
  }
  const old = { 'old/data.txt': 'x' };
  test.each<[string, Refusal]>([
    ['when no volume has the label', { site: 'labelled', code: 'MACHINE-02' }],
    [
      'when only a stick has the label',
      {
        site: 'labelled',
        files: { 'OS/a': 'x' },
        machine: { volumes: { OS: { kind: 'removable' } } },
        code: 'MACHINE-02',
      },
    ],
    [
      'when the volume with the label is FAT',
      {
        site: 'labelled',
        files: { 'OS/a': 'x' },
        machine: { volumes: { OS: { fileSystem: 'FAT32' } } },
        code: 'MACHINE-02',
      },
    ],
    [
      'when two volumes have the label',
      { site: 'labelled', files: { 'OS/a': 'x', 'os/b': 'x' }, code: 'MACHINE-05' },
    ],
    [
      'when the volume with the label is too small for the image',
      {
        site: 'labelled',
        files: { 'OS/a': 'x' },
        machine: { volumes: { OS: { sizeBytes: 1_000_000 } } },
        code: 'MACHINE-06',
      },
    ],
    [
      'when no disk is what the step asks for',
      {
        site: 'partitioned',
        machine: { disks: [NVME, { ...SATA, bus: 'usb' }] },
        files: old,
        code: 'MACHINE-02',
      },
    ],
    [
      'when the machine has the media’s disk alone and the step asks for another',
      { site: 'partitioned', machine: { disks: [NVME] }, code: 'MACHINE-02' },
    ],
    [
      'when two disks are what the step asks for',
      {
        site: 'partitioned',
        machine: { disks: [NVME, SATA, { ...SATA, number: 2, volumes: [] }] },
        files: old,
        code: 'MACHINE-05',
      },
    ],
    [
      'when the disk is too small for the image',
      {
        site: 'anyDisk',
        machine: { disks: [NVME, { ...SATA, sizeBytes: 100_000_000 }] },
        files: old,
        code: 'MACHINE-06',
      },
    ],
    [
      'when the disk would be started by BIOS',
      {
        site: 'partitioned',
        machine: { disks: [NVME, SATA], facts: { firmware: 'bios' } },
        files: old,
        code: 'MACHINE-02',
      },
    ],
    [
      'on battery',
      {
        site: 'partitioned',
        machine: { disks: [NVME, SATA], facts: { power: 'battery' } },
        files: old,
        code: 'MACHINE-01',
      },
    ],
  ])('%s', async (_title, { site: name, machine = {}, files = {}, code }) => {
    const site = siteOf(name);
    const disk = await freshDisk(site, { machine, files });
    const before = await untouched(disk);
    expect(await faultOf(deploy({ disk, config: site.config }, testComposition(site)))).toMatchObject({
      code,
    });
    expect(await untouched(disk)).toEqual(before);

    const planned = testComposition(site);
    expect(await showPlan({ disk, config: site.config, json: true }, planned)).toBe(0);
    expect(JSON.parse(planned.printed.at(-1) ?? '')).toMatchObject({ obstacles: [{ code }] });
    const told = testComposition(site);
    expect(await showPlan({ disk, config: site.config }, told)).toBe(0);
    expect(told.printed.join('\n')).toContain(code);
  });

  test('on a volume that holds other prestaged media, even when its label is named', async () => {
    const site = siteOf('labelled');
    const disk = await freshDisk(site);
    const other = path.join(disk, 'volumes/OS/_SMSTaskSequence/Prestage');
    await mkdir(other, { recursive: true });
    await writeFile(path.join(other, 'media.json'), '{}');
    const before = await untouched(disk);
    const fault = await faultOf(deploy({ disk, config: site.config, media: 'media' }, testComposition(site)));
    expect(fault).toMatchObject({ code: 'MACHINE-02', detail: { found: 'other prestaged media' } });
    expect(await untouched(disk)).toEqual(before);
  });
});

test('battery is no obstacle where the site allows it', async () => {
  const site = await makeSmallSite(path.join(folder, 'battery'), {
    differences: {
      'site.yaml': {
        site: 'CON',
        name: 'Contoso',
        distributionPoints: [{ url: 'http://127.0.0.1:9/', priority: 1 }],
        managementPoints: ['http://127.0.0.1:9/'],
        keys: { policy: 'policy', media: 'media' },
        variables: { PrestageAllowBattery: 'true' },
      },
      'media/depot.yaml': {
        taskSequence: 'CON00020',
        bootImage: 'CON00005',
        createdBy: 'A. Admin',
        allowOffline: true,
      },
    },
  });
  try {
    disks += 1;
    const disk = path.join(folder, `disk-${disks}`);
    await site.layDisk(disk);
    await writeFile(path.join(disk, 'machine.json'), JSON.stringify({ facts: { power: 'battery' } }));
    await deployed(site, disk);
  } finally {
    await site.close();
  }
});

/** A composition on a machine of which `changed` is different. */
function compositionWith(site: SmallSite, changed: (machine: Machine) => Partial<Machine>): TestComposition {
  const composition = testComposition(site);
  return {
    ...composition,
    openMachine: async options => {
      const machine = await composition.openMachine(options);
      return { ...machine, ...changed(machine) };
    },
  };
}
