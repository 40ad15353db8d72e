// The one error class of Prestage: a catalogued code, the thing it is about, what was expected and found, and its cause.
import { type CatalogueEntry, catalogue, type FaultCode } from './catalogue.ts';

/** Facts of one failure, printable as they are: `expected`, `found`, native numbers, paths, a URL without credentials. */
export type Detail = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/**
 * Something went wrong in a way the catalogue knows. Throw it where the fact is known, in one line; the catalogue owns the words.
 * `subject` names the one thing concerned (a file, an ID, a URL); `cause` is kept whole, never flattened into text.
 */
export class Fault extends Error {
  readonly code: FaultCode;
  readonly subject: string;
  readonly detail: Detail;

  constructor(code: FaultCode, subject: string, detail: Detail = {}, options: { cause?: unknown } = {}) {
    super(`${code} ${catalogue[code].title}: ${subject}`, options);
    this.name = 'Fault';
    this.code = code;
    this.subject = subject;
    this.detail = detail;
  }

  /** The catalogue's entry: what it means, what is safe, what to do next. */
  get entry(): CatalogueEntry {
    return catalogue[this.code];
  }
}

/** Whatever was thrown, as a Fault; anything that is not one already becomes BUG-01 with its stack kept as the cause. */
export function asFault(thrown: unknown): Fault {
  if (thrown instanceof Fault) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new Fault('BUG-01', message, {}, { cause: thrown });
}

/** The plain-data form of a fault: journal, NDJSON log, report and `--json`. Causes nest as text, outermost first. */
export interface FaultRecord {
  readonly code: FaultCode;
  readonly title: string;
  readonly subject: string;
  readonly detail: Detail;
  readonly causes: readonly string[];
}

/** @returns the record of `fault`, its causes as one line each (at most eight). */
export function faultRecord(fault: Fault): FaultRecord {
  const causes: string[] = [];
  for (let next: unknown = fault.cause; next !== undefined && causes.length < 8; ) {
    causes.push(next instanceof Error ? `${next.name}: ${next.message}` : String(next));
    next = next instanceof Error ? next.cause : undefined;
  }
  return { code: fault.code, title: fault.entry.title, subject: fault.subject, detail: fault.detail, causes };
}
