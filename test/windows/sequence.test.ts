// The Windows executable carries out a task sequence with commands: in Windows PE, over a restart of it, and in the new Windows. Tools and shells are
// real programs, which tell variables, fail, and hang.
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Report } from '../../agent/report/report.ts';
import { readAnswerFile } from '../support/answer-file.ts';
import { makeSetup } from '../support/real-installers.ts';
import type { Tree } from '../support/site-kit.ts';
import { makeSmallSite, type SmallSite } from '../support/small-site.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { openWindowsComputer, type WindowsComputer } from '../support/windows-computer.ts';
import { textOf } from '../support/windows-kills.ts';

/** Tells what it is asked for on its command line; started at all, it leaves a file on P:. */
const ASK = [
  'FileOpen $9 "P:\\asked.txt" w',
  'FileClose $9',
  '@{GetParameters} $0',
  '@{GetOptions} $0 "/DEPOT=" $1',
  'ReadEnvStr $2 PRESTAGE_VARIABLES',
  'FileOpen $9 "$2" a',
  'FileWrite $9 "OSDComputerName=PC-$1$\\r$\\n"',
  'FileClose $9',
];

const TELL = '@echo off\r\necho Bay=%1>>"%PRESTAGE_VARIABLES%"\r\necho Step=%PRESTAGE_STEP%>P:\\step.txt\r\n';

const run = (name: string, command: string, more: object = {}): object => ({
  step: 'run-command',
  name,
  command,
  ...more,
});

const SEQUENCE = {
  name: 'With commands',
  osImage: { id: 'CON00001', index: 1 },
  steps: [
    run('Tell the bay', 'tell.cmd B7', { content: 'CON00009' }),
    { step: 'set-variable', variable: 'Where', value: '%Depot%-%Bay%' },
    run('Write it down', 'cmd.exe /d /c echo %Where%>>P:\\where.txt', {
      when: { variable: 'Bay', equals: 'B7' },
    }),
    run('Elsewhere', 'cmd.exe /d /c echo no>P:\\never.txt', {
      when: { variable: 'Where', notEquals: 'Graz-B7' },
    }),
    run('Fail', 'cmd.exe /d /c echo again>>P:\\failed.txt & exit 9', {
      continueOnError: true,
      retry: { attempts: 2, delaySeconds: 0 },
    }),
    run('See how it failed', 'cmd.exe /d /c echo (%_SMSTSLastActionRetCode%)>P:\\code.txt', {
      when: { variable: '_SMSTSLastActionSucceeded', equals: 'false' },
    }),
    run(
      'Hang',
      'cmd.exe /d /c echo began>P:\\hanging.txt & ping -n 20 127.0.0.1 >nul & echo late>P:\\late.txt',
      {
        continueOnError: true,
        timeoutMinutes: 0.05,
      },
    ),
    { step: 'restart', to: 'winpe' },
    { step: 'apply-os-image' },
    { step: 'set-up-boot' },
    run('Into the registry', 'reg add HKLM\\SOFTWARE\\Sample /v Where /d %Where% /f'),
    run('By the registry', 'cmd.exe /d /c echo %OSDComputerName%>P:\\name.txt', {
      when: { registryKey: 'HKLM\\SOFTWARE\\Sample', value: 'Where', equals: '%Depot%-B7' },
    }),
    { step: 'copy-logs', to: 'P:\\logs' },
  ],
};

const folder = tempFolder('windows-sequence');

async function siteWith(name: string, ask: Uint8Array): Promise<SmallSite> {
  const differences: Tree = {
    'media/depot.yaml': {
      taskSequence: 'CON00020',
      bootImage: 'CON00005',
      createdBy: 'A. Admin',
      variables: { Depot: 'Graz' },
      prestart: { command: 'ask.exe /S /DEPOT=%Depot%', content: 'CON00007', timeoutMinutes: 1 },
    },
    'content/CON00007/content.yaml': item('CON00007', 'Questions'),
    'content/CON00007/files/ask.exe': ask,
    'content/CON00009/content.yaml': item('CON00009', 'Tellers'),
    'content/CON00009/files/tell.cmd': TELL,
    'task-sequences/CON00020.yaml': SEQUENCE,
  };
  return await makeSmallSite(path.join(folder, name), { differences });
}

function item(id: string, name: string): object {
  return { id, type: 'package', name, version: '1', source: 'files' };
}

interface Play extends AsyncDisposable {
  readonly site: SmallSite;
  readonly computer: WindowsComputer;
  /** A file on P:. */
  share(name: string): string;
}

async function openPlay(name: string, target: 'amd64' | 'x86'): Promise<Play> {
  const site = await siteWith(`${name}-site`, await makeSetup(ASK, target));
  const drive = path.join(folder, `${name}-share`);
  await mkdir(drive);
  const computer = await openWindowsComputer(path.join(folder, name), site, site.layDisk, {
    drives: { p: drive },
  });
  return {
    site,
    computer,
    share: file => path.join(drive, file),
    async [Symbol.asyncDispose]() {
      await computer[Symbol.asyncDispose]();
      await site.close();
    },
  };
}

