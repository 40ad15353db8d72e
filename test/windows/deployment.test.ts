// The Windows executable through a whole deployment of the small site, with installers that end as installers do.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Report } from '../../agent/report/report.ts';
import { readAnswerFile } from '../support/answer-file.ts';
import { makeSmallSite, moveWorldOn, type SmallSite, wearDisk } from '../support/small-site.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { readTree } from '../support/wim-kit.ts';
import { openWindowsComputer, type WindowsComputer } from '../support/windows-computer.ts';
import { EDITOR, EDITOR_ITEM, installedOn, windowsSite } from '../support/windows-site.ts';

const folder = tempFolder('windows-deployment');
let site: SmallSite;
let computer: WindowsComputer;
beforeAll(async () => {
  site = await makeSmallSite(path.join(folder, 'site'), {
    differences: windowsSite({ tool: 1641, runtime: [1618, 0], editor: 3010 }),
  });
  await moveWorldOn(site, EDITOR_ITEM);
  computer = await openWindowsComputer(path.join(folder, 'computer'), site, async disk => {
    await site.layDisk(disk);
    await wearDisk(disk);
  });
  site.requests.length = 0;
});
afterAll(async () => {
  await computer?.[Symbol.asyncDispose]();
  await site?.close();
});

describe('deploy in Windows PE', () => {
  let report: Report;

  test('ends with 3 at the hand-over', async () => {
    const result = await computer.deploy('--json');
    expect(result, result.stderr).toMatchObject({ code: 3 });
    report = JSON.parse(result.stdout);
    expect(report.outcome).toBe('handed-over');
  });

  test('reports each item as it lay on the worn disk', () => {
    expect(report.machine).toMatchObject({ system: 'winpe', architecture: 'x64' });
    expect(report.items.map(({ id, outcome }) => [id, outcome])).toEqual([
      ['CON00001', 'damaged'],
      ['CON00004', 'missing'],
      ['CON00006', 'damaged'],
      ['CON00003', 'damaged'],
      ['CON00002', 'changed'],
    ]);
    expect(report.image?.bad).toHaveLength(1);
    expect(report.bytes.fetched).toBeLessThan(report.bytes.total / 4);
  });

  test('leaves the image’s files, each with its digest', async () => {
    const applied = await readTree(computer.volume);
    for (const [name, digest] of Object.entries(await readTree(site.osTree)))
      expect(applied[name], name).toBe(digest);
  });

  test('asked the server for nothing that lay whole on the disk', () => {
    const whole = site.requests.filter(request => /über|tool\.cmd/.test(decodeURIComponent(request)));
    expect(whole).toEqual([]);
  });

  test('had drivers added, boot files written, the new Windows made the default last, then a restart', () => {
    const changes = computer.calls().filter(call => !/ \/enum |^icacls /.test(call));
    expect(changes).toEqual([
      expect.stringMatching(/^dism .*\/Add-Driver \/Driver:W:\\_SMSTaskSequence\\Packages\\CON00004 /),
      'bcdboot W:\\Windows /s S: /f UEFI /d /addlast',
      'bcdedit /store S:\\EFI\\Microsoft\\Boot\\BCD /default {11111111-2222-3333-4444-555555555555}',
      'wpeutil Reboot',
    ]);
  });
});

describe('the hand-over', () => {
  test('left cache and answer file to SYSTEM and Administrators before the new Windows was made the default', () => {
    const calls = computer.calls();
    const rights = calls.filter(call => call.startsWith('icacls'));
    expect(rights.filter(call => call.includes('/grant:r'))).toEqual([
      'icacls W:\\_SMSTaskSequence /inheritance:r /grant:r *S-1-5-18:(OI)(CI)F *S-1-5-32-544:(OI)(CI)F /Q',
      'icacls W:\\Windows\\Panther\\unattend.xml /inheritance:r /grant:r *S-1-5-18:F *S-1-5-32-544:F /Q',
    ]);
    expect(calls.findLastIndex(call => call.startsWith('icacls'))).toBeLessThan(
      calls.findIndex(call => call.includes(' /default ')),
    );
  });

  test('left the task as schtasks takes it, and an answer file that registers it', async () => {
    const task = await readFile(path.join(computer.layout.agent, 'task.xml'), 'utf16le');
    expect(task).toContain(
      '<Command>%SystemDrive%\\_SMSTaskSequence\\Prestage\\agent\\prestage.exe</Command>',
    );
    const { commands } = readAnswerFile(
      await readFile(path.join(computer.volume, 'Windows/Panther/unattend.xml')),
    );
    expect(commands.at(-1)).toContain('/xml "%SystemDrive%\\_SMSTaskSequence\\Prestage\\agent\\task.xml"');
  });
});

describe('continue in the new Windows', () => {
  test('ends with 3 when an installer restarts the computer itself (1641), and asks for that restart', async () => {
    const result = await computer.goOn();
    expect(result, result.stderr).toMatchObject({ code: 3 });
    expect(await installedOn(computer.volume)).toEqual(['CON00006']);
    expect(computer.calls().filter(call => call.startsWith('shutdown'))).toEqual(['shutdown /r /t 0']);
  });

  test('goes on after that restart, waits for another installation (1618), and takes a wish for a restart (3010)', async () => {
    const result = await computer.goOn('--json');
    expect(result, result.stderr).toMatchObject({ code: 0 });
    // The package that restarted is not run again, the one that found another installation under way is.
    expect(await installedOn(computer.volume)).toEqual(['CON00006', 'CON00003', 'CON00003', 'CON00002']);
    const report: Report = JSON.parse(result.stdout);
    expect(report).toMatchObject({ outcome: 'completed', restartPending: true, runs: 3, faults: [] });
    expect(
      report.actions
        .filter(({ action }) => action.startsWith('install'))
        .map(({ action, state, result }) => [action, state, result?.exitCode, result?.attempts]),
    ).toEqual([
      ['install-package:CON00006', 'finished', 1641, 1],
      ['install-package:CON00003', 'finished', 0, 2],
      ['install-application:CON00002', 'finished', 3010, 1],
    ]);
  });

  test('has really installed: the new release of the editor lies where it is detected', async () => {
    const published = await readFile(path.join(site.site, 'content/CON00002/files/setup.exe'));
    expect((await readFile(path.join(computer.volume, EDITOR))).equals(published)).toBe(true);
  });

  test('restarts once more for the 3010, with the media’s boot entry and its own start-up task gone', async () => {
    await expect
      .poll(() => computer.calls(), { timeout: 30_000 })
      .toContain('schtasks /delete /tn Prestage /f');
    expect(computer.calls()).toContain('bcdedit /delete {7619dcc9-fafe-11d9-b411-000476eba25f} /f /cleanup');
    expect(computer.calls().filter(call => call.startsWith('shutdown'))).toHaveLength(2);
  });

  test('leaves no cache, keeps the records', async () => {
    expect(existsSync(computer.layout.root)).toBe(false);
    const left = Object.keys(await computer.files());
    expect(left.filter(name => /unattend\.xml|SetupComplete/i.test(name))).toEqual([]);
    expect(left).toContain('Windows/Logs/Prestage/journal.log');
    const report: Report = JSON.parse(
      await readFile(path.join(computer.volume, 'Windows/Logs/Prestage/report.json'), 'utf8'),
    );
    expect(report.outcome).toBe('completed');
  });
});
