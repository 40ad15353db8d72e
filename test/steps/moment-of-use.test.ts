import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { continueDeployment } from '../../agent/commands/continue.ts';
import { deploy } from '../../agent/commands/deploy.ts';
import type { Machine } from '../../agent/machine/machine.ts';
import type { ProgressEvent } from '../../agent/progress/event.ts';
import { ITEMS, makeSmallSite, moveWorldOn, type SmallSite, testComposition } from '../support/small-site.ts';
import { faultOf } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { overwrite, writeTree } from '../support/wim-kit.ts';

const folder = tempFolder('moment-of-use');
let site: SmallSite;
beforeAll(async () => {
  site = await makeSmallSite(path.join(folder, 'site'), {
    differences: {
      'content/CON00006/content.yaml': {
        ...ITEMS.tool,
        install: [{ command: 'tool.cmd /password=geheim42' }],
      },
    },
  });
});
afterAll(() => site?.close());

let disks = 0;
async function freshDisk(): Promise<string> {
  disks += 1;
  const disk = path.join(folder, `disk-${disks}`);
  await site.layDisk(disk);
  return disk;
}
const volume = (disk: string, ...names: readonly string[]): string =>
  path.join(disk, 'volumes/windows', ...names);
const cache = (disk: string, ...names: readonly string[]): string =>
  volume(disk, '_SMSTaskSequence', ...names);

/** The composition with a machine that differs in some parts. */
async function withMachine(disk: string, differ: (machine: Machine) => Partial<Machine>) {
  const composition = testComposition(site);
  const machine = await composition.openMachine({ disk });
  return { ...composition, openMachine: async () => ({ ...machine, ...differ(machine) }) };
}

test('a file that nobody signed is gone from an item before its installer runs: Windows would load a DLL from there', async () => {
  const disk = await freshDisk();
  expect(await deploy({ disk, config: site.config }, testComposition(site))).toBe(3);
  await writeTree(cache(disk, 'Packages/CON00006'), { 'version.dll': 'MZ', 'sub/evil.inf': '[Version]' });
  const seen: string[] = [];
  const composition = await withMachine(disk, machine => ({
    run: async request => {
      seen.push(...(await readdir(request.folder, { recursive: true })));
      return machine.run(request);
    },
  }));
  expect(await continueDeployment({ disk, config: site.config }, composition)).toBe(0);
  expect(seen).toContain('tool.cmd');
  expect(seen.filter(name => /version\.dll|evil\.inf/.test(name))).toEqual([]);
  expect(composition.events).toContainEqual(
    expect.objectContaining({ kind: 'note', level: 'warning', text: expect.stringContaining('version.dll') }),
  );
});

test('a run that is stopped while an item is mended says so, and not that the item is bad', async () => {
  const disk = await freshDisk();
  expect(await deploy({ disk, config: site.config }, testComposition(site))).toBe(3);
  await rm(cache(disk, 'Packages/CON00006/tool.cmd'));
  const stop = new AbortController();
  const composition = testComposition(site, { signal: stop.signal });
  const stopping = {
    ...composition,
    observe(event: ProgressEvent) {
      composition.observe(event);
      if (event.kind === 'note' && event.text.includes('mending it')) stop.abort();
    },
  };
  const fault = await faultOf(continueDeployment({ disk, config: site.config }, stopping));
  expect(fault.code).toBe('STOP-01');
});

test('and from a driver package before its drivers are added', async () => {
  const disk = await freshDisk();
  await writeFile(cache(disk, 'Packages/CON00004/evil.inf'), '[Version]');
  expect(await deploy({ disk, config: site.config }, testComposition(site))).toBe(3);
  expect(await readFile(path.join(disk, 'commands.ndjson'), 'utf8')).not.toContain('evil.inf');
});

test('an image that is not in the WIM is refused before anything is wiped', async () => {
  const disk = await freshDisk();
  await writeFile(volume(disk, 'keep.txt'), 'kept');
  // The image is not whole when the plan is made, so that its images cannot be counted then.
  await overwrite(cache(disk, 'Packages/CON00001/install.wim'), 700_000, Buffer.from('flip'));
  let asked = 0;
  const composition = await withMachine(disk, machine => ({
    imaging: {
      ...machine.imaging,
      listImages: async wim => {
        asked += 1;
        return asked === 1 ? machine.imaging.listImages(wim) : [];
      },
    },
  }));
  expect(await faultOf(deploy({ disk, config: site.config }, composition))).toMatchObject({
    code: 'IMAGE-03',
  });
  expect(await readFile(volume(disk, 'keep.txt'), 'utf8')).toBe('kept');
});

test('what a damaged WIM says of its images is not believed: it is mended and deployed', async () => {
  const disk = await freshDisk();
  const wim = cache(disk, 'Packages/CON00001/install.wim');
  const at = (await readFile(wim)).lastIndexOf(Buffer.from('INDEX="1"', 'utf16le'));
  expect(at).toBeGreaterThan(0);
  await overwrite(wim, at, Buffer.from('INDEX="7"', 'utf16le'));
  expect(await deploy({ disk, config: site.config }, testComposition(site))).toBe(3);
});

test('boot files are flushed before the new Windows becomes the default, and the default after', async () => {
  const disk = await freshDisk();
  const order: string[] = [];
  const composition = await withMachine(disk, machine => ({
    flush: async each => {
      order.push(`flush ${each.label}`);
      return machine.flush(each);
    },
    makeDefault: async windowsFolder => {
      order.push('make default');
      return machine.makeDefault(windowsFolder);
    },
  }));
  expect(await deploy({ disk, config: site.config }, composition)).toBe(3);
  const armed = order.indexOf('make default');
  expect(order.slice(0, armed)).toContain('flush esp');
  expect(order.slice(armed + 1)).toContain('flush esp');
});

