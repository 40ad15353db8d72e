// Probes of disks: what the storage drivers tell, and the rights with which a volume is cleared. Each is harmless and changes nothing on a disk.
import type { Probe } from '../probe.ts';
import { BACKUP_PRIVILEGES, enablePrivileges } from './privileges.ts';
import { openRegistry } from './registry.ts';
import { describeDisk, diskNumberOf } from './storage-device.ts';
import type { SystemLibraries } from './system-library.ts';
import { systemKind } from './windows-facts.ts';
import { listVolumes } from './windows-volumes.ts';

/** Numbers of disks are asked up to here: they are given without gaps but for sticks that were taken out. */
const DISKS_ASKED = 16;

/** @returns the probes. */
export function diskProbes(system: SystemLibraries): readonly Probe[] {
  return [
    {
      name: 'disks and volumes',
      fact: 'The storage drivers tell the bus and size of each disk and on which one each fixed volume lies.',
      mandatory: false,
      async run() {
        const disks = Array.from({ length: DISKS_ASKED }, (_, number) => ({
          number,
          ...describeDisk(system, number),
        })).filter(disk => disk.bus !== undefined || disk.sizeBytes !== undefined);
        const volumes = listVolumes(system, undefined)
          .filter(({ kind }) => kind === 'fixed')
          .map(volume => ({ root: volume.root, id: volume.id, disk: diskNumberOf(system, volume) }));
        // The RAM disk of Windows PE is a fixed volume on no disk.
        const placed = volumes.filter(({ disk }) => disk !== undefined);
        const holds = placed.length > 0 && disks.length > 0 && disks.every(({ bus }) => bus !== undefined);
        return { holds, seen: { disks, volumes } };
      },
    },
    {
      name: 'backup privileges',
      fact: 'The backup and restore privileges can be switched on, so that files of TrustedInstaller can be removed.',
      mandatory: false,
      async run() {
        const enabled = enablePrivileges(system, BACKUP_PRIVILEGES);
        const holds = enabled.length === BACKUP_PRIVILEGES.length;
        return { holds, seen: { enabled, system: systemKind(openRegistry(system)) } };
      },
    },
  ];
}
