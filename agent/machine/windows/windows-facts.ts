// What Windows and the firmware say of this machine, as data.
import { networkInterfaces } from 'node:os';
import type { MachineFacts } from '../../facts/machine-facts.ts';
import { decodeRawSmbios } from '../../facts/smbios.ts';
import { FIRMWARE, MEMORYSTATUSEX, RSMB, SYSTEM_POWER_STATUS } from '../../native/kernel32.ts';
import { readDevices } from './devices.ts';
import { readGateways } from './gateways.ts';
import type { Registry } from './registry.ts';
import type { SystemLibraries } from './system-library.ts';

/** Present in WinPE only. Source: Microsoft, "WinPE: Identify drive letters with a script" and Setup's own use of it. */
const MINI_NT = 'HKLM\\SYSTEM\\CurrentControlSet\\Control\\MiniNT';

/**
 * Where the Net Logon service keeps the machine's site: what an administrator set by policy or by hand goes before what it has found out.
 * Source: Microsoft, "Specify site name" (Netlogon.admx) and its pages on SiteName and DynamicSiteName. Windows PE has no such service.
 */
const AD_SITE_PLACES = [
  ['HKLM\\SOFTWARE\\Policies\\Microsoft\\Netlogon\\Parameters', 'SiteName'],
  ['HKLM\\SYSTEM\\CurrentControlSet\\Services\\Netlogon\\Parameters', 'SiteName'],
  ['HKLM\\SYSTEM\\CurrentControlSet\\Services\\Netlogon\\Parameters', 'DynamicSiteName'],
] as const;

/** Every fact is asked anew: a cable may have been plugged in since. A source that fails leaves its facts undefined or unknown. */
export function readWindowsFacts(
  system: SystemLibraries,
  registry: Registry,
  architecture: MachineFacts['architecture'],
): MachineFacts {
  const addresses = Object.values(networkInterfaces()).flatMap(each => each ?? []);
  const outside = addresses.filter(each => !each.internal);
  const devices = readDevices(registry);
  const adSite = readAdSite(registry);
  return {
    ...decodeRawSmbios(rawSmbios(system)),
    macAddresses: distinct(
      outside.map(each => each.mac.toUpperCase()).filter(mac => mac !== '00:00:00:00:00:00'),
    ),
    ipAddresses: distinct(outside.map(each => each.address)),
    gateways: readGateways(system.native),
    ...(adSite === undefined ? {} : { adSite }),
    memoryBytes: memoryBytes(system),
    firmware: firmwareType(system),
    architecture,
    system: systemKind(registry),
    power: power(system),
    ...(devices === undefined ? {} : { devices }),
  };
}

/** WinPE or a full OS; only ever one of these two on Windows. */
export function systemKind(registry: Registry): 'winpe' | 'full-os' {
  return registry.hasKey(MINI_NT, 'bits64') ? 'winpe' : 'full-os';
}

function readAdSite(registry: Registry): string | undefined {
  const names = AD_SITE_PLACES.map(([key, name]) => registry.value(key, name, 'bits64')?.trim());
  return names.find(name => name !== undefined && name !== '');
}

/** GetFirmwareType (Windows 8 and WinPE 4 onwards). */
export function firmwareType({ kernel32 }: SystemLibraries): MachineFacts['firmware'] {
  const type = Buffer.alloc(4);
  if (kernel32.call('GetFirmwareType', type).value === 0) return 'unknown';
  switch (type.readUInt32LE()) {
    case FIRMWARE.uefi:
      return 'uefi';
    case FIRMWARE.bios:
      return 'bios';
    default:
      return 'unknown';
  }
}

/** The raw SMBIOS data, empty when the firmware has none. The first call tells the size. */
export function rawSmbios({ kernel32 }: SystemLibraries): Buffer {
  const { value: lengthBytes } = kernel32.call('GetSystemFirmwareTable', RSMB, 0, Buffer.alloc(1), 0);
  const table = Buffer.alloc(lengthBytes);
  if (lengthBytes === 0) return table;
  const { value: filled } = kernel32.call('GetSystemFirmwareTable', RSMB, 0, table, lengthBytes);
  return table.subarray(0, Math.min(filled, lengthBytes));
}

function memoryBytes({ kernel32 }: SystemLibraries): number {
  const status = Buffer.alloc(MEMORYSTATUSEX.lengthBytes);
  status.writeUInt32LE(MEMORYSTATUSEX.lengthBytes);
  if (kernel32.call('GlobalMemoryStatusEx', status).value === 0) return 0;
  return Number(status.readBigUInt64LE(MEMORYSTATUSEX.totalPhysical));
}

function power({ kernel32 }: SystemLibraries): MachineFacts['power'] {
  const status = Buffer.alloc(SYSTEM_POWER_STATUS.lengthBytes);
  if (kernel32.call('GetSystemPowerStatus', status).value === 0) return 'unknown';
  const line = status.readUInt8(SYSTEM_POWER_STATUS.acLineStatus);
  return line === 1 ? 'mains' : line === 0 ? 'battery' : 'unknown';
}

function distinct(values: readonly string[]): readonly string[] {
  return [...new Set(values)].sort();
}
