// A reader of DER, as far as certificates need it. Nothing is believed of a length before it is held against the bytes that there are.
// Source: ITU-T X.690 (encoding), RFC 5280 (names and times in certificates).

/** One element: its tag byte, what it holds, and its own bytes with tag and length. */
export interface DerElement {
  readonly tag: number;
  readonly content: Uint8Array;
  readonly whole: Uint8Array;
}

export const TAG = {
  integer: 0x02,
  oid: 0x06,
  sequence: 0x30,
  set: 0x31,
  /** `[0]`, constructed. */
  context0: 0xa0,
} as const;

/** A certificate has dozens of elements in one, never thousands. */
const MOST_CHILDREN = 4096;

/** @returns the first element of `bytes`; what follows it is left alone. @throws RangeError where there is none. */
export function readDer(bytes: Uint8Array): DerElement {
  const tag = byteAt(bytes, 0);
  // Tags of several bytes do not occur in certificates.
  if ((tag & 0x1f) === 0x1f) throw new RangeError(`DER: tag ${tag.toString(16)} has several bytes`);
  const first = byteAt(bytes, 1);
  let start = 2;
  let length = first;
  if (first >= 0x80) {
    const lengthBytes = first & 0x7f;
    // 0x80 alone is the indefinite length of BER, which DER does not have.
    if (lengthBytes === 0 || lengthBytes > 4) throw new RangeError(`DER: length of ${lengthBytes} bytes`);
    length = 0;
    for (let at = 0; at < lengthBytes; at += 1) length = length * 256 + byteAt(bytes, 2 + at);
    start += lengthBytes;
  }
  const end = start + length;
  if (end > bytes.length) throw new RangeError(`DER: ${end} bytes are announced, ${bytes.length} are there`);
  return { tag, content: bytes.subarray(start, end), whole: bytes.subarray(0, end) };
}

/** @returns the elements inside one. @throws RangeError where they are not sound. */
export function childrenOf({ content }: Pick<DerElement, 'content'>): readonly DerElement[] {
  const children: DerElement[] = [];
  for (let rest = content; rest.length > 0; ) {
    if (children.length >= MOST_CHILDREN) throw new RangeError(`DER: more than ${MOST_CHILDREN} elements`);
    const child = readDer(rest);
    children.push(child);
    rest = rest.subarray(child.whole.length);
  }
  return children;
}

/** @returns the element at `index`, which has this tag. @throws RangeError where it is absent or another. */
export function childAt(children: readonly DerElement[], index: number, tag: number): DerElement {
  const child = children[index];
  if (child?.tag !== tag)
    throw new RangeError(`DER: tag ${tag.toString(16)} expected, ${child?.tag.toString(16)} found`);
  return child;
}

/** Object identifiers as their content bytes, in hex: comparing needs no decoding. */
export function oidHex({ content }: DerElement): string {
  return Buffer.from(content).toString('hex');
}

/** `2.5.4.3` */
const COMMON_NAME = '550403';

const BMP_STRING = 0x1e;

const LONGEST_NAME = 256;

/** @returns the last common name of an X.501 name, fit to be shown; undefined where it has none. */
export function commonNameOf(name: DerElement): string | undefined {
  let found: string | undefined;
  for (const set of childrenOf(name)) {
    for (const attribute of childrenOf(set)) {
      const [type, value] = childrenOf(attribute);
      if (type === undefined || value === undefined || oidHex(type) !== COMMON_NAME) continue;
      const bytes = Buffer.from(value.content);
      found = value.tag === BMP_STRING ? bytes.swap16().toString('utf16le') : bytes.toString('utf8');
    }
  }
  return found?.slice(0, LONGEST_NAME).replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '?');
}

/** @returns a UTCTime or GeneralizedTime as ISO text with whole seconds, as RFC 5280 4.1.2.5 has them; undefined for anything else. */
export function timeOf({ tag, content }: DerElement): string | undefined {
  const text = Buffer.from(content).toString('latin1');
  const parts = /^(\d{2}|\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/.exec(text);
  if (parts === null || (tag === 0x17) !== (text.length === 13)) return undefined;
  const [, shortYear = '', month, day, hour, minute, second] = parts;
  const year = tag === 0x17 ? (Number(shortYear) < 50 ? `20${shortYear}` : `19${shortYear}`) : shortYear;
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}Z`;
  return Number.isNaN(Date.parse(iso)) ? undefined : iso;
}

function byteAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw new RangeError(`DER: ends after ${bytes.length} bytes`);
  return byte;
}
