// Every fault that Prestage knows, by code: what it means, what is safe, what to do next. Codes are never renumbered or reused.
import { CONTENT } from './catalogue/content.ts';
import { DISK } from './catalogue/disk.ts';
import { IMAGE } from './catalogue/image.ts';
import { JOURNAL } from './catalogue/journal.ts';
import { MACHINE } from './catalogue/machine.ts';
import { NET } from './catalogue/net.ts';
import { BUG, STOP } from './catalogue/other.ts';
import { PKG } from './catalogue/pkg.ts';
import { STATE } from './catalogue/state.ts';
import { TRUST } from './catalogue/trust.ts';
import { USAGE } from './catalogue/usage.ts';

export type { CatalogueEntry } from './entry.ts';

export const catalogue = {
  ...USAGE,
  ...TRUST,
  ...CONTENT,
  ...NET,
  ...DISK,
  ...IMAGE,
  ...PKG,
  ...MACHINE,
  ...STATE,
  ...JOURNAL,
  ...STOP,
  ...BUG,
} as const;

/** A code of the catalogue, such as `NET-04`. */
export type FaultCode = keyof typeof catalogue;

/** What comes before the dash of a code. It alone decides the exit code. */
export type FaultFamily =
  | 'USAGE'
  | 'TRUST'
  | 'CONTENT'
  | 'NET'
  | 'DISK'
  | 'IMAGE'
  | 'PKG'
  | 'MACHINE'
  | 'STATE'
  | 'JOURNAL'
  | 'STOP'
  | 'BUG';

const EXIT_CODES: Readonly<Record<FaultFamily, number>> = {
  USAGE: 2,
  STOP: 4,
  TRUST: 20,
  CONTENT: 30,
  NET: 40,
  DISK: 50,
  IMAGE: 60,
  PKG: 70,
  MACHINE: 65,
  STATE: 75,
  JOURNAL: 80,
  BUG: 99,
};

/** Exit code of a run that continues after a restart. */
export const EXIT_CONTINUES_AFTER_RESTART = 3;

/** @returns the process exit code of a fault; always below 126, so that every platform reports the same number. */
export function exitCodeOf(code: FaultCode): number {
  return EXIT_CODES[code.slice(0, code.indexOf('-')) as FaultFamily];
}

/** @returns true when `text` is a code of the catalogue (upper case, as printed). */
export function isFaultCode(text: string): text is FaultCode {
  return Object.hasOwn(catalogue, text);
}
