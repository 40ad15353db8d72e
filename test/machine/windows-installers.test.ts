// How the Windows machine runs and ends installers, and answers what detection asks, under Wine.
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contentManifestSchema, type DetectionRule } from '../../agent/content/manifest.ts';
import { splitCommandLine } from '../../agent/machine/windows/command-line.ts';
import { withMsiLog } from '../../agent/machine/windows/msiexec-log.ts';
import { type TemporaryFolder, temporaryFolder, writeTree } from '../support/wim-kit.ts';
import { openWindowsSide, type WindowsSide } from '../support/windows-side.ts';

let folder: TemporaryFolder;
let side: WindowsSide;
beforeAll(async () => {
  folder = await temporaryFolder();
  await mkdir(folder.join('w'), { recursive: true });
  side = await openWindowsSide({ folder: folder.path, drives: { w: folder.join('w') } });
});
afterAll(async () => {
  await side?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

const script = (...lines: readonly string[]): string => ['@echo off', ...lines, ''].join('\r\n');

describe('an installer that does not end', () => {
  it('is ended with all it has started, also with what has lost its parent', {
    timeout: 60_000,
  }, async () => {
    const node = side.see(folder.join('program/node.exe'));
    await writeTree(folder.join('w', 'item'), {
      'setup.cmd': script(`"${node}" between.js`, 'ping -n 60 127.0.0.1 >nul'),
      // Ends at once and leaves an orphan behind, which has no console that could be closed.
      'between.js': `require('node:child_process')
        .spawn(process.execPath, ['orphan.js'], { detached: true, stdio: 'ignore' })
        .on('spawn', () => process.exit(0));`,
      'orphan.js': `const { writeFileSync } = require('node:fs');
        writeFileSync('begun.txt', '');
        setTimeout(() => writeFileSync('late.txt', ''), 9000);`,
    });
    const began = performance.now();
    const result = await side.machine.run({ command: 'setup.cmd', folder: 'W:\\item', timeoutMs: 4_000 });
    expect(result).toMatchObject({ timedOut: true });
    expect(result.exitCode).toBeUndefined();
    expect(performance.now() - began).toBeLessThan(20_000);
    expect(existsSync(folder.join('w', 'item/begun.txt'))).toBe(true);
    await pause(9_000);
    expect(existsSync(folder.join('w', 'item/late.txt'))).toBe(false);
  });

  it('leaves what it started and let go of when it ends in time', { timeout: 60_000 }, async () => {
    await writeTree(folder.join('w', 'tray'), {
      'setup.cmd': script('start "" /b cmd /c tray.cmd', 'exit /b 3010'),
      'tray.cmd': script('ping -n 5 127.0.0.1 >nul', 'echo at work>tray.txt'),
    });
    const result = await side.machine.run({ command: 'setup.cmd', folder: 'W:\\tray', timeoutMs: 30_000 });
    expect(result).toMatchObject({ timedOut: false, exitCode: 3010 });
    await expect
      .poll(() => readFile(folder.join('w', 'tray/tray.txt'), 'utf8').catch(() => ''), { timeout: 20_000 })
      .toContain('at work');
  });
});

describe('detection', () => {
  beforeAll(async () => {
    const uninstall = 'HKLM\\Software\\Microsoft\\Windows\\CurrentVersion\\Uninstall';
    for (const line of [
      'HKLM\\Software\\Vendor /v Build /t REG_DWORD /d 22631 /f',
      'HKLM\\Software\\Vendor /v Version /d 1.10.2 /f',
      'HKLM\\Software\\Vendor /v Words /d newest /f',
      `${uninstall}\\{00000000-1111-2222-3333-444444444444} /v DisplayVersion /d 24.09.00.0 /f`,
    ])
      expect(
        await side.machine.run({ command: `reg add ${line}`, folder: 'W:\\', timeoutMs: 60_000 }),
      ).toMatchObject({ exitCode: 0 });
  });

  const vendor = 'HKLM\\SOFTWARE\\Vendor';
  const product = '{00000000-1111-2222-3333-444444444444}';
  it.each<[DetectionRule, boolean]>([
    [{ registryKey: vendor, value: 'Build', equals: 22631 }, true],
    [{ registryKey: vendor, value: 'Build', equals: '22631' }, true],
    [{ registryKey: vendor, value: 'Build', equals: 22632 }, false],
    [{ registryKey: vendor, value: 'Build', atLeast: 22000 }, true],
    [{ registryKey: vendor, value: 'Build', atLeast: 26100 }, false],
    [{ registryKey: vendor, value: 'Version', atLeast: '1.9' }, true],
    [{ registryKey: vendor, value: 'Version', atLeast: '1.10.2' }, true],
    [{ registryKey: vendor, value: 'Version', atLeast: '1.10.3' }, false],
    [{ registryKey: vendor, value: 'Words', atLeast: '1' }, false],
    [{ registryKey: vendor, value: 'Absent', atLeast: 1 }, false],
    [{ productCode: product, version: '24.9' }, true],
    [{ productCode: product, version: '24.10' }, false],
    [{ productCode: product.replace('0', '9'), version: '1' }, false],
  ])('%j: %s', async (rule, expected) => {
    expect(await side.machine.detects(rule)).toBe(expected);
  });
});

describe('msiexec', () => {
  const LOG = 'C:\\Logs\\x.log';
  it.each([
    ['msiexec /i app.msi /qn', '/i app.msi /qn /l*v "C:\\Logs\\x.log"'],
    ['MSIEXEC.EXE -i app.msi', '-i app.msi /l*v "C:\\Logs\\x.log"'],
    ['"C:\\Windows\\System32\\msiexec.exe" /x {A} /qn', '/x {A} /qn /l*v "C:\\Logs\\x.log"'],
    ['msiexec /package "a b.msi" LANG=de', '/package "a b.msi" LANG=de /l*v "C:\\Logs\\x.log"'],
    ['msiexec /famus {A}', '/famus {A} /l*v "C:\\Logs\\x.log"'],
    ['msiexec /p fix.msp /qn', '/p fix.msp /qn /l*v "C:\\Logs\\x.log"'],
    // The author's own log stays the only one.
    ['msiexec /i app.msi /l*v own.log', '/i app.msi /l*v own.log'],
    ['msiexec /i app.msi /L*V! "own.log"', '/i app.msi /L*V! "own.log"'],
    ['msiexec /i app.msi /log own.log', '/i app.msi /log own.log'],
    // Nothing is installed, or it is another program.
    ['msiexec /?', '/?'],
    ['msiexec /unregister', '/unregister'],
    ['setup.exe /i', '/i'],
  ])('%s gets the arguments %s', (command, expected) => {
    expect(withMsiLog(splitCommandLine(command)!, LOG)).toBe(expected);
  });
});

it('a manifest’s detection is any and all of rules and scripts, and nothing else', () => {
  const { detection } = contentManifestSchema.shape;
  const nested = [
    { any: [{ file: 'C:\\a.exe' }, { all: [{ script: 'sub/is-there.ps1' }, { powershell: '1' }] }] },
    { registryKey: 'HKLM\\X', value: 'Y', equals: 1 },
  ];
  expect(detection.parse(nested)).toEqual(nested);
  for (const wrong of [
    { script: 'is-there.vbs' },
    { any: [] },
    { file: 'x', script: 'a.cmd' },
    { registryKey: 'HKLM\\X', atLeast: 'newest' },
    { not: [{ file: 'x' }] },
  ])
    expect(detection.safeParse([wrong]).success, JSON.stringify(wrong)).toBe(false);
});
