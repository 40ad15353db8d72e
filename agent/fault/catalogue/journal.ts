// JOURNAL: What happened before cannot be read or does not fit.
import type { CatalogueEntry } from '../entry.ts';

export const JOURNAL = {
  'JOURNAL-01': {
    title: 'Journal damaged',
    meaning:
      'A record in the middle of the journal does not match its own checksum; only a torn end is normal.',
    safe: 'No step was run.',
    next: 'Run `prestage report`, then `prestage deploy --fresh`.',
  },
  'JOURNAL-02': {
    title: 'Journal of another run',
    meaning: 'The journal belongs to another media or another plan.',
    safe: 'No step was run.',
    next: 'Run `prestage report`, then `prestage deploy --fresh`.',
  },
  'JOURNAL-03': {
    title: 'Nothing to continue',
    meaning: 'There is no deployment here that was handed over.',
    safe: 'No step was run.',
    next: 'Run `prestage deploy` from the boot image first.',
  },
  'JOURNAL-04': {
    title: 'Nothing to report',
    meaning:
      'None of the volumes holds the journal of a deployment, or a whole report that a finished one left below Windows\\Logs\\Prestage.',
    safe: 'Nothing was changed.',
    next: 'Run `prestage deploy` first; of a rehearsal, name its disk with `--disk`.',
  },
} as const satisfies Readonly<Record<string, CatalogueEntry>>;
