// Commands, scripts and logs: what is run where, with which words, and what is kept of it.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, it, test } from 'vitest';
import { openInPlacePool } from '../../agent/content/in-place-pool.ts';
import { openDurableFiles } from '../../agent/durable/open-durable-files.ts';
import { jobs } from '../../agent/jobs.ts';
import { recall } from '../../agent/journal/past.ts';
import type { ProgramRequest } from '../../agent/machine/machine.ts';
import type { Action } from '../../agent/plan/plan.ts';
import { type Item, makeItem } from '../support/cache-kit.ts';
import { faultOf } from '../support/sources.ts';
import { openStepKit, type StepKitOptions } from '../support/step-kit.ts';
import { tempFolder } from '../support/temp-folder.ts';

const folder = tempFolder('commands');
let disks = 0;
async function freshDisk(machine: object = {}): Promise<string> {
  disks += 1;
  const disk = path.join(folder, `disk-${disks}`);
  await mkdir(disk);
  await writeFile(path.join(disk, 'machine.json'), JSON.stringify(machine));
  return disk;
}

let item: Item;
beforeAll(async () => {
  const scratch = path.join(folder, 'scratch');
  mkdirSync(scratch);
  const pool = openInPlacePool({ jobs, durable: openDurableFiles() });
  item = await makeItem(
    { 'tool.exe': Buffer.from('tool'), 'scripts/Set Up.ps1': Buffer.from('exit 0') },
    { pool, scratch, id: 'CON00003', type: 'package' },
  );
});

/** Runs the actions and answers what the machine was asked to run. */
async function requestsOf(options: Omit<StepKitOptions, 'changed'>) {
  const requests: (ProgramRequest & { readonly script?: string })[] = [];
  const kit = await openStepKit({
    ...options,
    changed: machine => ({
      run: async request => {
        const [, script] = /-File "([^"]+)"/.exec(request.command) ?? [];
        requests.push({
          ...request,
          ...(script === undefined ? {} : { script: await readFile(script, 'utf8') }),
        });
        return await machine.run(request);
      },
    }),
  });
  await kit.run();
  return { kit, requests };
}
const control = { mark: '1a2b3c4d' };

