// The physical disks of a Windows machine: diskpart lists them, also those without a volume, or whose volumes are locked; the storage drivers tell
// the rest, and diskpart again what they do not.
import type { Disk, Volume } from '../machine.ts';
import { decodeDiskDetail } from './disk-detail.ts';
import { decodeDisks } from './disk-list.ts';
import { runDiskpart } from './diskpart.ts';
import { describeDisk, diskNumberOf } from './storage-device.ts';
import type { SystemLibraries } from './system-library.ts';
import type { WindowsTools } from './windows-tool.ts';

export interface DisksWorld {
  readonly tools: WindowsTools;
  readonly libraries: SystemLibraries;
  readonly volumes: () => Promise<readonly Volume[]>;
}

/**
 * Nothing is changed. Sizes are to the byte where the driver tells, else as diskpart cuts them down.
 * @throws Fault DISK-05 with diskpart's words when it fails, is absent or hangs.
 */
export async function listDisks(world: DisksWorld): Promise<readonly Disk[]> {
  const listed = decodeDisks(await runDiskpart(world.tools, ['list disk']));
  const volumes = await world.volumes();
  const placed = volumes.map(volume => ({ volume, number: diskNumberOf(world.libraries, volume) }));
  const disks: Disk[] = [];
  for (const disk of listed) {
    const driver = describeDisk(world.libraries, disk.number);
    const here = placed.filter(({ number }) => number === disk.number).map(({ volume }) => volume.id);
    const words = driver.bus === undefined ? await detailOf(disk, world) : { letters: [] };
    const lettered = volumes.filter(({ root }) => words.letters.some(letter => root === `${letter}:\\`));
    const bus = driver.bus ?? words.bus;
    disks.push({
      ...disk,
      // An empty card reader has a driver that remembers the last card.
      ...(driver.sizeBytes === undefined || disk.sizeBytes === 0 ? {} : { sizeBytes: driver.sizeBytes }),
      ...(bus === undefined ? {} : { bus }),
      volumes: [...new Set([...here, ...lettered.map(({ id }) => id)])],
    });
  }
  return disks;
}

async function detailOf({ number, sizeBytes }: Disk, { tools }: DisksWorld) {
  if (sizeBytes === 0) return { letters: [] };
  return decodeDiskDetail(await runDiskpart(tools, [`select disk ${number}`, 'detail disk']));
}
