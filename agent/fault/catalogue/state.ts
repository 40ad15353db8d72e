// STATE: User state was not captured or not restored.
import type { CatalogueEntry } from '../entry.ts';

export const STATE = {
  'STATE-01': {
    title: 'User state incomplete or damaged',
    meaning:
      'What lies in the store is not what was captured: a file is absent or has other bytes, or its seal was not made with this association’s key.',
    safe: 'Nothing was restored from it, the association stays open, and the old computer still has its files.',
    next: 'Run `prestage capture` on the old computer again; keep that computer until then.',
  },
  'STATE-02': {
    title: 'User state store not usable',
    meaning:
      'The share or folder that holds user state cannot be reached, read or written, or has too little room.',
    safe: 'What was captured before stays in the store, and the computer keeps its files.',
    next: 'Check the network, the share and the rights of the computer’s account on it, then run the same command again.',
  },
  'STATE-03': {
    title: 'Meant for another computer',
    meaning: 'The capture order names another computer by serial number or UUID.',
    safe: 'Nothing was read or changed.',
    next: 'Take the order that was made for this computer; `prestage associate SITE --order ID` makes one.',
  },
  'STATE-04': {
    title: 'User state already taken over',
    meaning: 'The association is closed: a computer has restored this user state, every byte of it verified.',
    safe: 'The store, the files restored and this computer are untouched.',
    next: 'If it shall be done once more, make a new association with `prestage associate SITE`.',
  },
  'STATE-05': {
    title: 'USMT failed',
    meaning:
      'The tool (scanstate or loadstate) is not where it should be, or ended with a code other than 0 and 3.',
    safe: 'The association stays open; an earlier capture in the store stays as it was.',
    next: 'Read the log named; its last lines say what USMT stumbled over. Then run the same command again.',
  },
  'STATE-06': {
    title: 'No user state captured yet',
    meaning: 'The association is open, but its store holds no finished capture.',
    safe: 'Nothing was changed.',
    next: 'Run `prestage capture` on the old computer with its order, then `prestage continue` on this one.',
  },
} as const satisfies Readonly<Record<string, CatalogueEntry>>;
