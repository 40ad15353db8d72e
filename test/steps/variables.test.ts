// Variables at run time: levels, what steps and commands set, secrets, and what a cut or a restart leaves of them.
import { mkdirSync, readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { transferSettingsOf } from '../../agent/commands/deployment/transfer-settings-of.ts';
import { transferSettingsBy } from '../../agent/commands/deployment/transfer-variables.ts';
import { defaultTransferSettings } from '../../agent/distribution/transfer-settings.ts';
import { openJournal } from '../../agent/journal/journal.ts';
import type { Action, ActionControl } from '../../agent/plan/plan.ts';
import { resolveVariables } from '../../agent/policy/variables.ts';
import { handOverObstacles } from '../../agent/steps/hand-over-obstacles.ts';
import { everyCut } from '../support/every-cut.ts';
import { openStepKit } from '../support/step-kit.ts';
import { tempFolder } from '../support/temp-folder.ts';

const folder = tempFolder('variables');
let disks = 0;
async function freshDisk(machine: object = {}): Promise<string> {
  disks += 1;
  const disk = path.join(folder, `disk-${disks}`);
  await mkdir(disk);
  await writeFile(path.join(disk, 'machine.json'), JSON.stringify(machine));
  return disk;
}
const set = (variable: string, value: string, control: ActionControl = {}): Action => ({
  name: 'set-variable',
  variable,
  value,
  control: { mark: variable, ...control },
});
const command = (text: string, mark = text): Action => ({
  name: 'run-command',
  command: text,
  control: { mark },
});

test('each level overrides the ones before it: media, site, task sequence, collections, machine, prestart, steps', async () => {
  const disk = await freshDisk();
  const from = (...names: string[]): Record<string, string> =>
    Object.fromEntries(names.map(name => [name, `${name} of ${names[0]}`]));
  const levels = ['M', 'S', 'T', 'C1', 'C2', 'R', 'P'];
  const values = levels.map((_, at) => Object.fromEntries(levels.slice(at).map(name => [name, levels[at]!])));
  const [media, site, sequence, first, second, machine, prestart] = values;
  const kit = await openStepKit({
    disk,
    actions: [set('P', 'step'), command('%m% %S% %T% %C1% %C2% %R% %P% %Nobody% %OSDTimeZone%')],
    media: { variables: media! },
    policy: {
      variables: site!,
      collections: [
        { name: 'First', rule: 'all', variables: first! },
        { name: 'Second', rule: { models: ['rehearsal'] }, variables: second! },
        { name: 'Other', rule: { models: ['Desk'] }, variables: from('P', 'R') },
      ],
      taskSequences: [
        {
          id: 'CON00020',
          name: 'Install',
          osImage: { id: 'CON00001', index: 1 },
          drivers: [],
          packages: [],
          applications: [],
          variables: { ...sequence!, OSDTimeZone: 'UTC' },
        },
      ],
    },
    record: { variables: machine! },
    prestart: prestart!,
  });
  await kit.run();
  expect(await kit.programs()).toEqual(['M S T C1 C2 R step %Nobody% UTC']);
  expect(kit.world.variables.now().all.find(each => each.name === 'C2')?.level).toBe('collection Second');
});

test('what the run itself sets cannot be set by any level, step or command; who tries is told', async () => {
  const disk = await freshDisk({
    commands: { 'tells.cmd': { _Own: 'x', OSDTargetSystemDrive: 'Z:', Fine: 'yes' } },
  });
  const kit = await openStepKit({
    disk,
    actions: [
      set('_SMSTSInWinPE', 'false'),
      command('tells.cmd'),
      command('%_SMSTSInWinPE% %_Own% %Fine% %_SMSTSMediaType%'),
    ],
    media: { variables: { _SMSTSMediaType: 'FullMedia', _Own: 'media' } },
  });
  await kit.run();
  expect((await kit.programs()).at(-1)).toBe('true %_Own% yes OEMMedia');
  expect(kit.notes('warning')).toEqual([
    '_SMSTSInWinPE is read-only and was not set.',
    'run-command told read-only variables, which are not set: _Own, OSDTargetSystemDrive.',
  ]);
});

test('a value is expanded when its turn comes, and once', async () => {
  const disk = await freshDisk();
  const actions = [set('A', '1'), set('B', '%A%-%B%'), set('A', '2', { mark: 'again' }), command('%A% %B%')];
  const kit = await openStepKit({ disk, actions });
  await kit.run();
  expect(await kit.programs()).toEqual(['2 1-%B%']);
});

test('variables stand after a restart and in the new Windows, where _SMSTSInWinPE is false', async () => {
  const disk = await freshDisk();
  const actions: Action[] = [
    set('Kept', 'value'),
    { name: 'restart', to: 'winpe', control: { mark: 'r' } },
    command('%Kept% %_SMSTSInWinPE%', 'pe'),
    { ...command('%Kept% %_SMSTSInWinPE%'), control: { phase: 'full-os', mark: 'os' } },
  ];
  await (await openStepKit({ disk, actions })).run();
  await (await openStepKit({ disk, actions })).run();
  const last = await openStepKit({ disk, actions, command: 'continue' });
  await last.run();
  expect(await last.programs()).toEqual(['value true', 'value false']);
});

test('a step that is no part of the plan any more has set nothing', async () => {
  const disk = await freshDisk();
  await (await openStepKit({ disk, actions: [set('Old', 'step')] })).run();
  const kit = await openStepKit({ disk, actions: [], media: { variables: { Old: 'media' } } });
  expect(kit.world.variables.now().get('Old')).toBe('media');
});

test('nor has it while deploy still looks whether the new plan can be carried out, before that is in the journal', async () => {
  const disk = await freshDisk();
  const secret = set('OSDJoinPassword', 'geheim');
  await (await openStepKit({ disk, actions: [set('OSDComputerName', 'NOT A NAME'), secret] })).run();
  const actions: Action[] = [{ name: 'write-unattend' }];
  const kit = await openStepKit({ disk, actions, command: 'continue' });
  expect(kit.world.variables.now().get('OSDComputerName')).toBeUndefined();
  expect(await handOverObstacles(kit.world)).toEqual([]);
  // Nobody misses what it told.
  expect(kit.notes('warning')).toEqual([]);
});

test('secrets are used, and stand nowhere: not in the journal, the logs, the rehearsal’s record or the notes', async () => {
  const secret = 'Sommer!2026';
  const disk = await freshDisk({
    commands: { [`join.cmd ${secret} plain`]: { Derived: `x${secret}`, Token: 'abc-987', Open: 'to all' } },
  });
  const actions = [
    set('Other', 'a %Password%'),
    command('join.cmd %Password% plain', 'join'),
    command('use.cmd %Other% %Derived% %Token% %Open%', 'use'),
  ];
  const seen: string[] = [];
  const kit = await openStepKit({
    disk,
    actions,
    media: { variables: { Password: secret }, secret: ['password'] },
    record: { secret: ['Token'] },
    changed: machine => ({
      run: async request => {
        seen.push(request.command);
        return { ...(await machine.run(request)), stdout: `joined with ${secret}` };
      },
    }),
  });
  await kit.run();
  expect(seen).toEqual([`join.cmd ${secret} plain`, `use.cmd a ${secret} x${secret} abc-987 to all`]);
  for (const file of [
    kit.layout.journal,
    path.join(disk, 'commands.ndjson'),
    path.join(kit.layout.logs, 'run-command-join.log'),
    path.join(kit.layout.logs, 'run-command-use.log'),
  ])
    expect(readFileSync(file, 'utf8')).not.toMatch(/Sommer!2026|abc-987/);
  expect(JSON.stringify(kit.events)).not.toContain(secret);
  const sets = kit.journal.records.flatMap(each =>
    each.type === 'variables-set' ? [{ values: each.values, secret: each.secret }] : [],
  );
  expect(sets).toEqual([
    { values: {}, secret: ['Other'] },
    { values: { Open: 'to all' }, secret: ['Derived', 'Token'] },
  ]);
});

test('after a restart a secret that a step set is made again; one that a command told is lost, and that is said', async () => {
  const disk = await freshDisk({ commands: { 'tells.cmd': { Token: 'abc-987' } } });
  const actions: Action[] = [
    set('Other', 'a %Password%'),
    command('tells.cmd'),
    { name: 'restart', to: 'winpe', control: { mark: 'r' } },
    command('use.cmd %Other% %Token%', 'use'),
  ];
  const media = { variables: { Password: 'Sommer!2026', Token: 'of media' }, secret: ['Password', 'Token'] };
  await (await openStepKit({ disk, actions, media })).run();
  const seen: string[] = [];
  const kit = await openStepKit({
    disk,
    actions,
    media,
    changed: machine => ({
      run: async request => {
        seen.push(request.command);
        return await machine.run(request);
      },
    }),
  });
  await kit.run();
  expect(seen).toEqual(['use.cmd a Sommer!2026 of media']);
  expect(kit.notes('warning')).toEqual([
    'run-command#tells.cmd told variables that are secret; they were not kept over the restart: Token.',
  ]);
});

test('cut anywhere, a set-variable step leaves its value once, also one that is made of itself', async () => {
  const within = path.join(folder, 'cuts');
  mkdirSync(within);
  const actions = [set('List', '%List%,b'), set('List', '%List%,c', { mark: 'second' })];
  const media = { variables: { List: 'a' } };
  const plays = await everyCut({
    within,
    losses: ['dropped', 'torn'],
    run: async (durable, disk) => {
      await (await openStepKit({ disk, actions, media, durable })).run();
    },
    verify: async disk => {
      const kit = await openStepKit({ disk, actions, media });
      await kit.run();
      expect(kit.world.variables.now().get('List')).toBe('a,b,c');
    },
  });
  expect(plays).toBeGreaterThan(30);
});

test('cut anywhere, a command that tells variables is run again or its variables are there', async () => {
  const within = path.join(folder, 'command-cuts');
  mkdirSync(within);
  const actions = [command('tells.cmd'), command('use.cmd %Told%', 'use')];
  await everyCut({
    within,
    systems: ['linux'],
    losses: ['dropped'],
    prepare: async disk =>
      await writeFile(
        path.join(disk, 'machine.json'),
        JSON.stringify({ commands: { 'tells.cmd': { Told: 'yes' } } }),
      ),
    run: async (durable, disk) => {
      await (await openStepKit({ disk, actions, durable })).run();
    },
    verify: async disk => {
      const kit = await openStepKit({ disk, actions });
      await kit.run();
      expect((await kit.programs()).at(-1)).toBe('use.cmd yes');
      expect((await kit.programs()).filter(each => each === 'tells.cmd').length).toBeLessThanOrEqual(2);
    },
  });
});

test('the journal is read with the variables of an agent that kept no list of secret ones', async () => {
  const disk = await freshDisk();
  const kit = await openStepKit({ disk, actions: [set('A', '1')] });
  await kit.journal.append({ type: 'variables-set', by: 'set-variable#A', values: { A: '7' } });
  expect(kit.world.variables.now().get('a')).toBe('7');
  const { durable, clock, redact } = kit.world;
  const journal = await openJournal({ path: kit.layout.journal, durable, clock, redact });
  expect(journal.records.at(-1)).toMatchObject({ values: { A: '7' } });
  expect(await readFile(kit.layout.journal, 'utf8')).not.toContain('"secret"');
});

test.each<[Record<string, string>, { retryCount?: number; retryDelayMs?: number }]>([
  [{}, {}],
  [{ SMSTSDownloadRetryCount: '7' }, { retryCount: 7 }],
  [{ smstsdownloadretrydelay: ' 30 ' }, { retryDelayMs: 30_000 }],
  [
    { SMSTSDownloadRetryCount: '0', SMSTSDownloadRetryDelay: '0' },
    { retryCount: 0, retryDelayMs: 0 },
  ],
  [{ SMSTSDownloadRetryCount: 'many', SMSTSDownloadRetryDelay: '-1' }, {}],
  [{ SMSTSDownloadRetryCount: '100000', SMSTSDownloadRetryDelay: '3601' }, {}],
])('of %j the transfer takes %j', (values, expected) => {
  const variables = resolveVariables([{ level: 'media', values }]);
  expect(transferSettingsBy(variables, defaultTransferSettings)).toEqual({
    ...defaultTransferSettings,
    ...expected,
  });
});

test('SMSTSDownloadBandwidth takes the place of the limits of agent.yaml, on the same account; what is no rate does not', () => {
  const given = transferSettingsOf({ bandwidth: [{ from: '08:00', to: '17:00', limit: '8 Mbit/s' }] });
  const by = (SMSTSDownloadBandwidth: string) =>
    transferSettingsBy(resolveVariables([{ level: 'media', values: { SMSTSDownloadBandwidth } }]), given);
  const windows = [{ fromMinute: 0, toMinute: 1440, bytesPerSecond: 250_000 }];
  expect(by(' 2 Mbit/s ')).toMatchObject({ connections: 1, bandwidth: { windows } });
  expect(by('2 Mbit/s').bandwidth?.account).toBe(given.bandwidth?.account);
  expect(by('None').bandwidth).toBeUndefined();
  expect(by('fast')).toEqual(given);
});

test('what a command makes of the secret that it tells is secret, and names that every object has are names', async () => {
  const disk = await freshDisk({
    commands: { 'tells.cmd': { Token: 'abc-987', Copy: 'x abc-987', constructor: 'mine', Open: 'yes' } },
  });
  const kit = await openStepKit({ disk, actions: [command('tells.cmd')], record: { secret: ['Token'] } });
  await kit.run();
  expect(readFileSync(kit.layout.journal, 'utf8')).not.toContain('abc-987');
  expect(kit.journal.records.find(each => each.type === 'variables-set')).toMatchObject({
    values: { constructor: 'mine', Open: 'yes' },
    secret: ['Token', 'Copy'],
  });
});

test('of a step that sets a variable again, what it set before counts no more, secret or not', async () => {
  const disk = await freshDisk();
  const kit = await openStepKit({
    disk,
    actions: [command('x')],
    media: { variables: { Password: 'Sommer!2026' }, secret: ['Password'] },
  });
  await kit.world.variables.set('run-command#x', { Answer: 'Sommer!2026' });
  await kit.world.variables.set('run-command#x', { Answer: 'none' });
  expect(kit.world.variables.now().get('Answer')).toBe('none');
});
