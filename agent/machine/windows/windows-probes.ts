// Probes of Windows: DLLs, tools and their exit codes, firmware, memory, volumes, console. Each is harmless and changes nothing.
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { decodeRawSmbios } from '../../facts/smbios.ts';
import { MEMORYSTATUSEX } from '../../native/kernel32.ts';
import { openMemory } from '../../native/memory.ts';
import { nativeText, wide } from '../../native/text.ts';
import { fileVersion } from '../file-version.ts';
import type { Probe } from '../probe.ts';
import { runChild } from './child-program.ts';
import { consoleDecoder } from './console-text.ts';
import { readDevices } from './devices.ts';
import { modulePath } from './module-path.ts';
import { openRegistry } from './registry.ts';
import type { SystemLibraries } from './system-library.ts';
import { flushVolume, partitionType } from './volume-device.ts';
import { firmwareType, rawSmbios, systemKind } from './windows-facts.ts';
import { listVolumes } from './windows-volumes.ts';

export interface WindowsProbeWorld {
  readonly system: SystemLibraries;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** DLLs that node.exe, the native add-on and the agent load. */
const DLLS = [
  'kernel32',
  'ntdll',
  'advapi32',
  'user32',
  'shell32',
  'ole32',
  'crypt32',
  'ws2_32',
  'iphlpapi',
  'userenv',
  'winmm',
  'dbghelp',
  'bcryptprimitives',
  'powrprof',
];

/** A harmless call of each tool: help, or a listing. Which exit code it gives is part of what is to be learned. */
const TOOLS: readonly {
  readonly name: string;
  readonly commandLine: readonly string[];
  readonly neededIn: 'winpe' | 'full-os' | 'both' | 'none';
}[] = [
  { name: 'cmd', commandLine: ['/d', '/c', 'exit 3'], neededIn: 'both' },
  { name: 'bcdedit', commandLine: ['/?'], neededIn: 'both' },
  { name: 'bcdboot', commandLine: ['/?'], neededIn: 'winpe' },
  { name: 'dism', commandLine: ['/English', '/?'], neededIn: 'winpe' },
  { name: 'wpeutil', commandLine: ['UpdateBootInfo'], neededIn: 'winpe' },
  { name: 'diskpart', commandLine: ['/?'], neededIn: 'none' },
  { name: 'reagentc', commandLine: ['/?'], neededIn: 'none' },
  { name: 'mountvol', commandLine: ['/?'], neededIn: 'none' },
  { name: 'taskkill', commandLine: ['/?'], neededIn: 'none' },
  { name: 'reg', commandLine: ['/?'], neededIn: 'none' },
  { name: 'ping', commandLine: ['-n', '1', '127.0.0.1'], neededIn: 'full-os' },
  { name: 'schtasks', commandLine: ['/?'], neededIn: 'full-os' },
  { name: 'icacls', commandLine: ['/?'], neededIn: 'full-os' },
  { name: 'shutdown', commandLine: ['/?'], neededIn: 'full-os' },
];

const TOOL_TIMEOUT_MS = 30_000;

/** @returns the probes in the order in which a person reads about a machine. */
export function windowsProbes({ system, environment }: WindowsProbeWorld): readonly Probe[] {
  const { kernel32 } = system;
  const registry = openRegistry(system);
  const kind = systemKind(registry);
  const systemFolder = path.win32.join(environment.SystemRoot ?? 'C:\\Windows', 'System32');
  return [
    {
      name: 'windows',
      fact: 'Which Windows this is.',
      mandatory: true,
      async run() {
        const named = (name: string) =>
          registry.value('HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion', name);
        const codePages = {
          oem: kernel32.call('GetOEMCP').value,
          console: kernel32.call('GetConsoleOutputCP').value,
        };
        const wine = wineVersion(system);
        return {
          holds: true,
          seen: {
            system: kind,
            product: named('ProductName'),
            build: named('CurrentBuild'),
            revision: named('UBR'),
            winpe: registry.value('HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\WinPE', 'Version'),
            codePages,
            ...(wine === undefined ? {} : { wine }),
          },
        };
      },
    },
    {
      name: 'system dlls',
      fact: 'Every DLL that node.exe, the native add-on and the agent load is here.',
      mandatory: true,
      async run() {
        const loaded = DLLS.map(
          name => [name, kernel32.call('LoadLibraryW', wide(`${name}.dll`)).value !== 0n] as const,
        );
        const missing = loaded.filter(([, found]) => !found).map(([name]) => name);
        return {
          holds: missing.length === 0,
          seen: { missing, dbghelp: modulePath(kernel32, 'dbghelp.dll') },
        };
      },
    },
    {
      name: 'firmware',
      fact: 'The firmware type is known, and SMBIOS can be read.',
      mandatory: kind === 'winpe',
      async run() {
        const raw = rawSmbios(system);
        const type = firmwareType(system);
        const inRegistry = registry.value('HKLM\\SYSTEM\\CurrentControlSet\\Control', 'PEFirmwareType');
        const { manufacturer, model } = decodeRawSmbios(raw);
        return {
          holds: type !== 'unknown' && raw.length > 8,
          seen: { type, peFirmwareType: inRegistry, smbiosBytes: raw.length, manufacturer, model },
        };
      },
    },
    {
      name: 'devices',
      fact: 'Plug and Play tells the IDs of the devices, by which driver packages are chosen.',
      mandatory: false,
      async run() {
        const devices = readDevices(registry) ?? [];
        return { holds: devices.length > 0, seen: { count: devices.length, devices: devices.slice(0, 20) } };
      },
    },
    {
      name: 'memory',
      fact: 'There is memory to run in.',
      mandatory: true,
      async run() {
        const status = Buffer.alloc(MEMORYSTATUSEX.lengthBytes);
        status.writeUInt32LE(MEMORYSTATUSEX.lengthBytes);
        const told = kernel32.call('GlobalMemoryStatusEx', status).value !== 0;
        const [totalBytes, availableBytes] = [
          MEMORYSTATUSEX.totalPhysical,
          MEMORYSTATUSEX.availablePhysical,
        ].map(at => Number(status.readBigUInt64LE(at)));
        return { holds: told && availableBytes! > 200 * 1024 * 1024, seen: { totalBytes, availableBytes } };
      },
    },
    {
      name: 'volumes',
      fact: 'Volumes have GUIDs, and their partitions tell their type.',
      mandatory: true,
      async run() {
        const ramDrive = kind === 'winpe' ? path.win32.parse(systemFolder).root : undefined;
        const volumes = listVolumes(system, ramDrive).map(volume => ({
          ...volume,
          partition: partitionType(system, volume),
        }));
        return {
          holds: volumes.length > 0 && volumes.every(volume => volume.id.includes('{')),
          seen: { volumes },
        };
      },
    },
    {
      name: 'flush a volume',
      fact: 'Fixed volumes can be flushed as a whole.',
      mandatory: kind === 'winpe',
      async run() {
        const fixed = listVolumes(system, undefined).filter(volume => volume.kind === 'fixed');
        const outcomes: Record<string, unknown> = {};
        for (const volume of fixed) {
          outcomes[volume.root] = await flushVolume(system, volume).then(
            () => 'flushed',
            (thrown: { detail?: unknown }) => thrown.detail ?? String(thrown),
          );
        }
        return { holds: Object.values(outcomes).includes('flushed'), seen: { outcomes } };
      },
    },
    {
      name: 'console colours',
      fact: 'The console understands escape sequences.',
      mandatory: false,
      run: async () => consoleMode(system),
    },
    {
      name: 'setup state',
      fact: 'What Windows Setup says of itself, and whether a SetupComplete.cmd lies ready.',
      mandatory: false,
      async run() {
        const values = Object.fromEntries(
          ['SystemSetupInProgress', 'OOBEInProgress', 'SetupType', 'CmdLine'].map(name => [
            name,
            registry.value('HKLM\\SYSTEM\\Setup', name),
          ]),
        );
        const script = path.win32.join(
          environment.SystemRoot ?? 'C:\\Windows',
          'Setup',
          'Scripts',
          'SetupComplete.cmd',
        );
        const setupComplete = await stat(script).then(
          () => true,
          () => false,
        );
        return { holds: true, seen: { ...values, setupComplete } };
      },
    },
    ...TOOLS.map(tool => toolProbe(tool, system, environment, systemFolder, kind)),
  ];
}

function toolProbe(
  { name, commandLine, neededIn }: (typeof TOOLS)[number],
  system: SystemLibraries,
  environment: WindowsProbeWorld['environment'],
  systemFolder: string,
  kind: 'winpe' | 'full-os',
): Probe {
  return {
    name: `tool ${name}`,
    fact: `${name}.exe is here, starts and ends.`,
    mandatory: neededIn === 'both' || neededIn === kind,
    async run() {
      // Which tools change the machine in which system is known: UpdateBootInfo writes a registry value of WinPE's, in memory.
      if (name === 'wpeutil' && kind !== 'winpe')
        return { holds: false, seen: { found: 'not tried outside of WinPE' } };
      const program = path.win32.join(systemFolder, `${name}.exe`);
      const taskkill = path.win32.join(systemFolder, 'taskkill.exe');
      const end = await runChild({ program, commandLine, environment, timeoutMs: TOOL_TIMEOUT_MS, taskkill });
      if (end.how === 'not-started') return { holds: false, seen: { error: String(end.cause) } };
      const output = consoleDecoder(system)(end.stdout).trim().slice(0, 200);
      return {
        holds: end.how === 'exited',
        seen: {
          ...(end.how === 'exited' ? { exitCode: end.exitCode } : { how: end.how }),
          version: await fileVersion(program),
          output,
        },
      };
    },
  };
}

/** STD_OUTPUT_HANDLE, ENABLE_VIRTUAL_TERMINAL_PROCESSING: processenv.h, consoleapi.h. The mode is put back. */
function consoleMode({ kernel32 }: SystemLibraries) {
  const handle = kernel32.call('GetStdHandle', 0xffff_fff5).value;
  const mode = Buffer.alloc(4);
  const isConsole = kernel32.call('GetConsoleMode', handle, mode).value !== 0;
  if (!isConsole) return { holds: false, seen: { isConsole } };
  const before = mode.readUInt32LE();
  const taken = kernel32.call('SetConsoleMode', handle, before | 0x4);
  kernel32.call('SetConsoleMode', handle, before);
  return {
    holds: taken.value !== 0,
    seen: { isConsole, mode: before, error: taken.value === 0 ? taken.lastError : undefined },
  };
}

/** Wine says so itself; a report made there proves nothing about Windows. */
function wineVersion({ kernel32, native }: SystemLibraries): string | undefined {
  const ntdll = kernel32.call('GetModuleHandleW', wide('ntdll.dll')).value;
  if (kernel32.call('GetProcAddress', ntdll, nativeText('wine_get_version', 'utf8')).value === 0n)
    return undefined;
  const { library } = native.openLibrary(['ntdll.dll'], {
    wine_get_version: { returns: 'address', takes: [] },
  });
  return library && openMemory(native, 'windows')?.utf8(library.call('wine_get_version').value);
}
