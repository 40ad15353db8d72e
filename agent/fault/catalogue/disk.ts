// DISK: A disk or volume is full, failing or not what it should be.
import type { CatalogueEntry } from '../entry.ts';

export const DISK = {
  'DISK-01': {
    title: 'Disk full',
    meaning: 'There is not enough free space on the volume shown.',
    safe: 'Everything verified so far is kept.',
    next: 'Free the space shown or use a larger disk, then repeat the run.',
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
    meaning: 'A Windows tool ended with an error code.',
    safe: 'The step is repeated at the next run.',
    next: 'Read the tool’s words in the detail; then repeat the run.',
  },
  'DISK-06': {
    title: 'Rights could not be set',
    meaning: 'The file or folder shown could not be left to SYSTEM and Administrators alone.',
    safe: 'Nothing is armed: before the hand-over the machine still starts the media, afterwards nothing of the cache is run.',
    next: 'Read the tool’s words in the detail. Only NTFS and ReFS keep rights: format the volume anew where it has another file system.',
  },
} as const satisfies Readonly<Record<string, CatalogueEntry>>;