test('a default that the boot store has lost, though the journal has it, is set again', async () => {
  const disk = await freshDisk();
  expect(await deploy({ disk, config: site.config }, testComposition(site))).toBe(3);
  const store = path.join(disk, 'boot-store.json');
  const armed = JSON.parse(await readFile(store, 'utf8'));
  await writeFile(store, JSON.stringify({ ...armed, default: 'media' }));
  expect(await deploy({ disk, config: site.config }, testComposition(site))).toBe(3);
  expect(JSON.parse(await readFile(store, 'utf8'))).toEqual(armed);
});

test('certificates that agent.yaml names are staged with it, so that the new Windows can read it', async () => {
  const disk = await freshDisk();
  const own = path.join(folder, 'with-ca');
  await writeTree(own, {
    'agent.yaml': `${await readFile(site.config, 'utf8')}\nca: [certificates/site.pem]\n`,
    'certificates/site.pem': '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n',
  });
  expect(await deploy({ disk, config: path.join(own, 'agent.yaml') }, testComposition(site))).toBe(3);
  const staged = cache(disk, 'Prestage/agent/agent.yaml');
  expect(await continueDeployment({ disk, config: staged }, testComposition(site))).toBe(0);
});

test('--fresh applies the image again; without it what is applied stays', async () => {
  const disk = await freshDisk();
  expect(await deploy({ disk, config: site.config }, testComposition(site))).toBe(3);
  await rm(volume(disk, 'Windows/win.ini'));
  expect(await deploy({ disk, config: site.config }, testComposition(site))).toBe(3);
  expect(await readdir(volume(disk, 'Windows'))).not.toContain('win.ini');
  expect(await deploy({ disk, config: site.config, fresh: true }, testComposition(site))).toBe(3);
  expect(await readdir(volume(disk, 'Windows'))).toContain('win.ini');
});

test('a kept report that is no JSON does not keep the new Windows from going on', async () => {
  const disk = await freshDisk();
  expect(await deploy({ disk, config: site.config }, testComposition(site))).toBe(3);
  await writeTree(volume(disk, 'Windows/Logs/Prestage'), { 'report.json': '\0\0\0' });
  expect(await continueDeployment({ disk, config: site.config }, testComposition(site))).toBe(0);
});

test('a second run on the same volume is refused while the first is at work, and possible after it', async () => {
  const disk = await freshDisk();
  let second: unknown;
  const composition = await withMachine(disk, machine => ({
    protect: async target => {
      second ??= await faultOf(deploy({ disk, config: site.config }, testComposition(site)));
      await machine.protect(target);
    },
  }));
  expect(await deploy({ disk, config: site.config }, composition)).toBe(3);
  expect(second).toMatchObject({ code: 'USAGE-14' });
  expect(await continueDeployment({ disk, config: site.config }, testComposition(site))).toBe(0);
});

test('--fresh does not forget which policy was accepted: an older one stays a replay', async () => {
  const disk = await freshDisk();
  const pointer = path.join(site.point, 'policy/current.json');
  const older = await readFile(pointer);
  await moveWorldOn(site);
  const newer = await readFile(pointer);
  expect(newer.equals(older)).toBe(false);
  expect(await deploy({ disk, config: site.config }, testComposition(site))).toBe(3);
  await writeFile(pointer, older);
  const fault = await faultOf(deploy({ disk, config: site.config, fresh: true }, testComposition(site)));
  await writeFile(pointer, newer);
  expect(fault).toMatchObject({ code: 'TRUST-06' });
});

test('a deploy that stops before it has a new plan leaves the new Windows the policy of the old one', async () => {
  const disk = await freshDisk();
  const pointer = path.join(site.point, 'policy/current.json');
  const newer = await readFile(pointer);
  const { serial, ...rest } = JSON.parse(newer.toString('utf8'));
  await writeFile(pointer, JSON.stringify({ ...rest, serial: serial - 1 }));
  expect(await deploy({ disk, config: site.config }, testComposition(site))).toBe(3);
  await writeFile(pointer, newer);
  const full = await withMachine(disk, machine => ({
    volumes: async () => (await machine.volumes()).map(each => ({ ...each, freeBytes: 0 })),
  }));
  expect(await faultOf(deploy({ disk, config: site.config }, full))).toMatchObject({ code: 'DISK-01' });
  expect(await continueDeployment({ disk, config: site.config }, testComposition(site))).toBe(0);
});

test('a password on a command line is in no log, journal or report', async () => {
  const disk = await freshDisk();
  await writeFile(
    path.join(disk, 'exit-codes.json'),
    JSON.stringify({ 'tool.cmd /password=geheim42': [1603, 0] }),
  );
  expect(await deploy({ disk, config: site.config }, testComposition(site))).toBe(3);
  expect(
    await faultOf(continueDeployment({ disk, config: site.config }, testComposition(site))),
  ).toMatchObject({ code: 'PKG-01', detail: { command: 'tool.cmd /password=geheim42' } });
  expect(await readFile(cache(disk, 'Prestage/journal.log'), 'utf8')).not.toContain('geheim42');
  expect(await continueDeployment({ disk, config: site.config }, testComposition(site))).toBe(0);
  const kept = volume(disk, 'Windows/Logs/Prestage');
  const names = await readdir(kept);
  expect(names).toEqual(expect.arrayContaining(['install-CON00006.log', 'journal.log', 'report.json']));
  for (const name of names)
    expect(await readFile(path.join(kept, name), 'utf8'), name).not.toContain('geheim42');
});
