// What is laid in the new Windows so that it starts the agent after its Setup: on whichever volume it comes, beside what its image brings, and
// whole after a cut at any durable write.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, symlink } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { cacheLayout } from '../../agent/content/layout.ts';
import { openDurableFiles } from '../../agent/durable/open-durable-files.ts';
import type { Action } from '../../agent/plan/plan.ts';
import {
  SETUP_COMPLETE,
  SETUP_COMPLETE_OF_IMAGE,
  setupCompleteText,
  specializeCommands,
  startUpTask,
} from '../../agent/steps/continuation-files.ts';
import { restoreSetupComplete } from '../../agent/steps/image-setup-complete.ts';
import { runPlan } from '../../agent/steps/run-plan.ts';
import { LONGEST_COMMAND } from '../../agent/steps/unattend-xml.ts';
import { parseXml } from '../../agent/wim/xml.ts';
import { readAnswerFile, textOf } from '../support/answer-file.ts';
import { everyCut } from '../support/every-cut.ts';
import { faultOf } from '../support/sources.ts';
import { openStepKit, type StepKitOptions } from '../support/step-kit.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { readTree, writeTree } from '../support/wim-kit.ts';

const folder = tempFolder('continuation');
const TASK = '_SMSTaskSequence/Prestage/agent/task.xml';
const ACTIONS: readonly Action[] = [
  { name: 'stage-agent' },
  { name: 'write-unattend' },
  { name: 'protect-folders' },
];
const IMAGE = {
  'Windows/Setup/Scripts/setupcomplete.cmd': '@echo the image’s own\r\n',
  'Windows/Panther/Unattend/unattend.xml': '<unattend/>',
  'Windows/Panther/unattend.xml': '<unattend/>',
};

let disks = 0;
async function newDisk(image: Readonly<Record<string, string>> = {}): Promise<string> {
  disks += 1;
  const disk = path.join(folder, `disk-${disks}`);
  await writeTree(disk, { 'agent.yaml': 'keys: []\n' });
  await writeTree(path.join(disk, 'volumes/windows'), image);
  return disk;
}

async function lay(disk: string, options: Partial<StepKitOptions> = {}) {
  const kit = await openStepKit({
    disk,
    actions: ACTIONS,
    record: { variables: { OSDComputerName: 'PC1', OSDLocalAdminPassword: 'long-secret-word' } },
    ...options,
  });
  await kit.run();
  return kit;
}

const onVolume = (disk: string, name: string): Buffer =>
  readFileSync(path.join(disk, 'volumes/windows', name));

describe('the start-up task', () => {
  const bytes = Buffer.from(
    `\ufeff${startUpTask('_SMSTaskSequence/Prestage/agent/prestage.exe')}`,
    'utf16le',
  );

  test('is well-formed XML in UTF-16, as schtasks reads it', () => {
    expect(spawnSync('xmllint', ['--noout', '-'], { input: bytes, encoding: 'utf8' })).toMatchObject({
      status: 0,
      stderr: '',
    });
  });

  test.each([
    ['UserId', 'S-1-5-18'],
    ['DisallowStartIfOnBatteries', 'false'],
    ['StopIfGoingOnBatteries', 'false'],
    ['ExecutionTimeLimit', 'PT0S'],
    ['MultipleInstancesPolicy', 'IgnoreNew'],
    ['Command', '%SystemDrive%\\_SMSTaskSequence\\Prestage\\agent\\prestage.exe'],
    ['Arguments', 'continue'],
  ])('%s is %s', (name, value) => {
    const root = parseXml(bytes.toString('utf16le').replace(/^\ufeff<\?xml[^>]*\?>/, ''));
    expect(textOf(root, name)).toBe(value);
  });
});

describe('the commands of the specialize pass', () => {
  const commands = specializeCommands(TASK).map(({ path: command }) => command);

  test('hold device encryption off unless the image says something of it, then register the task', () => {
    expect(commands).toEqual([
      'cmd.exe /d /c reg.exe query HKLM\\SYSTEM\\CurrentControlSet\\Control\\BitLocker /v PreventDeviceEncryption || reg.exe add HKLM\\SOFTWARE\\Prestage /v EncryptionHeldOff /t REG_DWORD /d 1 /f & exit 0',
      'cmd.exe /d /c reg.exe query HKLM\\SYSTEM\\CurrentControlSet\\Control\\BitLocker /v PreventDeviceEncryption || reg.exe add HKLM\\SYSTEM\\CurrentControlSet\\Control\\BitLocker /v PreventDeviceEncryption /t REG_DWORD /d 1 /f & exit 0',
      'cmd.exe /d /c schtasks.exe /create /f /tn Prestage /xml "%SystemDrive%\\_SMSTaskSequence\\Prestage\\agent\\task.xml" & exit 0',
    ]);
  });

  test('are no longer than Windows takes', () => {
    for (const command of commands) expect(command.length).toBeLessThanOrEqual(LONGEST_COMMAND);
  });

  test('touch nothing below HKLM\\SYSTEM\\Setup', () => {
    expect(`${commands.join('\n')}\n${setupCompleteText(TASK)}`).not.toMatch(
      /SYSTEM\\Setup|CmdLine|SetupType/i,
    );
  });
});

