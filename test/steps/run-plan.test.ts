// The engine: what is carried out, left out, tried again, timed and gone on from, and what the journal says of it.
import { writeFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { Fault } from '../../agent/fault/fault.ts';
import { recall } from '../../agent/journal/past.ts';
import type { ActionResult } from '../../agent/journal/record.ts';
import type { ProgramRequest } from '../../agent/machine/machine.ts';
import { type Action, type ActionControl, actionKey } from '../../agent/plan/plan.ts';
import type { Condition } from '../../agent/policy/condition.ts';
import { summarize } from '../../agent/report/summary.ts';
import { faultOf } from '../support/sources.ts';
import { openStepKit, type StepKit } from '../support/step-kit.ts';
import { tempFolder } from '../support/temp-folder.ts';

const folder = tempFolder('run-plan');
let disks = 0;
async function freshDisk(): Promise<string> {
  disks += 1;
  const disk = path.join(folder, `disk-${disks}`);
  await mkdir(disk);
  return disk;
}

const command = (name: string, control: ActionControl = {}): Action => ({
  name: 'run-command',
  command: name,
  control: { mark: name, ...control },
});
const set = (variable: string, value: string, control: ActionControl = {}): Action => ({
  name: 'set-variable',
  variable,
  value,
  control: { mark: variable, ...control },
});
const resultOf = ({ journal }: StepKit, action: Action): ActionResult | undefined =>
  recall(journal.records).finished.get(actionKey(action));
const startsOf = ({ journal }: StepKit, action: Action): number =>
  journal.records.filter(each => each.type === 'action-started' && each.action === actionKey(action)).length;
const exitCodes = (disk: string, codes: Record<string, number | number[]>): void =>
  writeFileSync(path.join(disk, 'exit-codes.json'), JSON.stringify(codes));

describe('conditions', () => {
  it.each<[string, Condition, boolean]>([
    ['a variable', { variable: 'Site', equals: 'graz' }, true],
    ['a variable that differs', { variable: 'Site', equals: 'Wien' }, false],
    ['a built-in variable', { variable: '_SMSTSMediaType', notEquals: 'OEMMedia' }, false],
    ['a variable set before', { variable: 'Before', equals: 'yes' }, true],
    ['a variable that is absent', { variable: 'Nobody', exists: false }, true],
    ['a machine fact', { machine: 'model', like: 'Rehears*' }, true],
    ['a file', { file: 'C:\\Marker\\HERE.txt' }, true],
    ['a file by a variable', { file: '%OSDTargetSystemDrive%\\Marker\\here.txt' }, true],
    ['a file that is absent', { file: 'C:\\nowhere.txt' }, false],
    ['a folder', { folder: 'C:\\marker' }, true],
    ['all of several', { all: [{ variable: 'Site' }, { machine: 'power', equals: 'battery' }] }, false],
    [
      'any of several',
      {
        any: [
          { variable: 'Site', equals: 'x' },
          { machine: 'firmware', equals: 'uefi' },
        ],
      },
      true,
    ],
    ['none of several', { not: { machine: 'firmware', equals: 'bios' } }, true],
  ])('on %s', async (_, when, holds) => {
    const disk = await freshDisk();
    const action = command('go.cmd', { when: [when], title: 'The step' });
    const kit = await openStepKit({
      disk,
      actions: [set('Before', 'yes'), action],
      media: { variables: { Site: 'Graz' } },
    });
    await mkdir(path.join(kit.world.volume.root, 'Marker'));
    await writeFile(path.join(kit.world.volume.root, 'Marker/here.txt'), '');
    expect(await kit.run()).toBe('finished');
    expect(await kit.programs()).toEqual(holds ? ['go.cmd'] : []);
    expect(resultOf(kit, action)?.skipped === undefined).toBe(holds);
    expect(startsOf(kit, action)).toBe(holds ? 1 : 0);
    if (!holds) expect(kit.notes('info').join()).toMatch(/^The step is skipped: .*found/);
  });

  it('on the registry do not hold in WinPE, whose registry is not the one that is meant, and are asked in the new Windows', async () => {
    const disk = await freshDisk();
    await writeFile(
      path.join(disk, 'machine.json'),
      JSON.stringify({ registry: { 'HKLM\\SOFTWARE\\Contoso': { Edition: 'Pro' } } }),
    );
    const when: Condition[] = [{ registryKey: 'HKLM\\Software\\contoso', value: 'edition', equals: 'pro' }];
    const actions = [command('pe.cmd', { when }), command('os.cmd', { when, phase: 'full-os' })];
    await (await openStepKit({ disk, actions })).run();
    const kit = await openStepKit({ disk, actions, command: 'continue' });
    await kit.run();
    expect(await kit.programs()).toEqual(['os.cmd']);
    expect(resultOf(kit, actions[0]!)?.skipped).toContain('nothing that can be told here');
  });

  it('on a variable that nothing sets are CONTENT-10, and nothing is run', async () => {
    const disk = await freshDisk();
    const kit = await openStepKit({
      disk,
      actions: [command('a.cmd', { when: [{ variable: 'Typo', equals: '1' }] })],
    });
    expect(await faultOf(kit.run())).toMatchObject({ code: 'CONTENT-10', subject: 'Typo' });
    expect(await kit.programs()).toEqual([]);
  });

  it('are decided once: what was skipped stays skipped after a restart, and is decided anew only when the plan has it otherwise', async () => {
    const disk = await freshDisk();
    const wants = (value: string): Action => ({
      ...command('late.cmd'),
      control: { mark: 'late', when: [{ variable: 'Mode', equals: value }] },
    });
    const first = await openStepKit({
      disk,
      actions: [set('Mode', 'a'), wants('b'), set('Mode', 'b', { mark: 'again' })],
    });
    await first.run();
    const second = await openStepKit({ disk, actions: first.world.plan.actions });
    await second.run();
    expect(await second.programs()).toEqual([]);
    const third = await openStepKit({
      disk,
      actions: [set('Mode', 'a'), wants('B'), set('Mode', 'b', { mark: 'again' })],
    });
    await third.run();
    expect(await third.programs()).toEqual(['late.cmd']);
  });

  it('of a step that was cut in its middle are not asked again: it may have made untrue what they ask for', async () => {
    const disk = await freshDisk();
    const action = command('once.cmd', { when: [{ file: 'C:\\marker.txt', exists: false }] });
    const kit = await openStepKit({ disk, actions: [action] });
    await kit.journal.append({ type: 'action-started', action: actionKey(action) });
    await writeFile(path.join(kit.world.volume.root, 'marker.txt'), '');
    const after = await openStepKit({ disk, actions: [action] });
    await after.run();
    expect(await after.programs()).toEqual(['once.cmd']);
    expect(after.notes('warning').join()).toContain('was cut and starts over');
  });
});

test('a disabled step is skipped with its reason, in journal and report', async () => {
  const disk = await freshDisk();
  const action = command('off.cmd', { skip: 'disabled', title: 'Group / Off' });
  const kit = await openStepKit({ disk, actions: [action] });
  await kit.run();
  expect(await kit.programs()).toEqual([]);
  expect(summarize(kit.journal.records, '1').actions).toEqual([
    {
      action: 'run-command#off.cmd',
      title: 'Group / Off',
      state: 'skipped',
      seconds: 0,
      starts: 0,
      result: { skipped: 'disabled' },
    },
  ]);
});

describe('a failing step', () => {
  it('ends the run with its fault; the next run tries it again', async () => {
    const disk = await freshDisk();
    exitCodes(disk, { 'bad.cmd': [7, 0] });
    const actions = [command('bad.cmd'), command('next.cmd')];
    const fault = await faultOf((await openStepKit({ disk, actions })).run());
    expect(fault).toMatchObject({ code: 'PKG-05', subject: 'run-command', detail: { exitCode: 7 } });
    const again = await openStepKit({ disk, actions });
    await again.run();
    expect(await again.programs()).toEqual(['bad.cmd', 'bad.cmd', 'next.cmd']);
  });

  it('is tried as often as its author allows, with a wait between, each attempt in the journal', async () => {
    const disk = await freshDisk();
    exitCodes(disk, { 'flaky.cmd': [1, 1, 0] });
    const action = command('flaky.cmd', { retry: { attempts: 3, delaySeconds: 20 } });
    const kit = await openStepKit({ disk, actions: [action] });
    const began = performance.now();
    await kit.run();
    const tookSeconds = (performance.now() - began) / 1000;
    expect(kit.waits).toEqual([20_000, 20_000]);
    expect(startsOf(kit, action)).toBe(3);
    const failed = kit.journal.records.filter(each => each.type === 'action-failed');
    expect(failed).toHaveLength(2);
    for (const { seconds } of failed) expect(seconds).toBeGreaterThan(0);
    // No attempt is counted twice.
    expect(summarize(kit.journal.records, '1').actions[0]?.seconds).toBeLessThanOrEqual(tookSeconds);
    expect(resultOf(kit, action)).toMatchObject({ exitCode: 0, attempts: 3 });
    expect(kit.notes('warning')[0]).toContain('trying again in 20 s, 2 more times at most');
  });

  it('that still fails ends the run, and its first attempts are no excuse', async () => {
    const disk = await freshDisk();
    exitCodes(disk, { 'bad.cmd': 1 });
    const kit = await openStepKit({
      disk,
      actions: [command('bad.cmd', { retry: { attempts: 2, delaySeconds: 0 } })],
    });
    expect(await faultOf(kit.run())).toMatchObject({ code: 'PKG-05' });
    expect(await kit.programs()).toHaveLength(2);
  });

  it('that may fail is recorded as failed, and the sequence goes on, also after a restart', async () => {
    const disk = await freshDisk();
    exitCodes(disk, { 'may.cmd': 5 });
    const may = command('may.cmd', { continueOnError: true });
    const actions = [
      may,
      command('if-failed.cmd', { when: [{ variable: '_SMSTSLastActionSucceeded', equals: 'false' }] }),
      command('code.cmd %_SMSTSLastActionRetCode% after %_SMSTSLastActionName%', { mark: 'code' }),
    ];
    const kit = await openStepKit({ disk, actions });
    await kit.run();
    expect(resultOf(kit, may)?.failed).toMatchObject({ code: 'PKG-05', detail: { exitCode: 5 } });
    expect(await kit.programs()).toEqual([
      'may.cmd',
      'if-failed.cmd',
      'code.cmd 0 after run-command#if-failed.cmd',
    ]);
    expect(summarize(kit.journal.records, '1').actions[0]).toMatchObject({ state: 'failed' });
    expect(kit.notes('warning').join()).toContain('the task sequence goes on');
    const after = await openStepKit({ disk, actions });
    await after.run();
    expect(await after.programs()).toHaveLength(3);
  });

  const failing =
    (code: 'STOP-01' | 'TRUST-07' | 'BUG-01'): (() => Promise<never>) =>
    async () => {
      throw new Fault(code, 'x');
    };
  it.each(['STOP-01', 'TRUST-07', 'BUG-01'] as const)(
    'by %s ends the run whatever its author allows',
    async code => {
      const disk = await freshDisk();
      const action = command('a.cmd', { continueOnError: true, retry: { attempts: 5, delaySeconds: 0 } });
      const kit = await openStepKit({ disk, actions: [action], changed: () => ({ run: failing(code) }) });
      expect(await faultOf(kit.run())).toMatchObject({ code });
      expect(startsOf(kit, action)).toBe(1);
    },
  );

  it('without which there is no Windows ends the run whatever its author allows', async () => {
    const disk = await freshDisk();
    const kit = await openStepKit({
      disk,
      actions: [{ name: 'make-bootable', control: { continueOnError: true } }],
    });
    expect(await faultOf(kit.run())).toMatchObject({ code: 'IMAGE-06' });
  });
});

describe('a step that takes too long', () => {
  const MINUTES = 0.0005;

  it('is PKG-02 for a command, whose program is stopped and whose log is named', async () => {
    const disk = await freshDisk();
    const asked: number[] = [];
    const kit = await openStepKit({
      disk,
      actions: [command('slow.cmd', { timeoutMinutes: 2 })],
      changed: () => ({
        async run({ timeoutMs }: ProgramRequest) {
          asked.push(timeoutMs);
          return { timedOut: true, stdout: 'half', stderr: '', rehearsed: false };
        },
      }),
    });
    const fault = await faultOf(kit.run());
    expect(fault).toMatchObject({ code: 'PKG-02', detail: { timeoutMinutes: 2 } });
    expect(String(fault.detail.log)).toMatch(/run-command-slow\.cmd\.log$/);
    expect(asked).toEqual([120_000]);
  });

  it('is STOP-02 for any other, which is stopped as a person would stop it; it may be allowed to fail', async () => {
    const disk = await freshDisk();
    const hang = ({ signal }: { signal?: AbortSignal }): Promise<never> =>
      new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new Fault('STOP-01', 'x'))));
    const slow: Action = {
      name: 'send-status',
      message: 'm',
      control: { timeoutMinutes: MINUTES, continueOnError: true },
    };
    const kit = await openStepKit({ disk, actions: [slow, command('next.cmd')] });
    const world = { ...kit.world, status: { say: async () => {}, flush: hang, stop: async () => {} } };
    const { runPlan } = await import('../../agent/steps/run-plan.ts');
    expect(await runPlan('winpe', world, kit.journal)).toBe('finished');
    expect(resultOf(kit, slow)?.failed).toMatchObject({
      code: 'STOP-02',
      detail: { timeoutMinutes: MINUTES },
    });
    expect(await kit.programs()).toEqual(['next.cmd']);
  });
});

