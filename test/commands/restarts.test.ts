// A task sequence that restarts into the media on its way: deploy goes on where it was, and a rehearsal plays it to its end.
import { existsSync, readFileSync } from 'node:fs';
import { cp, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { continueDeployment } from '../../agent/commands/continue.ts';
import { deploy, deployOnce } from '../../agent/commands/deploy.ts';
import { rehearse } from '../../agent/commands/rehearse.ts';
import { cacheLayout } from '../../agent/content/layout.ts';
import { readJournal } from '../../agent/journal/journal.ts';
import type { Report } from '../../agent/report/report.ts';
import { summarize } from '../../agent/report/summary.ts';
import { makeSmallSite, type SmallSite, testComposition } from '../support/small-site.ts';
import { faultOf } from '../support/sources.ts';
import { recordedPrograms } from '../support/step-kit.ts';
import { tempFolder } from '../support/temp-folder.ts';

const folder = tempFolder('restarts');
let site: SmallSite;
beforeAll(async () => {
  site = await makeSmallSite(path.join(folder, 'site'), {
    differences: {
      'task-sequences/CON00020.yaml': {
        name: 'Install Windows',
        osImage: { id: 'CON00001', index: 1 },
        drivers: ['CON00004'],
        packages: ['CON00006'],
        applications: ['CON00002'],
        variables: { Bios: 'old' },
        steps: [
          {
            step: 'run-command',
            name: 'Firmware',
            command: 'flash.cmd %Bios%',
            when: { variable: 'Bios', equals: 'old' },
          },
          { step: 'set-variable', variable: 'Bios', value: 'new' },
          { step: 'restart', to: 'winpe' },
          { step: 'run-command', name: 'Look', command: 'look.cmd %Bios% %_SMSTSInWinPE%' },
          { step: 'apply-os-image' },
          { step: 'apply-drivers' },
          { step: 'set-up-boot' },
          {
            step: 'run-command',
            name: 'May fail',
            command: 'may.cmd',
            runsIn: 'winpe',
            continueOnError: true,
            retry: { attempts: 2, delaySeconds: 1 },
          },
          {
            step: 'run-command',
            name: 'Later',
            command: 'later.cmd %Bios% %_SMSTSInWinPE%',
            runsIn: 'full-os',
          },
          { step: 'restart', to: 'full-os' },
          { step: 'install-packages' },
          {
            step: 'run-powershell',
            name: 'Script',
            script: 'exit 0',
            when: { variable: 'Bios', equals: 'old' },
          },
          { step: 'install-applications' },
        ],
      },
    },
  });
});
afterAll(() => site?.close());

async function freshDisk(name: string): Promise<string> {
  const disk = path.join(folder, name);
  await site.layDisk(disk);
  await writeFile(path.join(disk, 'exit-codes.json'), JSON.stringify({ 'may.cmd': 1 }));
  return disk;
}
const EVERY_PROGRAM = [
  'flash.cmd old',
  'look.cmd new true',
  'may.cmd',
  'may.cmd',
  'later.cmd new false',
  'tool.cmd',
];

test('deploy ends with 3 and restarts the computer; the next start goes on behind the restart', async () => {
  const disk = await freshDisk('disk');
  expect(await deployOnce({ disk, config: site.config }, testComposition(site))).toBe('restart');
  expect(await recordedPrograms(disk)).toEqual(['flash.cmd old']);
  expect(readFileSync(path.join(disk, 'commands.ndjson'), 'utf8')).toContain('"kind":"restart"');
  const { journal } = cacheLayout(path.join(disk, 'volumes/windows'));
  expect(summarize(await readJournal(journal), '1').outcome).toBe('running');
  expect(await deploy({ disk, config: site.config }, testComposition(site))).toBe(3);
  const report = summarize(await readJournal(journal), '1');
  expect(report.outcome).toBe('handed-over');
  expect(report.actions.find(each => each.title === 'May fail')).toMatchObject({
    state: 'failed',
    result: { attempts: 2, failed: { code: 'PKG-05' } },
  });
  while ((await continueDeployment({ disk, config: site.config }, testComposition(site))) !== 0);
  expect((await recordedPrograms(disk)).slice(0, EVERY_PROGRAM.length)).toEqual(EVERY_PROGRAM);
});

test('a rehearsal plays all of it', async () => {
  const disk = await freshDisk('rehearsed');
  const composition = testComposition(site);
  expect(await rehearse(disk, { config: site.config, json: true }, composition)).toBe(0);
  const report: Report = JSON.parse(composition.printed.at(-1) ?? '');
  expect(report.outcome).toBe('completed');
  expect(report.actions.filter(each => each.state === 'skipped').map(each => each.title)).toEqual(['Script']);
  expect((await recordedPrograms(disk)).slice(0, EVERY_PROGRAM.length)).toEqual(EVERY_PROGRAM);
});

test('a deployment that is begun anew after a hand-over takes it back: whatever restarts the computer, the media starts, until it hands over again', async () => {
  const disk = await freshDisk('begun-anew');
  const bootDefault = (): string =>
    JSON.parse(readFileSync(path.join(disk, 'boot-store.json'), 'utf8')).default;
  await deployOnce({ disk, config: site.config }, testComposition(site));
  expect(await deployOnce({ disk, config: site.config }, testComposition(site))).toBe('handed-over');
  expect(bootDefault()).toBe('volumes/windows/Windows');
  expect(await deployOnce({ disk, config: site.config, fresh: true }, testComposition(site))).toBe('restart');
  expect(bootDefault()).toBe('media');
  // Started by hand, the Windows of before is none that the new plan is for.
  const going = continueDeployment({ disk, config: site.config }, testComposition(site));
  expect(await faultOf(going)).toMatchObject({ code: 'JOURNAL-03' });
  expect(await deployOnce({ disk, config: site.config }, testComposition(site))).toBe('handed-over');
  expect(bootDefault()).toBe('volumes/windows/Windows');
});

test('so does one that goes on with another plan: the Windows of before does not go on with that', async () => {
  const disk = await freshDisk('other-plan');
  await deployOnce({ disk, config: site.config }, testComposition(site));
  await deployOnce({ disk, config: site.config }, testComposition(site));
  const sequence = path.join(site.site, 'task-sequences/CON00020.yaml');
  const before = readFileSync(sequence, 'utf8');
  await writeFile(
    sequence,
    before.replaceAll('look.cmd', 'look-again.cmd').replaceAll('flash.cmd', 'flash-again.cmd'),
  );
  await site.publish();
  const composition = testComposition(site);
  const stopping = {
    ...composition,
    openMachine: async (options: { readonly disk?: string }) => {
      const machine = await composition.openMachine(options);
      return { ...machine, run: async () => Promise.reject(new Error('the power went')) };
    },
  };
  await faultOf(deployOnce({ disk, config: site.config }, stopping));
  expect(JSON.parse(readFileSync(path.join(disk, 'boot-store.json'), 'utf8')).default).toBe('media');
  const going = continueDeployment({ disk, config: site.config }, testComposition(site));
  expect(await faultOf(going)).toMatchObject({ code: 'JOURNAL-03' });
  expect(await deploy({ disk, config: site.config }, testComposition(site))).toBe(3);
  await writeFile(sequence, before);
  await site.publish();
});

test('in the new Windows the hand-over is done, though the power went before the journal had it', async () => {
  const disk = await freshDisk('handed-over');
  await deployOnce({ disk, config: site.config }, testComposition(site));
  const composition = testComposition(site);
  const cut = {
    ...composition,
    openMachine: async (options: { readonly disk?: string }) => {
      const machine = await composition.openMachine(options);
      const makeDefault = async (windowsFolder: string): Promise<void> => {
        await machine.makeDefault(windowsFolder);
        throw new Error('the power went');
      };
      return { ...machine, makeDefault };
    },
  };
  await faultOf(deploy({ disk, config: site.config }, cut));
  const last = testComposition(site);
  while ((await continueDeployment({ disk, config: site.config, json: true }, last)) !== 0);
  const report: Report = JSON.parse(last.printed.at(-1) ?? '');
  expect(report).toMatchObject({ outcome: 'completed', byOutcome: expect.anything() });
  expect(report.actions.find(({ action }) => action === 'hand-over')).toMatchObject({ state: 'finished' });
  expect(report.actions.filter(({ state }) => state === 'cut')).toEqual([]);
});

test('other media beside the one that was handed over from (a stick that was left in) does not keep the new Windows from going on', async () => {
  const disk = await freshDisk('two-media');
  const stick = path.join(disk, 'volumes/stick/_SMSTaskSequence');
  await cp(path.join(disk, 'volumes/windows/_SMSTaskSequence'), stick, { recursive: true });
  const named = { disk, config: site.config, media: 'windows' };
  expect(await faultOf(deploy({ disk, config: site.config }, testComposition(site)))).toMatchObject({
    code: 'CONTENT-05',
  });
  await deployOnce(named, testComposition(site));
  expect(await deploy(named, testComposition(site))).toBe(3);
  while ((await continueDeployment({ disk, config: site.config }, testComposition(site))) !== 0);
  expect(existsSync(path.join(disk, 'volumes/windows/_SMSTaskSequence'))).toBe(false);
  expect(existsSync(path.join(stick, 'Prestage/media.json'))).toBe(true);
});

test('a deployment that is begun again where the last one could not take its media away is carried out to its end', async () => {
  const disk = await freshDisk('begun-again');
  const composition = testComposition(site);
  const inUse = {
    ...composition,
    openMachine: async (options: { readonly disk?: string }) => {
      const machine = await composition.openMachine(options);
      return { ...machine, retire: async () => Promise.reject(new Error('in use')) };
    },
  };
  await deployOnce({ disk, config: site.config }, composition);
  await deployOnce({ disk, config: site.config }, composition);
  const once = async (made: typeof composition): Promise<Report> => {
    while ((await continueDeployment({ disk, config: site.config, json: true }, made)) !== 0);
    return JSON.parse(made.printed.at(-1) ?? '');
  };
  await faultOf(once(inUse));
  const before = (await recordedPrograms(disk)).length;
  while ((await deployOnce({ disk, config: site.config }, testComposition(site))) === 'restart');
  const { outcome, runs } = await once(testComposition(site));
  expect({ outcome, runs }).toEqual({ outcome: 'completed', runs: 6 });
  expect((await recordedPrograms(disk)).slice(before)).toContain('tool.cmd');
});
