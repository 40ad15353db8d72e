// Disks of a rehearsal: as `machine.json` lists them, each with the volume folders that it says lie on it. One disk with all volumes when it lists none.
import path from 'node:path';
import type { DurableFiles } from '../../durable/durable-files.ts';
import { Fault } from '../../fault/fault.ts';
import type { Disk, Volume } from '../machine.ts';
import type { MachineFile } from './machine-file.ts';

type DescribedDisks = MachineFile['disks'];

/** @returns the disks; volumes that no disk names lie on the first, but those that partitioning made. */
export function folderDisks(volumes: readonly Volume[], described: DescribedDisks): readonly Disk[] {
  if (described === undefined)
    return [
      {
        number: 0,
        sizeBytes: Math.max(...volumes.map(volume => volume.sizeBytes)),
        online: true,
        volumes: volumes.map(volume => volume.id),
      },
    ];
  return described.map(({ number, sizeBytes, bus, online = true }) => ({
    number,
    sizeBytes,
    online,
    ...(bus === undefined ? {} : { bus }),
    volumes: volumes.filter(volume => diskOf(volume.label, described) === number).map(volume => volume.id),
  }));
}

/** Name of the one volume that a disk has once it was partitioned. */
function madeVolume(disk: number): string {
  return `disk${disk}`;
}

function diskOf(name: string, described: NonNullable<DescribedDisks>): number | undefined {
  const named = described.find(disk => disk.volumes?.includes(name));
  const made = described.find(disk => madeVolume(disk.number) === name);
  return (named ?? made ?? described[0])?.number;
}

/**
 * Takes the disk's volume folders away and makes one anew. Durable when it resolves; repeated after a cut, it starts over.
 * @returns the name of the volume. @throws Fault DISK-05 for a disk that `machine.json` does not list.
 */
export async function partitionFolderDisk(
  folder: string,
  number: number,
  {
    volumes,
    described,
    durable,
  }: {
    readonly volumes: readonly Volume[];
    readonly described: DescribedDisks;
    readonly durable: DurableFiles;
  },
): Promise<string> {
  if (described?.some(disk => disk.number === number) !== true)
    throw new Fault('DISK-05', `disk ${number}`, {
      expected: 'a disk that machine.json lists',
      found: described?.map(disk => `disk ${disk.number}`) ?? 'no list of disks',
    });
  for (const volume of volumes) {
    if (diskOf(volume.label, described) === number) await durable.remove(volume.root);
  }
  const name = madeVolume(number);
  await durable.makeFolder(path.join(folder, 'volumes', name));
  return name;
}
