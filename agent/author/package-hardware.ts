// The hardware of a driver package as policy carries it: as its author wrote it, with the device IDs of its INF files where that is asked for.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { HARDWARE_DEVICES_MAX, type Hardware } from '../content/hardware.ts';
import { Fault } from '../fault/fault.ts';
import type { Observe } from '../progress/event.ts';
import { infDevices } from './inf-devices.ts';
import type { SiteContent } from './read-site.ts';
import { requireUnchanged, type SourceFile } from './source-tree.ts';

/** The largest INF files, of graphics drivers, have some 4 MB. */
const INF_MAX_BYTES = 16 * 1024 * 1024;

/** Vendors' disks bring it along; it is no driver's. */
const AUTORUN = 'autorun.inf';

/**
 * An INF file that cannot be understood is told as a warning and offers nothing.
 * Faults: USAGE-02 when the INF files name no device ID or more than policy takes, USAGE-08, USAGE-13.
 */
export async function packageHardware(
  { id, hardware }: Pick<SiteContent, 'id' | 'hardware'>,
  files: readonly SourceFile[],
  observe: Observe,
): Promise<Hardware | undefined> {
  if (hardware === undefined) return undefined;
  const { devices, ...names } = hardware;
  if (devices === undefined) return names;
  if (devices !== 'inf') return { ...names, devices: [...new Set(devices)].sort() };
  const infs = files.filter(isInf);
  const ids = new Set<string>();
  for (const file of infs) {
    const { ids: found, warning } = await devicesOf(file);
    if (warning !== undefined)
      observe({
        kind: 'note',
        level: 'warning',
        component: 'publish',
        text: `${id}: ${file.path} ${warning}.`,
      });
    for (const each of found) ids.add(each);
  }
  if (ids.size === 0 || ids.size > HARDWARE_DEVICES_MAX) {
    const expected = `1 to ${HARDWARE_DEVICES_MAX} device IDs in its INF files`;
    throw new Fault('USAGE-02', id, {
      issues: [`${id} hardware.devices: expected ${expected}, found ${ids.size} in ${infs.length} of them`],
    });
  }
  return { ...names, devices: [...ids].sort() };
}

function isInf({ path: name }: SourceFile): boolean {
  const file = path.posix.basename(name).toLowerCase();
  return file.endsWith('.inf') && file !== AUTORUN;
}

async function devicesOf(file: SourceFile): Promise<ReturnType<typeof infDevices>> {
  if (file.size > INF_MAX_BYTES)
    return { ids: [], warning: `is larger than an INF file can be (${file.size} bytes)` };
  let bytes: Buffer;
  try {
    bytes = await readFile(file.absolute);
  } catch (cause) {
    throw new Fault('USAGE-08', file.absolute, {}, { cause });
  }
  requireUnchanged(file);
  return infDevices(bytes);
}