describe('a restart', () => {
  it('ends the run in WinPE, too, and the next run goes on behind it', async () => {
    const disk = await freshDisk();
    const actions: Action[] = [
      command('before.cmd'),
      { name: 'restart', to: 'winpe', control: { mark: 'r' } },
      command('after.cmd'),
    ];
    const first = await openStepKit({ disk, actions });
    expect(await first.run()).toBe('restart');
    expect(recall(first.journal.records).restartPending).toBe('hard');
    const second = await openStepKit({ disk, actions });
    expect(await second.run()).toBe('finished');
    expect(await second.programs()).toEqual(['before.cmd', 'after.cmd']);
  });

  it('that a command asks for by 3010 waits, by 1641 comes at once', async () => {
    const disk = await freshDisk();
    exitCodes(disk, { 'soft.cmd': 3010, 'hard.cmd': 1641 });
    const actions = [command('soft.cmd'), command('hard.cmd'), command('last.cmd')];
    const kit = await openStepKit({ disk, actions });
    expect(await kit.run()).toBe('restart');
    expect(await kit.programs()).toEqual(['soft.cmd', 'hard.cmd']);
    const asked = kit.journal.records.flatMap(each => (each.type === 'restart-asked' ? [each.kind] : []));
    expect(asked).toEqual(['soft', 'hard']);
  });

  it('that a command makes itself, again and again, is PKG-06 at the fourth start', async () => {
    const disk = await freshDisk();
    const action = command('reboots.cmd');
    const dies = async (): Promise<never> => {
      throw new Error('the power went');
    };
    for (let cut = 0; cut < 3; cut += 1) {
      const kit = await openStepKit({ disk, actions: [action], changed: () => ({ run: dies }) });
      // As if the process had gone with the computer: nothing is journaled behind the start of the command.
      const append = kit.journal.append;
      const dead = {
        ...kit.journal,
        append: async (entry: Parameters<typeof append>[0]) =>
          entry.type === 'action-failed' ? await dies() : await append(entry),
      };
      const { runPlan } = await import('../../agent/steps/run-plan.ts');
      await expect(runPlan('winpe', kit.world, dead)).rejects.toThrow('the power went');
    }
    const last = await openStepKit({ disk, actions: [action] });
    expect(await faultOf(last.run())).toMatchObject({ code: 'PKG-06', subject: 'run-command' });
  });
});

