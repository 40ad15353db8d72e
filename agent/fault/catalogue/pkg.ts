// PKG: A package or application did not install.
import type { CatalogueEntry } from '../entry.ts';

export const PKG = {
  'PKG-01': {
    title: 'Installer failed',
    meaning: 'The installer ended with a code that is not among its success codes.',
    safe: 'Items installed before it stay; the run can be continued.',
    next: 'Read the installer log named; correct the item and run `prestage continue`.',
  },
  'PKG-02': {
    title: 'Installer timed out',
    meaning: 'The installer did not end within its time and was stopped.',
    safe: 'Items installed before it stay.',
    next: 'Read the installer log named; check for a window that waits for an answer.',
  },
  'PKG-03': {
    title: 'Installer not started',
    meaning: 'The command could not be started.',
    safe: 'Nothing of the item was run.',
    next: 'Correct the command of the item shown.',
  },
  'PKG-04': {
    title: 'Not detected after installing',
    meaning: 'The installer reported success, but the detection rule does not find the application.',
    safe: 'Items installed before it stay.',
    next: 'Correct the detection rule or the installer of the item shown.',
  },
  'PKG-05': {
    title: 'Command failed',
    meaning:
      'A command or script ended with a code that is not among its success codes, or told something unusable.',
    safe: 'What it has done by then stays; none of its variables were taken.',
    next: 'Read the log named; correct the command of the task sequence or of the media.',
  },
  'PKG-06': {
    title: 'Installer restarts this computer again and again',
    meaning:
      'The installer was started three times, and each time the computer or the agent went down before it had ended.',
    safe: 'Items installed before it stay. It is not started again by itself.',
    next: 'Read the installer log named; give the command its switch against restarts (msiexec: /norestart) and run `prestage continue`.',
  },
} as const satisfies Readonly<Record<string, CatalogueEntry>>;
