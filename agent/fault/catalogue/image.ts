// IMAGE: An image could not be read or applied.
import type { CatalogueEntry } from '../entry.ts';

export const IMAGE = {
  'IMAGE-01': {
    title: 'Not a WIM',
    meaning: 'The file does not begin as a WIM file does.',
    safe: 'Nothing was applied.',
    next: 'Check which file was given as the image.',
  },
  'IMAGE-02': {
    title: 'WIM damaged',
    meaning: 'The WIM is cut short or contradicts itself.',
    safe: 'Nothing was applied.',
    next: 'Repair it from the distribution point or capture it again.',
  },
  'IMAGE-03': {
    title: 'No such image in the WIM',
    meaning: 'The image index is beyond the number of images in the file.',
    safe: 'Nothing was applied.',
    next: 'Correct the index in the task sequence or the media.',
  },
  'IMAGE-04': {
    title: 'Image not applied',
    meaning: 'Applying the image failed; the native error number is in the detail.',
    safe: 'The media, its cache and boot files are untouched; the target is cleared and applied again at the next run.',
    next: 'Repeat the run once; then send the log with the native number.',
  },
  'IMAGE-05': {
    title: 'Imaging library missing',
    meaning: 'Neither wimgapi.dll nor libwim could be loaded.',
    safe: 'Nothing was changed.',
    next: 'Use a boot image that has wimgapi.dll, or put libwim beside the executable.',
  },
  'IMAGE-06': {
    title: 'Boot files not written',
    meaning: 'The new Windows could not be made bootable.',
    safe: 'The media stays bootable.',
    next: 'Read the tool’s words in the detail; repeat the run.',
  },
  'IMAGE-07': {
    title: 'Drivers not added',
    meaning: 'Adding a driver package to the applied image failed.',
    safe: 'The applied image stays; the step is repeated at the next run.',
    next: 'Read the DISM log named; correct or leave out the driver package shown.',
  },
  'IMAGE-08': {
    title: 'Image not captured',
    meaning: 'Writing the WIM failed; the native error number is in the detail.',
    safe: 'No half-written WIM is left under its final name.',
    next: 'Check free space and the native number, then repeat.',
  },
  'IMAGE-09': {
    title: 'Architectures differ',
    meaning: 'The boot image, the OS image and the agent are not made for the same processor.',
    safe: 'Nothing was made.',
    next: 'Choose a boot image, an OS image and an agent of one architecture. Windows PE starts no programs of another.',
  },
  'IMAGE-10': {
    title: 'Boot files for this firmware missing',
    meaning: 'The boot image of the media does not have the files that firmware of this kind starts.',
    safe: 'Nothing was written.',
    next: 'Add the files named to the source folder of the boot image, publish it under a new version and make the media again; or choose the other --firmware.',
  },
} as const satisfies Readonly<Record<string, CatalogueEntry>>;
