// The device IDs of this machine: what Plug and Play wrote down of every device that it found, driver or not. In Windows PE that is since it was started.
import { deviceFacts } from '../../facts/machine-facts.ts';
import type { Registry } from './registry.ts';

/** Below it: enumerator (PCI, USB, ACPI, ...), device, instance. Source: Microsoft, "HKLM\\SYSTEM\\CurrentControlSet\\Enum Registry Tree". */
const ENUM = 'HKLM\\SYSTEM\\CurrentControlSet\\Enum';

const VALUES = ['HardwareID', 'CompatibleIDs'] as const;

/** @returns undefined when the tree cannot be read or is empty, which no machine's is. */
export function readDevices(registry: Pick<Registry, 'subkeys' | 'list'>): readonly string[] | undefined {
  const below = (key: string): readonly string[] => registry.subkeys(key).map(name => `${key}\\${name}`);
  const instances = below(ENUM).flatMap(below).flatMap(below);
  const ids = instances.flatMap(key => VALUES.flatMap(name => registry.list(key, name)));
  return ids.length === 0 ? undefined : deviceFacts(ids);
}