describe('in the new Windows', () => {
  test('lie agent, task, script and answer file; the image’s own answers are gone, its script waits', async () => {
    const disk = await newDisk(IMAGE);
    await lay(disk);
    const tree = Object.keys(await readTree(path.join(disk, 'volumes/windows')));
    expect(tree.filter(name => !/Logs|journal|\/$/.test(name)).sort()).toEqual([
      'Windows/Panther/unattend.xml',
      'Windows/Setup/Scripts/SetupComplete.cmd',
      'Windows/Setup/Scripts/SetupComplete.image.cmd',
      '_SMSTaskSequence/Prestage/agent/agent.yaml',
      TASK,
    ]);
    const answers = readAnswerFile(onVolume(disk, 'Windows/Panther/unattend.xml'));
    expect(answers.value('specialize', 'Microsoft-Windows-Shell-Setup', 'ComputerName')).toBe('PC1');
    expect(answers.commands).toEqual(specializeCommands(TASK).map(command => command.path));
    expect(onVolume(disk, SETUP_COMPLETE).toString()).toBe(setupCompleteText(TASK));
    expect(onVolume(disk, SETUP_COMPLETE_OF_IMAGE).toString()).toContain('the image’s own');
  });

  test('the script registers the task before the image’s own runs, and starts it after that', () => {
    const lines = setupCompleteText(TASK).split('\r\n');
    const at = (part: string) => lines.findIndex(line => line.includes(part));
    expect(at('/create')).toBeGreaterThan(0);
    expect(at('/create')).toBeLessThan(at('call "%~dp0SetupComplete.image.cmd"'));
    expect(at('call ')).toBeLessThan(at('/run /tn Prestage'));
    expect(lines.every(line => !line.includes('\n'))).toBe(true);
  });

  test('all of it is known as done, and with other answers written anew', async () => {
    const disk = await newDisk();
    await lay(disk);
    const again = await lay(disk);
    const results = again.journal.records.flatMap(each =>
      each.type === 'action-started' ? [each.action] : [],
    );
    expect(results.filter(action => action === 'write-unattend')).toHaveLength(1);
    await lay(disk, { record: { variables: { OSDComputerName: 'PC2' } } });
    expect(onVolume(disk, 'Windows/Panther/unattend.xml').toString()).toContain('>PC2<');
  });

  test('is named like the executable on Windows, whatever that is called here', async () => {
    const disk = await newDisk();
    await writeTree(disk, { 'my agent (2).exe': 'MZ' });
    const kit = await openStepKit({ disk, actions: ACTIONS, changed: () => ({ kind: 'windows' }) });
    const agent = { ...kit.world.agent, executable: path.join(disk, 'my agent (2).exe') };
    await runPlan('winpe', { ...kit.world, agent }, kit.journal);
    expect(existsSync(path.join(kit.layout.agent, 'prestage.exe'))).toBe(true);
    expect(onVolume(disk, TASK).toString('utf16le')).toContain('\\agent\\prestage.exe<');
  });

  test('an answer that cannot be used is CONTENT-12, and nothing after it is done', async () => {
    const disk = await newDisk();
    const kit = await openStepKit({
      disk,
      actions: [...ACTIONS, { name: 'hand-over' }],
      record: { variables: { OSDComputerName: 'NOT A NAME' } },
    });
    expect(await faultOf(kit.run())).toMatchObject({ code: 'CONTENT-12', subject: 'OSDComputerName' });
    const finished = kit.journal.records.flatMap(each =>
      each.type === 'action-finished' ? [each.action] : [],
    );
    expect(finished).toEqual(['stage-agent']);
    expect(existsSync(path.join(disk, 'volumes/windows/Windows/Panther/unattend.xml'))).toBe(false);
  });

  test('passwords stand in the answer file alone: not in journal, logs or events', async () => {
    const disk = await newDisk();
    const kit = await lay(disk);
    const hidden = Buffer.from('long-secret-wordAdministratorPassword', 'utf16le').toString('base64');
    expect(onVolume(disk, 'Windows/Panther/unattend.xml').toString()).toContain(hidden);
    const told = JSON.stringify([kit.journal.records, kit.events]);
    expect(told).not.toContain('long-secret-word');
    expect(told).not.toContain(hidden);
  });

  test('a machine that nobody could log on to is told as a warning', async () => {
    const disk = await newDisk();
    const kit = await lay(disk, { record: {} });
    expect(kit.notes('warning')).toEqual([expect.stringContaining('asks for an account')]);
    expect((await lay(await newDisk())).notes('warning')).toEqual([]);
  });
});

