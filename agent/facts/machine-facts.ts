// What a machine says of itself, as plain data.

/** Text fields are as the firmware gives them, trimmed; undefined when absent or a vendor's filler ("To be filled by O.E.M."). */
export interface MachineFacts {
  readonly manufacturer?: string;
  readonly model?: string;
  readonly sku?: string;
  readonly serial?: string;
  readonly assetTag?: string;
  /** SMBIOS UUID, upper case with dashes, byte order as Windows shows it. */
  readonly uuid?: string;
  readonly macAddresses: readonly string[];
  readonly ipAddresses: readonly string[];
  /** Default gateways of the adapters that are up; undefined where nothing tells them. */
  readonly gateways?: readonly string[];
  /** Site of Active Directory that the machine is in; undefined in Windows PE and outside of domains. */
  readonly adSite?: string;
  readonly memoryBytes: number;
  readonly firmware: 'uefi' | 'bios' | 'unknown';
  readonly architecture: 'x64' | 'arm64' | 'x86';
  readonly system: 'winpe' | 'full-os' | 'rehearsal';
  readonly power: 'mains' | 'battery' | 'unknown';
  /** Hardware IDs and compatible IDs of every device, upper case, sorted, each once; undefined where nothing tells them. */
  readonly devices?: readonly string[];
}

/** The facts for journal, report and status: devices are counted, not listed. */
export interface BriefFacts extends Omit<MachineFacts, 'devices'> {
  readonly deviceCount?: number;
}

/** Hundreds of device IDs choose driver packages and tell nobody anything afterwards. */
export function briefFacts({ devices, ...facts }: MachineFacts): BriefFacts {
  return { ...facts, ...(devices === undefined ? {} : { deviceCount: devices.length }) };
}

/** More than any machine has; what lists more is not believed. */
const DEVICES_MAX = 20_000;

/** @returns device IDs as `MachineFacts` has them, whatever order and case they come in. */
export function deviceFacts(ids: Iterable<string>): readonly string[] {
  const distinct = new Set<string>();
  for (const id of ids) {
    if (distinct.size >= DEVICES_MAX) break;
    distinct.add(id.trim().toUpperCase());
  }
  distinct.delete('');
  return [...distinct].sort();
}