describe('a command', () => {
  it('runs in the root of the media volume, an hour at most, with a file to tell variables in and its own name', async () => {
    const disk = await freshDisk();
    const { kit, requests } = await requestsOf({
      disk,
      actions: [{ name: 'run-command', command: 'a.cmd "b c"', control }],
    });
    expect(requests).toEqual([
      {
        command: 'a.cmd "b c"',
        folder: kit.world.volume.root,
        timeoutMs: 3_600_000,
        environment: {
          PRESTAGE_VARIABLES: path.join(kit.layout.own, 'temp/run-command-1a2b3c4d.variables'),
          PRESTAGE_STEP: 'run-command#1a2b3c4d',
        },
        expands: true,
      },
    ]);
    const log = path.join(kit.layout.logs, 'run-command-1a2b3c4d.log');
    expect(await readFile(log, 'utf8')).toContain('a.cmd "b c"\r\nexit code 0 (rehearsed, not run)');
    expect(recall(kit.journal.records).finished.get('run-command#1a2b3c4d')).toEqual({
      exitCode: 0,
      log,
      rehearsed: true,
    });
    expect(readdirSync(path.join(kit.layout.own, 'temp'))).toEqual([]);
  });

  it('runs in its package, proven just before and cleared of what nobody signed', async () => {
    const disk = await freshDisk();
    const action: Action = { name: 'run-command', command: 'tool.exe', content: 'CON00003', control };
    const planted = path.join(disk, 'volumes/windows/_SMSTaskSequence/Packages/CON00003/version.dll');
    mkdirSync(path.dirname(planted), { recursive: true });
    writeFileSync(planted, 'planted');
    const { kit, requests } = await requestsOf({ disk, actions: [action], items: [item] });
    expect(requests[0]?.folder).toBe(kit.layout.item('CON00003'));
    expect(readdirSync(kit.layout.item('CON00003')).sort()).toEqual(['scripts', 'tool.exe']);
  });

  it('whose package is damaged and nowhere to be had is CONTENT-02, and is not run', async () => {
    const disk = await freshDisk();
    const kit = await openStepKit({
      disk,
      actions: [{ name: 'run-command', command: 'tool.exe', content: 'CON00003', control }],
      items: [item],
    });
    writeFileSync(path.join(kit.layout.item('CON00003'), 'tool.exe'), 'evil');
    expect(await faultOf(kit.run())).toMatchObject({ code: 'CONTENT-02', subject: 'CON00003: tool.exe' });
    expect(await kit.programs()).toEqual([]);
  });

  it('starts in a folder of its author, which may be named by a variable or lie below the package', async () => {
    const disk = await freshDisk();
    const { kit, requests } = await requestsOf({
      disk,
      actions: [
        {
          name: 'run-command',
          command: 'a',
          startIn: '%OSDTargetSystemDrive%/Tools',
          control: { mark: 'a' },
        },
        {
          name: 'run-command',
          command: 'b',
          content: 'CON00003',
          startIn: 'scripts',
          control: { mark: 'b' },
        },
      ],
      items: [item],
    });
    expect(requests.map(each => each.folder)).toEqual([
      path.join(kit.world.volume.root, 'Tools'),
      path.join(kit.layout.item('CON00003'), 'scripts'),
    ]);
  });

  it.each([
    [[7], 7, undefined],
    [undefined, 3010, 'soft'],
    [[0, 3010], 3010, 'soft'],
  ] as const)('with success codes %j may end with %i', async (successCodes, exitCode, restart) => {
    const disk = await freshDisk();
    await writeFile(path.join(disk, 'exit-codes.json'), JSON.stringify({ 'a.cmd': exitCode }));
    const action: Action = {
      name: 'run-command',
      command: 'a.cmd',
      control,
      ...(successCodes && { successCodes }),
    };
    const { kit } = await requestsOf({ disk, actions: [action] });
    expect(recall(kit.journal.records).finished.get('run-command#1a2b3c4d')).toMatchObject({
      exitCode,
      ...(restart && { restart }),
    });
  });

  it('that fails has told nothing, and its fault names code, expected codes and log, not what its variables were', async () => {
    const disk = await freshDisk({ commands: { 'bad.cmd Graz': { Told: '1' } } });
    await writeFile(path.join(disk, 'exit-codes.json'), JSON.stringify({ 'bad.cmd Graz': 9 }));
    const kit = await openStepKit({
      disk,
      actions: [{ name: 'run-command', command: 'bad.cmd %Site%', successCodes: [0, 5], control }],
      media: { variables: { Site: 'Graz' } },
    });
    expect(await faultOf(kit.run())).toMatchObject({
      code: 'PKG-05',
      subject: 'run-command',
      detail: {
        command: 'bad.cmd %Site%',
        exitCode: 9,
        expected: '0, 1707, 3010, 1641, 5',
        log: expect.stringContaining('.log'),
      },
    });
    expect(kit.world.variables.now().get('Told')).toBeUndefined();
    expect(readdirSync(path.join(kit.layout.own, 'temp'))).toEqual([]);
  });
});