describe('a cut', () => {
  test('at any durable write loses neither the image’s script nor the agent’s', {
    timeout: 120_000,
  }, async () => {
    await mkdir(path.join(folder, 'cuts'), { recursive: true });
    const quietly = async (disk: string, durable = openDurableFiles()) => {
      await lay(disk, { durable, actions: [{ name: 'write-unattend' }] });
    };
    const plays = await everyCut({
      within: path.join(folder, 'cuts'),
      systems: ['windows'],
      losses: ['dropped', 'kept'],
      prepare: async disk => {
        await writeTree(disk, { 'agent.yaml': 'keys: []\n' });
        await writeTree(path.join(disk, 'volumes/windows'), IMAGE);
      },
      run: (files, disk) => quietly(disk, files),
      verify: async disk => {
        await quietly(disk);
        const volume = path.join(disk, 'volumes/windows');
        expect(onVolumeOf(volume, SETUP_COMPLETE)).toBe(setupCompleteText(TASK));
        expect(onVolumeOf(volume, SETUP_COMPLETE_OF_IMAGE)).toContain('the image’s own');
        readAnswerFile(readFileSync(path.join(volume, 'Windows/Panther/unattend.xml')));
        await restoreSetupComplete(volume, openDurableFiles());
        expect(await readdir(path.join(volume, 'Windows/Setup/Scripts'))).toEqual(['SetupComplete.cmd']);
        expect(onVolumeOf(volume, SETUP_COMPLETE)).toContain('the image’s own');
      },
    });
    expect(plays).toBeGreaterThan(20);
  });

  test('while the image’s script gets its name back is made good by the next time', async () => {
    const plays = await everyCut({
      within: folder,
      losses: ['dropped', 'kept'],
      prepare: disk =>
        writeTree(disk, { [SETUP_COMPLETE]: setupCompleteText(TASK), [SETUP_COMPLETE_OF_IMAGE]: 'own' }),
      run: (files, disk) => restoreSetupComplete(disk, files),
      verify: async disk => {
        await restoreSetupComplete(disk, openDurableFiles());
        expect(await readTree(disk)).toHaveProperty([SETUP_COMPLETE]);
        expect(onVolumeOf(disk, SETUP_COMPLETE)).toBe('own');
        expect(existsSync(path.join(disk, SETUP_COMPLETE_OF_IMAGE))).toBe(false);
      },
    });
    expect(plays).toBeGreaterThan(4);
  });
});

const onVolumeOf = (volume: string, name: string): string => readFileSync(path.join(volume, name), 'utf8');

describe('rights', () => {
  const protectedOn = async (disk: string): Promise<readonly string[]> =>
    readFileSync(path.join(disk, 'commands.ndjson'), 'utf8')
      .split('\n')
      .flatMap(line => (line.includes('"protect"') ? [JSON.parse(line).folder] : []));

  test('are set on cache, answer file and a state store', async () => {
    const disk = await newDisk({ '_SMSTSStateStore/usmt.mig': 'state' });
    await lay(disk);
    expect(await protectedOn(disk)).toEqual([
      'volumes/windows/_SMSTaskSequence',
      'volumes/windows/Windows/Panther/unattend.xml',
      'volumes/windows/_SMSTSStateStore',
    ]);
  });

  test('are not set on what a link with the name of a state store leads to', async () => {
    const disk = await newDisk({ 'other/file': 'x' });
    await symlink('other', path.join(disk, 'volumes/windows/_SMSTSStateStore'));
    await lay(disk);
    expect(await protectedOn(disk)).not.toContain('volumes/windows/_SMSTSStateStore');
  });

  test('are set on both volumes where the new Windows has one of its own, and everything is laid there', async () => {
    const disk = await newDisk();
    await writeTree(path.join(disk, 'volumes/other'), { 'Windows/win.ini': '' });
    const kit = await openStepKit({
      disk,
      actions: [...ACTIONS, { name: 'make-bootable' }, { name: 'hand-over' }],
    });
    const other = (await kit.machine.volumes()).find(each => each.label === 'other')!;
    const flushed: string[] = [];
    const machine = {
      ...kit.machine,
      flush: async ({ label }: { label: string }) => void flushed.push(label),
    };
    await runPlan('winpe', { ...kit.world, machine, target: async () => other }, kit.journal);
    const layout = cacheLayout(other.root);
    expect(await protectedOn(disk)).toEqual([
      'volumes/windows/_SMSTaskSequence',
      'volumes/other/_SMSTaskSequence',
      'volumes/other/Windows/Panther/unattend.xml',
    ]);
    expect((await readdir(layout.agent)).sort()).toEqual(['agent.yaml', 'task.xml']);
    expect(existsSync(path.join(disk, 'volumes/windows/Windows'))).toBe(false);
    expect(existsSync(kit.layout.agent)).toBe(false);
    expect(flushed.filter(label => label !== 'esp').sort()).toEqual(['other', 'windows']);
  });

  test('that a file system cannot keep are DISK-06, and nothing is armed', async () => {
    const disk = await newDisk({ 'Windows/win.ini': '' });
    await writeTree(disk, { 'machine.json': '{"volumes": {"windows": {"fileSystem": "exFAT"}}}' });
    const kit = await openStepKit({ disk, actions: [...ACTIONS, { name: 'hand-over' }] });
    expect(await faultOf(kit.run())).toMatchObject({ code: 'DISK-06', detail: { found: 'exFAT' } });
    expect(existsSync(path.join(disk, 'boot-store.json'))).toBe(false);
  });
});
