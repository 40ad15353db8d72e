// A site whose packages and applications are real installers, one for each way in which an installer may end.
import { appendLine, makeMsi, makeSetup } from './real-installers.ts';
import type { Tree } from './site-kit.ts';
import { INSTALLED } from './windows-site.ts';

/** Item IDs by what their installer does. */
export const ITEM = {
  /** Two commands; the first restarts the computer (1641). */
  firmware: 'CON00010',
  /** Restarts the computer at its first start, and tells nobody. */
  restarting: 'CON00011',
  runtime: 'CON00012',
  /** Needs the runtime; asks for a restart (3010). */
  suite: 'CON00013',
  /** In this Windows already. */
  present: 'CON00014',
  /** Fails (1603) while there is no licence; asks for a restart. */
  licensed: 'CON00015',
  /** Waits at its first start for an answer that nobody can give. */
  hanging: 'CON00016',
} as const;

export const PRODUCT = {
  runtime: '6B3F0A12-7C41-4E0B-9D55-1F7C2A9B1D21',
  present: '6B3F0A12-7C41-4E0B-9D55-1F7C2A9B1D31',
  licensed: '6B3F0A12-7C41-4E0B-9D55-1F7C2A9B1D41',
} as const;

/** What the hanging setup's helper program writes when nobody has ended it. */
export const LATE = 'late.txt';
/** A line a step of the firmware. */
export const FIRMWARE = 'firmware.txt';
/** Left by the restarting setup as soon as it works. */
export const RESTARTING = 'restarting.txt';

const SAMPLE = 'HKLM\\SOFTWARE\\Sample';

/** Differences for `makeSmallSite`, and the MSI that is to be installed before. */
export async function installerSite(): Promise<{ readonly tree: Tree; readonly presentMsi: Uint8Array }> {
  const presentMsi = await makeMsi({ name: 'Present', productCode: PRODUCT.present, version: '5.1.0' });
  const items = [
    item(ITEM.firmware, {
      type: 'package',
      install: [{ command: 'setup.exe /S /STEP=1' }, { command: 'setup.exe /S /STEP=2' }],
      files: { 'setup.exe': await firmware() },
    }),
    item(ITEM.restarting, {
      type: 'package',
      install: [{ command: 'setup.exe /S' }],
      files: { 'setup.exe': await restarting() },
    }),
    item(ITEM.runtime, {
      install: [{ command: 'msiexec /i runtime.msi /qn /norestart' }],
      detection: [{ productCode: `{${PRODUCT.runtime}}`, version: '1.2' }],
      files: {
        'runtime.msi': await makeMsi({ name: 'Runtime', productCode: PRODUCT.runtime, version: '1.2.3' }),
      },
    }),
    item(ITEM.suite, {
      install: [{ command: 'setup.exe /S' }],
      detection: [
        { registryKey: `${SAMPLE}\\Suite`, value: 'Version', atLeast: '2.0' },
        { registryKey: `${SAMPLE}\\Suite`, value: 'Build', equals: 2048 },
      ],
      dependencies: [ITEM.runtime],
      files: { 'setup.exe': await suite() },
    }),
    item(ITEM.present, {
      install: [{ command: 'msiexec /i present.msi /qn' }],
      detection: [{ productCode: `{${PRODUCT.present}}` }],
      files: { 'present.msi': presentMsi },
    }),
    item(ITEM.licensed, {
      install: [{ command: 'msiexec /i licensed.msi /qn /norestart' }],
      detection: [{ file: '%ProgramFiles%\\Licensed\\Licensed.txt' }],
      files: {
        'licensed.msi': await makeMsi({
          name: 'Licensed',
          productCode: PRODUCT.licensed,
          version: '3.0.0',
          needs: 'Licence',
          restarts: true,
        }),
      },
    }),
    item(ITEM.hanging, {
      install: [{ command: 'setup.exe /S', timeoutMinutes: 0.1 }],
      detection: [{ any: [{ file: 'C:\\nowhere.exe' }, { script: 'is-there.cmd' }] }],
      files: { 'setup.exe': await hanging(), 'is-there.cmd': IS_THERE },
    }),
  ];
  const { firmware: first, restarting: second, suite: third, present, licensed, hanging: last } = ITEM;
  return {
    presentMsi,
    tree: {
      ...Object.assign({}, ...items),
      'content/CON00005/files/EFI/Microsoft/Boot/BCD': 'boot store',
      'task-sequences/CON00020.yaml': {
        name: 'Install Windows',
        osImage: { id: 'CON00001', index: 1 },
        drivers: [],
        packages: [first, second],
        applications: [third, present, licensed, last],
      },
    },
  };
}