describe('a PowerShell script', () => {
  const POWERSHELL =
    '%SystemRoot%\\System32\\WindowsPowerShell\\v1.0\\powershell.exe -NoProfile -NonInteractive -ExecutionPolicy Bypass -File';

  it('given as text is written with a UTF-8 mark, run by its path with its parameters, and removed', async () => {
    const disk = await freshDisk();
    const action: Action = {
      name: 'run-powershell',
      script: "Write-Host 'Größe %Site%'\n",
      parameters: '-Site %Site%',
      control,
    };
    const { kit, requests } = await requestsOf({
      disk,
      actions: [action],
      media: { variables: { Site: 'Graz' } },
      command: 'continue',
    });
    const script = path.join(kit.layout.own, 'temp/run-powershell-1a2b3c4d.ps1');
    expect(requests[0]?.command).toBe(`${POWERSHELL} "${script}" -Site Graz`);
    // The text itself is code: nothing is put into it.
    expect(requests[0]?.script).toBe("\uFEFFWrite-Host 'Größe %Site%'\n");
    expect(readdirSync(path.join(kit.layout.own, 'temp'))).toEqual([]);
  });

  it('of a package is a file that the manifest names, however it is written', async () => {
    const disk = await freshDisk();
    const action: Action = {
      name: 'run-powershell',
      content: 'CON00003',
      file: 'Scripts\\set up.ps1',
      control,
    };
    const { kit, requests } = await requestsOf({
      disk,
      actions: [action],
      items: [item],
      command: 'continue',
    });
    expect(requests[0]?.command).toBe(`${POWERSHELL} "${kit.layout.item('CON00003')}/scripts/Set Up.ps1"`);
    expect(requests[0]?.folder).toBe(kit.layout.item('CON00003'));
    expect(readdirSync(path.join(kit.layout.item('CON00003'), 'scripts'))).toEqual(['Set Up.ps1']);
  });

  it.each(['../../evil.ps1', 'absent.ps1', 'scripts'])(
    '%s, which the manifest does not name, is PKG-03',
    async file => {
      const disk = await freshDisk();
      const action: Action = { name: 'run-powershell', content: 'CON00003', file, control };
      const kit = await openStepKit({ disk, actions: [action], items: [item], command: 'continue' });
      expect(await faultOf(kit.run())).toMatchObject({ code: 'PKG-03' });
      expect(await kit.programs()).toEqual([]);
    },
  );
});

describe('copying logs', () => {
  it('puts logs and journal into a folder named after machine and deployment, the same each time', async () => {
    const disk = await freshDisk({ facts: { serial: '5CD 12/34' } });
    const to = path.join(folder, 'share-%Site%');
    const actions: Action[] = [
      { name: 'run-command', command: 'a.cmd', control },
      { name: 'copy-logs', to, control: { mark: 'c' } },
    ];
    const media = { variables: { Site: 'Graz' } };
    const kit = await openStepKit({ disk, actions, media });
    await kit.run();
    const target = path.join(folder, 'share-Graz/5CD-12-34-20261122T101112Z');
    expect(readdirSync(target).sort()).toEqual(['journal.log', 'run-command-1a2b3c4d.log']);
    await kit.journal.append({ type: 'action-started', action: 'copy-logs#c' });
    const again = await openStepKit({ disk, actions, media });
    await again.run();
    expect(readdirSync(path.dirname(target))).toHaveLength(1);
    expect(await readFile(path.join(target, 'journal.log'), 'utf8')).toContain(
      '"action-started","action":"copy-logs#c"',
    );
  });

  it('to where nothing can be written is a fault, which its author may allow', async () => {
    const disk = await freshDisk();
    const blocked = path.join(folder, 'a-file');
    writeFileSync(blocked, '');
    const to = path.join(blocked, 'below');
    expect(
      await faultOf((await openStepKit({ disk, actions: [{ name: 'copy-logs', to, control }] })).run()),
    ).toMatchObject({
      code: expect.stringMatching(/^DISK-/),
    });
    const allowed = { ...control, continueOnError: true };
    const kit = await openStepKit({
      disk: await freshDisk(),
      actions: [{ name: 'copy-logs', to, control: allowed }],
    });
    expect(await kit.run()).toBe('finished');
  });
});

test('validating the media is done before there is a plan, and says so', async () => {
  const kit = await openStepKit({ disk: await freshDisk(), actions: [{ name: 'validate-media', control }] });
  await kit.run();
  expect(recall(kit.journal.records).finished.get('validate-media#1a2b3c4d')).toEqual({ alreadyDone: true });
});
