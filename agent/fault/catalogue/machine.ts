// MACHINE: This computer, as it stands, cannot be deployed: its power, disks, clock or architecture.
import type { CatalogueEntry } from '../entry.ts';

export const MACHINE = {
  'MACHINE-01': {
    title: 'Runs on battery',
    meaning: 'This computer is not connected to mains power, and the disk is about to be changed.',
    safe: 'Nothing was changed. The media and its cache are as they were.',
    next: 'Connect the power adapter and start the computer again: the deployment goes on by itself. The variable PrestageAllowBattery=true allows battery.',
  },
  'MACHINE-02': {
    title: 'No disk for Windows',
    meaning: 'No disk or volume of this computer is what the task sequence wants for Windows.',
    safe: 'No disk was changed.',
    next: 'Compare the disks listed with what the step asks for; correct the step, or prestage the disk as it should be.',
  },
  'MACHINE-03': {
    title: 'Program for another architecture',
    meaning:
      'The program was made for another processor than this system can run. Windows PE runs no 32-bit programs on x64.',
    safe: 'It was not started.',
    next: 'Replace the program shown by one for the architecture expected, or run it in the full OS.',
  },
  'MACHINE-04': {
    title: 'Clock cannot be set',
    meaning: 'Windows refused to set the clock of this machine.',
    safe: 'Nothing was changed.',
    next: 'Set the clock in the firmware, or with `date` and `time`, and start again.',
  },
  'MACHINE-05': {
    title: 'Several disks match',
    meaning: 'More than one disk or volume is what the task sequence wants for Windows, and none is guessed.',
    safe: 'No disk was changed.',
    next: 'Tell them apart by size and bus in the step, or by label; or take the other disk out.',
  },
  'MACHINE-06': {
    title: 'Disk too small',
    meaning: 'The disk or volume for Windows cannot hold the OS image, even when it is empty.',
    safe: 'No disk was changed.',
    next: 'Use a larger disk, or a task sequence with a smaller image.',
  },
} as const satisfies Readonly<Record<string, CatalogueEntry>>;
