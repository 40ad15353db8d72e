// Reads the head of an answer (RFC 9112), strictly: whatever is not said in the plainest way is for the library, which knows all of HTTP.
import type { AnswerHead } from '../judge.ts';

/** Node's own limit. */
const MOST_HEAD_BYTES = 16 * 1024;

/** A head and what follows it. */
export interface ParsedHead extends AnswerHead {
  /** With the empty line. */
  readonly headBytes: number;
  /** Of the body that follows; undefined where its end is not known. */
  readonly bodyBytes: number | undefined;
  /** Milliseconds for which the connection may be kept; 0: it ends with this answer. undefined: nothing was said. */
  readonly keepMs?: number;
}

const STATUS_LINE = /^HTTP\/1\.1 ([2-5]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const BODILESS: readonly number[] = [204, 304];
/** RFC 9110 section 15.2; an answer follows it. */
const INTERIM_LINE = /^HTTP\/1\.1 1(?!01)\d\d(?: [\t\x20-\x7e\x80-\xff]*)?$/;
/**
 * RFC 9110 sections 5.6.2 (token) and 5.5; no line folding. The blanks around a value are not this expression's to find: it would try each number of them with each
 * other.
 */
const FIELD_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):([\t\x20-\x7e\x80-\xff]*)$/;

/** `unusual`: HTTP of a kind that this reader leaves to others, told by another version or by a body without a length. `no HTTP`: nothing could read it. */
export type HeadOrNot = ParsedHead | 'unusual' | 'no HTTP' | undefined;

/**
 * @param bytes what has come so far
 * @returns undefined while the head has not come whole
 */
export function parseHead(bytes: Uint8Array): HeadOrNot {
  const text = latin1(bytes.subarray(0, MOST_HEAD_BYTES));
  let begin = 0;
  for (;;) {
    const end = text.indexOf('\r\n\r\n', begin);
    if (end === -1)
      return isHttpSoFar(text.slice(begin)) && text.length < MOST_HEAD_BYTES ? undefined : 'no HTTP';
    const head = readHead(text.slice(begin, end), end + 4);
    if (head !== 'interim') return head;
    begin = end + 4;
  }
}

function readHead(text: string, headBytes: number): HeadOrNot | 'interim' {
  const [statusLine = '', ...lines] = text.split('\r\n');
  if (INTERIM_LINE.test(statusLine)) return 'interim';
  const status = STATUS_LINE.exec(statusLine)?.[1];
  if (status === undefined) return isHttpSoFar(statusLine) ? 'unusual' : 'no HTTP';
  const headers = fieldsOf(lines);
  if (headers === undefined) return 'unusual';
  const head = { status: Number(status), headers, headBytes, ...keptFor(headers) };
  const length = headers['content-length'];
  const coding = headers['transfer-encoding'];
  const isPlain = coding === undefined && length !== undefined && /^\d{1,15}$/.test(length);
  // Nothing but the head of such an answer is looked at; some have no body, whatever length they tell (section 6.3).
  if (head.status !== 200 && head.status !== 206)
    return { ...head, bodyBytes: isPlain && !BODILESS.includes(head.status) ? Number(length) : undefined };
  if (length === undefined) return 'unusual';
  // Two that tell where the body ends, or none that does: RFC 9112 section 6.3 has such an answer refused.
  return isPlain ? { ...head, bodyBytes: Number(length) } : 'no HTTP';
}

/** Names in lower case; a field that comes again is joined to the first, as RFC 9110 section 5.3 allows. */
function fieldsOf(lines: readonly string[]): Record<string, string | undefined> | undefined {
  const headers: Record<string, string | undefined> = Object.create(null);
  for (const line of lines) {
    const [, name, padded] = FIELD_LINE.exec(line) ?? [];
    if (name === undefined || padded === undefined) return undefined;
    // Of what `trim` takes only blank and tab can be in it.
    const value = padded.trim();
    const key = name.toLowerCase();
    const before = headers[key];
    headers[key] = before === undefined ? value : `${before}, ${value}`;
  }
  return headers;
}

function isHttpSoFar(text: string): boolean {
  const begin = 'HTTP/1.';
  return text.startsWith(begin) || begin.startsWith(text);
}

function latin1({ buffer, byteOffset, length }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, length).toString('latin1');
}

function keptFor(headers: AnswerHead['headers']): { readonly keepMs?: number } {
  if (/\bclose\b/i.test(headers.connection ?? '')) return { keepMs: 0 };
  const seconds = /\btimeout=(\d{1,5})\b/i.exec(headers['keep-alive'] ?? '')?.[1];
  return seconds === undefined ? {} : { keepMs: Number(seconds) * 1000 };
}