describe('a sequence with commands', () => {
  let play: Play;
  let report: Report;
  beforeAll(async () => {
    play = await openPlay('commands', 'amd64');
  });
  afterAll(() => play?.[Symbol.asyncDispose]());

  /** Title or name -> how it ended. */
  const states = (): Readonly<Record<string, string>> =>
    Object.fromEntries(
      report.actions.map(({ action, title, state, starts }) => [
        title ?? action.replace(/#.*/, ''),
        `${state} ${starts}`,
      ]),
    );

  test('restarts Windows PE where it says so, the volume not cleared yet', async () => {
    const result = await play.computer.deploy('--json');
    expect(result, result.stderr).toMatchObject({ code: 3 });
    expect(play.computer.calls().filter(call => call.startsWith('wpeutil'))).toEqual(['wpeutil Reboot']);
    expect(existsSync(path.join(play.computer.volume, 'Windows/System32/ntoskrnl.exe'))).toBe(false);
  });

  test('has run the 64-bit prestart tool before all, and taken what it told', async () => {
    expect(existsSync(play.share('asked.txt'))).toBe(true);
    const told = (await play.computer.journal()).filter(record => record.type === 'variables-set');
    expect(told[0]).toMatchObject({ by: 'prestart', values: { OSDComputerName: 'PC-Graz' } });
  });

  test('has what a batch file told in the next steps', () => {
    expect(textOf(play.share('where.txt'))).toBe('Graz-B7\r\n');
    expect(textOf(play.share('step.txt'))).toMatch(/^Step=run-command#/);
    expect(existsSync(play.share('never.txt'))).toBe(false);
  });

  test('has tried again what failed, and gone on with its exit code', () => {
    expect(textOf(play.share('failed.txt')).match(/again/g)).toHaveLength(2);
    expect(textOf(play.share('code.txt'))).toBe('(9)\r\n');
  });

  test('has ended what hung, with all its programs', () => {
    expect(textOf(play.share('hanging.txt'))).toMatch(/^began/);
    expect(existsSync(play.share('late.txt'))).toBe(false);
  });

  test('goes on behind the restart to the hand-over, with the name that the tool told', async () => {
    const result = await play.computer.deploy('--json');
    expect(result, result.stderr).toMatchObject({ code: 3 });
    report = JSON.parse(result.stdout);
    expect(report.outcome).toBe('handed-over');
    expect(states()).toMatchObject({
      'Tell the bay': 'finished 1',
      'set-variable': 'finished 1',
      'Write it down': 'finished 1',
      Elsewhere: 'skipped 0',
      Fail: 'failed 2',
      'See how it failed': 'finished 1',
      Hang: 'failed 1',
      restart: 'finished 1',
    });
    const answers = await readFile(path.join(play.computer.volume, 'Windows/Panther/unattend.xml'));
    expect(readAnswerFile(answers).value('specialize', 'Microsoft-Windows-Shell-Setup', 'ComputerName')).toBe(
      'PC-Graz',
    );
    expect(textOf(play.share('where.txt'))).toBe('Graz-B7\r\n');
  });

  test('knows its variables in the new Windows, asks the registry there, and copies its logs', async () => {
    const result = await play.computer.goOn('--json');
    expect(result, result.stderr).toMatchObject({ code: 0 });
    report = JSON.parse(result.stdout);
    expect(report.outcome).toBe('completed');
    expect(textOf(play.share('name.txt'))).toBe('PC-Graz\r\n');
    const value = await play.computer.inWindows('reg', 'query', 'HKLM\\SOFTWARE\\Sample', '/v', 'Where');
    expect(value.stdout).toMatch(/REG_SZ +Graz-B7$/m);
    const [copied, ...more] = await readdir(play.share('logs'));
    expect(more).toEqual([]);
    expect(await readdir(play.share(`logs/${copied}`))).toEqual(expect.arrayContaining(['journal.log']));
    expect(existsSync(play.share('late.txt'))).toBe(false);
  });
});

test('a 32-bit prestart tool is told by name and not started; nothing was asked for, nothing changed', async () => {
  await using play = await openPlay('prestart-32', 'x86');
  play.site.requests.length = 0;
  const result = await play.computer.deploy('--json');
  expect(result, result.stderr).toMatchObject({ code: 65 });
  const line = result.stderr.split('\n').findLast(each => each.startsWith('{"fault"')) ?? '{}';
  expect(JSON.parse(line).fault).toMatchObject({
    code: 'MACHINE-03',
    subject: expect.stringMatching(/CON00007\\ask\.exe$/),
    detail: { found: 'x86', expected: 'x64' },
  });
  expect(existsSync(play.share('asked.txt'))).toBe(false);
  expect(play.site.requests.filter(request => request.startsWith('GET'))).toEqual([]);
  expect(play.computer.calls()).toEqual([]);
});
