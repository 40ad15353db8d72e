// The Windows executable in a new Windows with real installers: MSI packages and setup programs that succeed, fail, hang, are there already,
// and take the computer down with and without a word. What they leave is compared with what each is known to leave.
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Report } from '../../agent/report/report.ts';
import { FIRMWARE, ITEM, installerSite, LATE, PRODUCT, RESTARTING } from '../support/installer-site.ts';
import { makeSmallSite, type SmallSite } from '../support/small-site.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { openWindowsComputer, type WindowsComputer } from '../support/windows-computer.ts';
import { installedOn } from '../support/windows-site.ts';

const folder = tempFolder('windows-installers');
let site: SmallSite;
let computer: WindowsComputer;
let presentMsi: Uint8Array;
beforeAll(async () => {
  const { tree, ...rest } = await installerSite();
  presentMsi = rest.presentMsi;
  site = await makeSmallSite(path.join(folder, 'site'), { differences: tree });
  computer = await openWindowsComputer(path.join(folder, 'computer'), site, disk => site.layDisk(disk));
});
afterAll(async () => {
  await computer?.[Symbol.asyncDispose]();
  await site?.close();
});

const volume = (...names: readonly string[]): string => path.join(computer.volume, ...names);
const shutdowns = (): number => computer.calls().filter(call => call.startsWith('shutdown')).length;

/** A value as reg.exe prints it; undefined when it is absent. */
async function registry(key: string, name: string): Promise<string | undefined> {
  const { stdout } = await computer.inWindows('reg', 'query', `HKLM\\SOFTWARE\\${key}`, '/v', name);
  return /REG_\w+\s+(.*?)\s*$/m.exec(stdout)?.[1];
}

test('deploys, and one of the applications is there before', { timeout: 120_000 }, async () => {
  const result = await computer.deploy();
  expect(result, result.stderr).toMatchObject({ code: 3 });
  await computer.inWindows('cmd', '/c', 'mkdir C:\\before');
  await writeFile(volume('before/present.msi'), presentMsi);
  expect(await computer.inWindows('msiexec', '/i', 'C:\\before\\present.msi', '/qn')).toMatchObject({
    code: 0,
  });
  await computer.shutWindowsDown();
});

test('1641 in the first of two commands: the second waits for the restart', async () => {
  const result = await computer.goOn();
  expect(result, result.stderr).toMatchObject({ code: 3 });
  expect(await installedOn(computer.volume)).toEqual([ITEM.firmware]);
  expect(await readFile(volume(FIRMWARE), 'utf8')).toBe('step 1\r\n');
  // The installer's own restart, and the agent's, in case the installer only said so.
  expect(shutdowns()).toBe(2);
  await computer.shutWindowsDown();
});

test('an installer that takes the computer down without a word', async () => {
  await computer.goOn.kill(() => existsSync(volume(RESTARTING)));
  expect(await installedOn(computer.volume)).toEqual([ITEM.firmware, ITEM.firmware, ITEM.restarting]);
});

describe('after it', () => {
  test('it runs once more, then runtime before suite; what is there already does not run; 1603 ends the run', async () => {
    const result = await computer.goOn();
    expect(result, result.stderr).toMatchObject({ code: 70 });
    expect(result.stderr + result.stdout).toContain('PKG-01');
    expect((await installedOn(computer.volume)).slice(3)).toEqual([ITEM.restarting, ITEM.suite]);
    expect(await readFile(volume('Program Files/Suite/suite.txt'), 'utf8')).toBe('with runtime 1.2.3');
  });

  test('Windows Installer’s own log says why: it was made though nobody asked for one', async () => {
    const log = await readFile(path.join(computer.layout.logs, `install-${ITEM.licensed}-msi.log`), 'utf8');
    expect(log).toMatch(/LaunchConditions/);
    expect(await readdir(path.join(computer.layout.own, 'temp'))).toEqual([]);
  });
});

test('when it is corrected the run goes on; what waits for an answer is ended with all its programs', async () => {
  expect(
    await computer.inWindows('reg', 'add', 'HKLM\\SOFTWARE\\Sample', '/v', 'Licence', '/d', 'yes', '/f'),
  ).toMatchObject({ code: 0 });
  const result = await computer.goOn();
  expect(result, result.stderr).toMatchObject({ code: 70 });
  expect(result.stderr + result.stdout).toContain('PKG-02');
  expect(result.stderr + result.stdout).toContain(`install-${ITEM.hanging}.log`);
  expect((await installedOn(computer.volume)).slice(5)).toEqual([ITEM.hanging]);
});

describe('the last start', () => {
  let report: Report;

  test('ends the deployment', async () => {
    const result = await computer.goOn('--json');
    expect(result, result.stderr).toMatchObject({ code: 0 });
    report = JSON.parse(result.stdout);
    expect(report).toMatchObject({ outcome: 'completed', restartPending: true });
    // The last setup has left a program running in its item’s folder, which cannot be removed while it runs.
    expect(result.stderr).toContain(`${ITEM.hanging} is in use`);
  });

  test('reports each item as it ended', () => {
    const installs = report.actions
      .filter(({ action }) => action.startsWith('install'))
      .map(({ action, starts, result }) => [
        action.split(':')[1],
        starts,
        result?.alreadyDone === true ? 'was there' : result?.exitCode,
      ]);
    expect(installs).toEqual([
      [ITEM.firmware, 2, 0],
      [ITEM.restarting, 2, 0],
      [ITEM.runtime, 1, 0],
      [ITEM.suite, 1, 3010],
      [ITEM.present, 0, 'was there'],
      [ITEM.licensed, 2, 3010],
      [ITEM.hanging, 2, 0],
    ]);
    expect(report.faults.map(({ code }) => code)).toEqual(['PKG-01', 'PKG-02']);
  });

  test.each([
    ['Sample\\Restarting', 'State', 'done'],
    ['Sample\\Runtime', 'Version', '1.2.3'],
    ['Sample\\Suite', 'Version', '2.10'],
    ['Sample\\Licensed', 'Version', '3.0.0'],
    ['Sample\\Hanging', 'Version', '1'],
    [`Microsoft\\Windows\\CurrentVersion\\Uninstall\\{${PRODUCT.present}}`, 'DisplayVersion', '5.1.0'],
    [`Microsoft\\Windows\\CurrentVersion\\Uninstall\\{${PRODUCT.licensed}}`, 'DisplayVersion', '3.0.0'],
  ])('leaves %s %s = %s', async (key, name, value) => {
    expect(await registry(key, name)).toBe(value);
  });

  test('leaves the files, the logs of every installer, and nothing of what was ended', async () => {
    expect(await readFile(volume('Program Files/Licensed/Licensed.txt'), 'utf8')).toContain('3.0.0');
    expect(await readFile(volume(FIRMWARE), 'utf8')).toBe('step 1\r\nstep 2\r\n');
    // Wine’s own folder has another case, which is another folder here.
    const logs = (await readdir(volume('Windows'))).find(name => /^logs$/i.test(name)) ?? '';
    const kept = await readdir(volume('Windows', logs, 'Prestage'));
    for (const id of [ITEM.firmware, ITEM.restarting, ITEM.suite, ITEM.hanging])
      expect(kept).toContain(`install-${id}.log`);
    for (const id of [ITEM.runtime, ITEM.licensed]) expect(kept).toContain(`install-${id}-msi.log`);
    expect(kept).not.toContain(`install-${ITEM.present}.log`);
    expect(existsSync(volume(LATE))).toBe(false);
    await expect.poll(() => existsSync(computer.layout.root), { timeout: 30_000 }).toBe(false);
  });
});
