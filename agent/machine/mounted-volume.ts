// What the system knows of a folder at which a volume is mounted: file system, size, and the disk it lies on. Reads only.
import path from 'node:path';
import { asFault } from '../fault/fault.ts';
import { linuxVolume } from './linux-volume.ts';
import type { Disk, Machine, Volume } from './machine.ts';

export interface MountedVolume {
  readonly root: string;
  readonly label?: string;
  /** `FAT32`, `NTFS` as Windows writes them; other file systems by the system's own name. */
  readonly fileSystem: string;
  readonly kind: Volume['kind'];
  readonly sizeBytes: number;
  /** Whether the running system lies on it. */
  readonly ownSystem: boolean;
  /** Undefined where the system does not tell. */
  readonly disk?: { readonly name: string; readonly sizeBytes: number; readonly bus?: string };
}

/** @returns undefined for a folder at which no volume is mounted: a rehearsal. */
export type LookAtVolume = (folder: string) => Promise<MountedVolume | undefined>;

export interface VolumeLookParts {
  readonly openMachine: () => Promise<Machine>;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Asks Windows where this is one, else the list of mounts of Linux. */
export function openVolumeLook({ openMachine, environment }: VolumeLookParts): LookAtVolume {
  return async folder => {
    let machine: Machine;
    try {
      machine = await openMachine();
    } catch (thrown) {
      if (asFault(thrown).code !== 'USAGE-10') throw thrown;
      return linuxVolume(folder);
    }
    try {
      return await windowsVolume(machine, folder, environment.SystemDrive);
    } finally {
      await machine.close();
    }
  };
}

async function windowsVolume(
  machine: Pick<Machine, 'volumes' | 'disks'>,
  folder: string,
  systemDrive: string | undefined,
): Promise<MountedVolume | undefined> {
  const root = rootText(folder);
  const volume = (await machine.volumes()).find(each => rootText(each.root) === root);
  if (volume === undefined) return undefined;
  const disk = (await disksOrNone(machine)).find(({ volumes }) => volumes?.includes(volume.id));
  return {
    root: volume.root,
    label: volume.label,
    fileSystem: volume.fileSystem,
    kind: volume.kind,
    sizeBytes: volume.sizeBytes,
    ownSystem: systemDrive !== undefined && root === rootText(`${systemDrive}\\`),
    ...(disk !== undefined && {
      disk: {
        name: `disk ${disk.number}`,
        sizeBytes: disk.sizeBytes,
        ...(disk.bus !== undefined && { bus: disk.bus }),
      },
    }),
  };
}

async function disksOrNone(machine: Pick<Machine, 'disks'>): Promise<readonly Disk[]> {
  try {
    return await machine.disks();
  } catch (thrown) {
    // diskpart needs an administrator: without one the disk is not named, and applying is refused by Windows itself.
    if (asFault(thrown).code === 'DISK-05') return [];
    throw thrown;
  }
}

/** `S:`, `s:\` and `S:/` are one root. */
function rootText(place: string): string {
  return path.win32
    .resolve(/^[A-Za-z]:$/.test(place) ? `${place}\\` : place)
    .replace(/\\+$/, '')
    .toLowerCase();
}
