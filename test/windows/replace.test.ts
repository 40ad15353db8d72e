// A computer is replaced, both with Windows: what people had on the old one is on the new one, byte for byte, after a task sequence of its own with
// steps in Windows PE and in the new Windows.
import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Report } from '../../agent/report/report.ts';
import { type AnswerFile, readAnswerFile } from '../support/answer-file.ts';
import { REPLACED } from '../support/replace-site.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { readTree } from '../support/wim-kit.ts';
import { type FinalState, finalState, keptReportText } from '../support/windows-kills.ts';
import {
  makeWindowsReplace,
  type ReplacedComputer,
  VIEWER,
  type WindowsReplace,
} from '../support/windows-replace.ts';
import { installedOn } from '../support/windows-site.ts';

const folder = tempFolder('windows-replace');
let replace: WindowsReplace;
let computer: ReplacedComputer;
beforeAll(async () => {
  replace = await makeWindowsReplace(folder);
  computer = await replace.newComputer('new');
});
afterAll(async () => {
  await computer?.[Symbol.asyncDispose]();
  await replace?.site.close();
});

describe('capture in the old Windows', () => {
  test('takes the files of all people, however deep, and none that is left out', () => {
    const { code, stdout, stderr } = replace.captured;
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^Captured 160 files, 3\.\d+ MB; 0 left out\.$/m);
  });

  test('leaves a sealed store that names nobody', async () => {
    const store = path.join(computer.store, REPLACED);
    expect((await readdir(store)).sort()).toEqual(['pack-0001.bin', 'state.json', 'state.json.mac']);
    const text = await readFile(path.join(store, 'state.json'), 'utf8');
    expect(JSON.parse(text)).toMatchObject({ computer: { serial: 'OLD-1' }, content: { files: 160 } });
    expect(text).not.toMatch(/anna|notes/);
  });
});

describe('deploy in Windows PE', () => {
  let answers: AnswerFile;

  test('ends with 3 at the hand-over', async () => {
    const result = await computer.deploy('--json');
    expect(result, result.stderr).toMatchObject({ code: 3 });
    const report: Report = JSON.parse(result.stdout);
    expect(report).toMatchObject({ outcome: 'handed-over', machine: { system: 'winpe' } });
    answers = readAnswerFile(await readFile(path.join(computer.volume, 'Windows/Panther/unattend.xml')));
  });

  test('names the computer as policy knows it by its serial number', () => {
    const shell = 'Microsoft-Windows-Shell-Setup';
    expect(answers.value('specialize', shell, 'ComputerName')).toBe('PC-NEW');
    expect(answers.value('specialize', shell, 'TimeZone')).toBe('UTC');
    expect(answers.commands.at(-1)).toMatch(/schtasks\.exe.* \/create .*task\.xml"/);
  });

  test('sets drivers, boot files, rights and the default in that order, then restarts', () => {
    const changes = computer
      .calls()
      .filter(call => !/ \/(enum|reset|setowner) /.test(call))
      .map(call => [/^\S+/.exec(call)?.[0], ...(/\/(?:grant|default)/.exec(call) ?? [])].join(' '));
    expect(changes).toEqual([
      'dism',
      'bcdboot',
      'icacls /grant',
      'icacls /grant',
      'bcdedit /default',
      'wpeutil',
    ]);
  });
});

describe('continue in the new Windows', () => {
  let report: Report;
  let state: FinalState;

  test('restarts where the sequence says so', async () => {
    const result = await computer.goOn();
    expect(result, result.stderr).toMatchObject({ code: 3 });
    expect(await installedOn(computer.volume)).toEqual(['CON00006']);
    expect(computer.calls().filter(call => call.startsWith('shutdown'))).toEqual(['shutdown /r /t 0']);
    await computer.shutWindowsDown();
  });

  test('goes on behind it to the end, with what its conditions say', async () => {
    const result = await computer.goOn('--json');
    expect(result, result.stderr).toMatchObject({ code: 0 });
    report = JSON.parse(result.stdout);
    expect(report).toMatchObject({ outcome: 'completed', runs: 3, faults: [] });
    expect(
      report.actions
        .filter(({ action }) => /^(set|install|restart|restore)/.test(action))
        .map(({ action, state, starts }) => `${action.replace(/#.*/, '')} ${state} ${starts}`),
    ).toEqual([
      'set-variable finished 1',
      'install-package:CON00006 finished 1',
      'restart finished 1',
      'install-package:CON00003 finished 1',
      'install-application:CON00002 finished 1',
      `install-application:${VIEWER.id} finished 1`,
      'install-package:CON00003 skipped 0',
      'restore-user-state finished 1',
    ]);
    state = await finalState(computer);
  });

  test('has people’s files on the new computer, byte for byte and with their times', async () => {
    const ofPeople = Object.entries(replace.oldUsers)
      // Folders of Windows’ own are there before; what an old Windows has for itself stays on it.
      .filter(([name, digest]) => digest !== 'empty folder' || name.startsWith('bob'))
      .filter(([name]) => !/^Default\/|AppData|NTUSER|desktop\.ini|~\$/.test(name));
    expect(ofPeople).toHaveLength(161);
    for (const [name, digest] of ofPeople) {
      // Of the two only anna has a profile on the new computer.
      const now = name.startsWith('bob/') ? `UserState/${name}` : `Users/${name}`;
      expect(state.files[now], now).toBe(digest);
    }
    const notes = await stat(path.join(computer.volume, 'Users/anna/Desktop/notes.txt'));
    expect(notes.mtime.toISOString()).toBe('2024-05-06T07:08:09.000Z');
  });

  test('has nothing more of the old computer, and what the image had for anna', () => {
    const names = Object.keys(state.files);
    expect(names.filter(name => /secret\.dat|NTUSER|template\.txt|partial|restored/.test(name))).toEqual([]);
    expect(names).toContain('Users/anna/Documents/welcome.txt');
  });

  test('has closed the association, for this computer', async () => {
    const closed = JSON.parse(await readFile(path.join(computer.store, REPLACED, 'closed.json'), 'utf8'));
    expect(closed).toMatchObject({ computer: { serial: 'NEW-1' } });
  });

  test('has the applications in the registry, with Windows Installer’s own entry', () => {
    for (const id of ['CON00006', 'CON00003', 'CON00002'])
      expect(state.values).toMatch(new RegExp(`${id} +REG_SZ +installed$`, 'm'));
    expect(state.values).toMatch(/\\Viewer\n +Version +REG_SZ +4\.2\.0$/m);
    expect(state.products).toContain(`{${VIEWER.productCode}}`);
  });

  test('leaves no answer file, no cache and no boot entry of the media, and keeps the records', async () => {
    expect(existsSync(computer.layout.root)).toBe(false);
    expect(Object.keys(state.files).filter(name => /unattend|_SMSTaskSequence/i.test(name))).toEqual([]);
    expect(computer.calls()).toContain('bcdedit /delete {7619dcc9-fafe-11d9-b411-000476eba25f} /f /cleanup');
    expect(JSON.parse(keptReportText(computer.volume))).toMatchObject({ outcome: 'completed', runs: 3 });
    const records = Object.keys(await readTree(path.join(computer.volume, 'Windows/Logs/Prestage')));
    expect(records).toEqual(
      expect.arrayContaining([
        'journal.log',
        'report.json',
        'restore-user-state.log',
        'install-CON00002.log',
      ]),
    );
  });
});