test('applying the image again undoes what stands behind it in the plan, not what stands before it', async () => {
  const disk = await freshDisk();
  const actions: Action[] = [
    command('before.cmd'),
    set('Early', '1'),
    { name: 'apply-image', id: 'CON00001', file: 'install.wim', index: 1, digest: 'd', totalBytes: 1 },
    command('behind.cmd'),
    set('Late', '1'),
  ];
  const kit = await openStepKit({ disk, actions });
  for (const action of actions) {
    if (action.name === 'apply-image' || action.name === 'set-variable')
      await kit.journal.append({ type: 'action-started', action: actionKey(action) });
    if (action.name === 'set-variable')
      await kit.journal.append({
        type: 'variables-set',
        by: actionKey(action),
        values: { [action.variable]: '1' },
      });
    await kit.journal.append({ type: 'action-finished', action: actionKey(action), seconds: 0, result: {} });
  }
  await kit.journal.append({ type: 'action-started', action: 'apply-image:CON00001' });
  const past = recall(kit.journal.records);
  expect([...past.finished.keys()]).toEqual(['run-command#before.cmd', 'set-variable#Early']);
  expect(past.variables.map(({ by }) => by)).toEqual(['set-variable#Early']);
});

test('content that is completed anew makes a command of it run again, by ID or by what the plan says it needs', async () => {
  const disk = await freshDisk();
  const withContent: Action = {
    name: 'run-command',
    command: 'x',
    content: 'CON00003',
    control: { mark: 'x' },
  };
  const install: Action = { name: 'install-package', id: 'CON00003', control: { mark: 'y' } };
  const kit = await openStepKit({ disk, actions: [withContent, install, command('z')] });
  for (const action of kit.world.plan.actions)
    await kit.journal.append({ type: 'action-finished', action: actionKey(action), seconds: 0, result: {} });
  await kit.journal.append({ type: 'action-started', action: 'acquire-content:CON00003' });
  expect([...recall(kit.journal.records).finished.keys()]).toEqual(['run-command#z']);
});

test('a failure that the sequence went on after is tried again when its author wants it otherwise', async () => {
  const disk = await freshDisk();
  exitCodes(disk, { 'may.cmd': [5, 0] });
  const may = (control: ActionControl): Action => ({
    ...command('may.cmd'),
    control: { mark: 'may', ...control },
  });
  await (await openStepKit({ disk, actions: [may({ continueOnError: true })] })).run();
  const same = await openStepKit({ disk, actions: [may({ continueOnError: true })] });
  await same.run();
  expect(await same.programs()).toEqual(['may.cmd']);
  const now = await openStepKit({ disk, actions: [may({})] });
  await now.run();
  expect(await now.programs()).toEqual(['may.cmd', 'may.cmd']);
});
