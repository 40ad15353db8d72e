// The partition of a disk image that firmware reads: FAT32, with the files of the media's first image.
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { Fault } from '../fault/fault.ts';
import { DISK, mtoolsImage, type Workshop } from './disk-image-tools.ts';
import { type DiskLayout, fat32ClusterSectors, SECTOR_BYTES } from './disk-layout.ts';

/** FAT has upper case only. */
const LABEL = 'SYSTEM';

/**
 * mtools keeps letters beyond the basic plane of Unicode as one underscore each, although FAT would hold them.
 * Fault: USAGE-10, which names the first file with one.
 */
export function requireFatNames(files: readonly { readonly path: string }[]): void {
  const found = files.find(file => /[\u{10000}-\u{10FFFF}]/u.test(file.path));
  if (found !== undefined)
    throw new Fault('USAGE-10', found.path, {
      expected: 'letters of the basic plane in names on the EFI system partition',
    });
}

/**
 * Formats the partition inside the workshop's `disk` and copies what lies in the workshop's folder `folder`, with its times.
 * @param copied is told after each entry of that folder. Faults: DISK-05, USAGE-20, STOP-01.
 */
export async function fillEsp(
  { esp }: DiskLayout,
  folder: string,
  workshop: Workshop,
  copied: (name: string) => void,
): Promise<void> {
  const firstSector = esp.startBytes / SECTOR_BYTES;
  await workshop.run(
    'mkfs.vfat',
    ...['-F', 32, '-S', SECTOR_BYTES, '-s', fat32ClusterSectors(esp.lengthBytes), '-n', LABEL],
    ...['-h', firstSector, '--offset', firstSector, DISK, esp.lengthBytes / 1024],
  );
  const names = await readdir(path.join(workshop.folder, folder));
  for (const name of names) {
    // A target with brackets in its name would be a pattern, so whole entries are copied to the root. -Q ends at the first error.
    await workshop.run('mcopy', ...mtoolsImage(esp.startBytes), '-s', '-m', '-Q', `${folder}/${name}`, '::/');
    copied(name);
  }
}
