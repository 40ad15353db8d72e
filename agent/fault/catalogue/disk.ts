// DISK: A disk or volume is full, failing or not what it should be.
import type { CatalogueEntry } from '../entry.ts';

export const DISK = {
  'DISK-01': {
    title: 'Disk full',
    meaning: 'There is not enough free space on the volume shown.',
    safe: 'Everything verified so far is kept.',
    next: 'Free the space shown or use a larger disk, then repeat the run. Where the OS image lacks room beside the cache only a larger volume helps: all else on it is wiped anyway.',
  },
  'DISK-02': {
    title: 'Disk cannot be written',
    meaning: 'A write was refused: read-only, no permission or in use.',
    safe: 'Everything verified so far is kept.',
    next: 'Check write protection and permissions of the path shown.',
  },
  'DISK-03': {
    title: 'Disk error',
    meaning: 'The disk reported an error on reading or writing.',
    safe: 'What was verified before it is kept.',
    next: 'Replace the disk named.',
  },
  'DISK-04': {
    title: 'Volume not found',
    meaning: 'A volume that the deployment needs is not there.',
    safe: 'Nothing was changed.',
    next: 'Check the disk layout; prestage the disk again if it was changed.',
  },
  'DISK-05': {
    title: 'Disk tool failed',
    meaning: 'A tool of the system ended with an error code.',
    safe: 'The step is repeated at the next run.',
    next: 'Read the tool’s words in the detail; then repeat the run.',
  },
  'DISK-06': {
    title: 'Rights could not be set',
    meaning: 'The file or folder shown could not be left to SYSTEM and Administrators alone.',
    safe: 'Nothing is armed: before the hand-over the machine still starts the media, afterwards nothing of the cache is run.',
    next: 'Read the tool’s words in the detail. Only NTFS and ReFS keep rights: format the volume anew where it has another file system.',
  },
  'DISK-07': {
    title: 'A file is larger than FAT32 can hold',
    meaning:
      'The EFI system partition, or the volume of the cache, is FAT32, whose files are smaller than 4 GiB; the file shown is not.',
    safe: 'Nothing of it was written or fetched.',
    next: 'Of a boot image: make it smaller (fewer drivers, or exported with maximum compression), publish it and make the media again. Of a cache: format its volume with NTFS and lay the media onto it again.',
  },
  'DISK-08': {
    title: 'Size not usable',
    meaning:
      'The disk image, or a partition in it, would be too small for the media, or has a size that no disk has.',
    safe: 'Nothing was written; an existing image is as it was.',
    next: 'Give the size that is shown as needed, or leave --size and --esp-size out.',
  },
  'DISK-09': {
    title: 'Disk image cannot be read',
    meaning:
      'The file shown is no raw disk image, or what its partition table or a file system on it says cannot be so.',
    safe: 'Nothing was changed: the image is only read.',
    next: 'Convert another kind of image with the command in the detail; write a damaged one again with `prestage media apply FILE.wim`.',
  },
} as const satisfies Readonly<Record<string, CatalogueEntry>>;
