// Makes a disk ready for Windows with diskpart: EFI system partition, Microsoft reserved partition and one NTFS volume for all the rest.
import { setTimeout as pause } from 'node:timers/promises';
import { Fault } from '../../fault/fault.ts';
import type { Volume } from '../machine.ts';
import { runDiskpart } from './diskpart.ts';
import { type DisksWorld, listDisks } from './disks.ts';

/** Label of the volume that Windows is applied to. */
const LABEL = 'Windows';

/** Formatting is quick, but an old disk with damage takes its time at every write. */
const TIMEOUT_MS = 15 * 60 * 1000;

/** The mount manager may announce a new volume some moments after diskpart has ended. */
const WAITS_MS: readonly number[] = [0, 500, 1000, 2000, 4000];

/**
 * The layout of Microsoft's "UEFI/GPT-based hard drive partitions", with a 260 MB EFI system partition, which disks with 4096-byte sectors need.
 * There is no recovery partition: Windows keeps WinRE on its own volume then. Disks that the SAN policy of Windows PE leaves offline, or write
 * protected by an attribute, are opened first.
 */
export function partitionScript(disk: number): readonly string[] {
  return [
    `select disk ${disk}`,
    'online disk noerr',
    'attributes disk clear readonly noerr',
    'clean',
    'convert gpt',
    'create partition efi size=260',
    'format quick fs=fat32 label=System',
    'create partition msr size=16',
    'create partition primary',
    `format quick fs=ntfs label=${LABEL}`,
    'assign',
  ];
}

/**
 * Everything on the disk is lost. The caller has made sure that it is the one.
 * @returns the new volume, with a drive letter. @throws Fault DISK-05 with diskpart's words, or when the volume does not appear.
 */
export async function partitionDisk(number: number, world: DisksWorld): Promise<Volume> {
  const subject = `disk ${number}`;
  if (!Number.isInteger(number) || number < 0)
    throw new Fault('DISK-05', subject, { expected: 'the number of a disk' });
  await runDiskpart(world.tools, partitionScript(number), { subject, timeoutMs: TIMEOUT_MS });
  let seen: readonly Volume[] = [];
  for (const waitMs of WAITS_MS) {
    await pause(waitMs);
    const disk = (await listDisks(world)).find(each => each.number === number);
    seen = (await world.volumes()).filter(volume => disk?.volumes?.includes(volume.id));
    const made = seen.filter(
      ({ label, fileSystem }) => label === LABEL && fileSystem.toUpperCase() === 'NTFS',
    );
    if (made.length === 1) return made[0]!;
  }
  throw new Fault('DISK-05', subject, {
    expected: `one NTFS volume ${LABEL}`,
    found: seen.map(({ root, label, fileSystem }) => `${root} ${label} ${fileSystem}`),
  });
}
