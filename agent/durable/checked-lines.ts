// Lines that prove themselves: each begins with a checksum of its own JSON, so that an appended file tells a torn end (normal after a
// power cut) from damage in its middle (never normal).
import { createHash } from 'node:crypto';

const CHECKSUM_DIGITS = 16;
const NEWLINE = 0x0a;
const SPACE = 0x20;

/** What reading found. Offsets in bytes. */
export interface CheckedLines {
  /** The values of all valid lines, in order. */
  readonly values: readonly unknown[];
  /** Where the last valid line ends. Whoever appends next must cut the file there first, or the torn rest becomes damage in the middle. */
  readonly validBytes: number;
  /** What follows the last valid line: nothing, the zeros that a file system may show after a cut, or a torn line. */
  readonly tail: 'none' | 'zeros' | 'torn';
  /** The number, from 1, of the first line that does not match its checksum although a valid one follows it. */
  readonly damagedLine?: number;
}

/** @returns `<first 16 hex digits of the SHA-256 of the JSON> <JSON>\n`, in UTF-8. */
export function encodeLine(value: unknown): Uint8Array {
  const json = JSON.stringify(value);
  return Buffer.from(`${checksumOf(Buffer.from(json))} ${json}\n`);
}

/** Reads a file of checked lines whole. Never throws: what is wrong is told, and the caller decides. */
export function decodeLines(bytes: Uint8Array): CheckedLines {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values: unknown[] = [];
  let validBytes = 0;
  let firstBad: number | undefined;
  let damagedLine: number | undefined;
  for (let offset = 0, line = 1; offset < buffer.length; line += 1) {
    const end = buffer.indexOf(NEWLINE, offset);
    // A line without its newline was never acknowledged, whole or not.
    const read = end < 0 ? undefined : readLine(buffer.subarray(offset, end));
    if (read === undefined) {
      firstBad ??= line;
    } else {
      damagedLine ??= firstBad;
      values.push(read.value);
      validBytes = end + 1;
    }
    offset = end < 0 ? buffer.length : end + 1;
  }
  return {
    values,
    validBytes,
    tail: tailOf(buffer.subarray(validBytes)),
    ...(damagedLine === undefined ? {} : { damagedLine }),
  };
}

function readLine(line: Buffer): { readonly value: unknown } | undefined {
  if (line.length < CHECKSUM_DIGITS + 2 || line[CHECKSUM_DIGITS] !== SPACE) return undefined;
  const json = line.subarray(CHECKSUM_DIGITS + 1);
  if (line.toString('latin1', 0, CHECKSUM_DIGITS) !== checksumOf(json)) return undefined;
  try {
    return { value: JSON.parse(json.toString('utf8')) };
  } catch {
    // The checksum holds for something that is no JSON: not a line of ours, and told like any other bad line.
    return undefined;
  }
}

function tailOf(rest: Uint8Array): CheckedLines['tail'] {
  if (rest.length === 0) return 'none';
  return rest.every(byte => byte === 0) ? 'zeros' : 'torn';
}

function checksumOf(json: Uint8Array): string {
  return createHash('sha256').update(json).digest('hex').slice(0, CHECKSUM_DIGITS);
}