interface ItemDescription {
  readonly type?: 'application' | 'package';
  readonly install: readonly object[];
  readonly detection?: readonly object[];
  readonly dependencies?: readonly string[];
  readonly files: Readonly<Record<string, string | Uint8Array>>;
}

function item(id: string, { type = 'application', files, ...rest }: ItemDescription): Tree {
  const laid = Object.entries(files).map(([name, bytes]) => [`content/${id}/files/${name}`, bytes]);
  return {
    [`content/${id}/content.yaml`]: { id, type, name: id, version: '1', source: 'files', ...rest },
    ...Object.fromEntries(laid),
  };
}

/** A line a start, as the installers of `windowsSite` write it. */
const writesDown = (id: string): readonly string[] => appendLine(`C:\\${INSTALLED}`, id);

const firmware = (): Promise<Uint8Array> =>
  makeSetup([
    ...writesDown(ITEM.firmware),
    '@{GetParameters} $0',
    '@{GetOptions} $0 "/STEP=" $1',
    // Not in the registry: Wine writes that to the disk when it ends, and this one is killed.
    ...appendLine(`C:\\${FIRMWARE}`, 'step $1'),
    '@{If} $1 == 1',
    "Exec 'shutdown /r /t 0'",
    'SetErrorLevel 1641',
    '@{EndIf}',
  ]);

const restarting = (): Promise<Uint8Array> =>
  makeSetup([
    ...writesDown(ITEM.restarting),
    `@{IfNot} @{FileExists} "C:\\${RESTARTING}"`,
    ...appendLine(`C:\\${RESTARTING}`, 'once'),
    // Windows would go down now.
    'Sleep 60000',
    'SetErrorLevel 99',
    '@{Else}',
    'WriteRegStr HKLM "SOFTWARE\\Sample\\Restarting" "State" "done"',
    '@{EndIf}',
  ]);

const suite = (): Promise<Uint8Array> =>
  makeSetup([
    ...writesDown(ITEM.suite),
    'ReadRegStr $0 HKLM "SOFTWARE\\Sample\\Runtime" "Version"',
    '@{If} $0 == ""',
    'SetErrorLevel 2',
    'Quit',
    '@{EndIf}',
    'SetOutPath "$PROGRAMFILES64\\Suite"',
    'FileOpen $9 "$PROGRAMFILES64\\Suite\\suite.txt" w',
    'FileWrite $9 "with runtime $0"',
    'FileClose $9',
    'WriteRegStr HKLM "SOFTWARE\\Sample\\Suite" "Version" "2.10"',
    'WriteRegDWORD HKLM "SOFTWARE\\Sample\\Suite" "Build" 2048',
    'SetErrorLevel 3010',
  ]);

const hanging = (): Promise<Uint8Array> =>
  makeSetup([
    ...writesDown(ITEM.hanging),
    '@{IfNot} @{FileExists} "C:\\hanging.txt"',
    ...appendLine('C:\\hanging.txt', 'asked'),
    `Exec 'cmd /c ping -n 12 127.0.0.1 >nul & echo late>C:\\${LATE}'`,
    // In session 0 nobody would see a window. Without a screen Wine shows none and takes it for answered, so that the wait is played.
    'Sleep 600000',
    '@{EndIf}',
    // Runs on for some seconds in the item's folder, as programs do that a setup starts at its end.
    "Exec 'ping -n 9 127.0.0.1'",
    'WriteRegStr HKLM "SOFTWARE\\Sample\\Hanging" "Version" "1"',
  ]);

const IS_THERE = [
  '@echo off',
  'reg query HKLM\\SOFTWARE\\Sample\\Hanging /v Version >nul 2>nul && echo yes',
  'exit /b 0',
  '',
].join('\r\n');
