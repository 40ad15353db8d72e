// What the reader of heads takes, what it leaves to the library, and what nobody could read.
import { describe, expect, it } from 'vitest';
import { parseHead } from '../../agent/distribution/http/direct/answer-head.ts';

const OK = 'HTTP/1.1 200 OK';
const HINTS = 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n';
/** As long as a head may be. */
const LONGEST = 16 * 1024;

const headOf = (...lines: readonly string[]): string => `${lines.join('\r\n')}\r\n\r\n`;
const parse = (text: string) => parseHead(Buffer.from(text, 'latin1'));
const padded = (length: number): string => {
  const around = headOf(OK, 'content-length: 3', 'x-long: ');
  return headOf(OK, 'content-length: 3', `x-long: ${'a'.repeat(length - around.length)}`);
};

const plain = { status: 200, bodyBytes: 3 };
const taken: readonly (readonly [title: string, text: string, expected: object])[] = [
  ['a length', headOf(OK, 'Content-Length: 3'), { ...plain, headers: { 'content-length': '3' } }],
  ['a length of nothing', headOf(OK, 'content-length: 0'), { ...plain, bodyBytes: 0 }],
  ['no space behind the colon', headOf(OK, 'content-length:3'), plain],
  ['spaces around the value', headOf(OK, 'content-length: \t3 \t'), plain],
  ['a value with spaces in it', headOf(OK, 'content-length: 3', 'server: a b'), plain],
  ['an empty value', headOf(OK, 'content-length: 3', 'etag:'), { ...plain, headers: { etag: '' } }],
  [
    'letters of Latin 1',
    headOf(OK, 'content-length: 3', 'etag: "é"'),
    { ...plain, headers: { etag: '"é"' } },
  ],
  ['a field that comes twice', headOf(OK, 'content-length: 3', 'a: 1', 'A: 2'), { headers: { a: '1, 2' } }],
  ['no reason phrase', headOf('HTTP/1.1 206', 'content-length: 3'), { ...plain, status: 206 }],
  ['an empty reason phrase', headOf('HTTP/1.1 200 ', 'content-length: 3'), plain],
  ['early hints before it', `${HINTS}${HINTS}${headOf(OK, 'content-length: 3')}`, plain],
  [
    'a status without bytes, chunked',
    headOf('HTTP/1.1 404 No', 'transfer-encoding: chunked'),
    { status: 404 },
  ],
  ['a status without bytes, and no field', headOf('HTTP/1.1 503 Busy'), { status: 503 }],
  ['a redirect', headOf('HTTP/1.1 302 There', 'Location: /f'), { status: 302, headers: { location: '/f' } }],
  ['as many bytes as a head may have', padded(LONGEST), plain],
];

describe('a plain head is taken', () => {
  it.each(taken)('%s', (_title, text, expected) => {
    expect(parse(text)).toMatchObject({ ...expected, headBytes: text.length });
    expect(parse(`${text}abc`)).toMatchObject({ ...expected, headBytes: text.length });
  });

  it.each(taken)('byte by byte, and not before the last: %s', (_title, text) => {
    const bytes = Buffer.from(text, 'latin1');
    for (let came = 0; came < bytes.length; came += came < 1000 ? 1 : 500)
      expect(parseHead(bytes.subarray(0, came)), `${came} bytes`).toBeUndefined();
    expect(parseHead(bytes.subarray(0, -1))).toBeUndefined();
  });

  it('from the middle of a larger piece of memory', () => {
    const text = headOf(OK, 'content-length: 3');
    const memory = Buffer.from(`before${text}behind`, 'latin1');
    const view = new Uint8Array(memory.buffer, memory.byteOffset + 6, text.length);
    expect(parseHead(view)).toMatchObject({ ...plain, headBytes: text.length });
  });

  it('names that every object has are only names', () => {
    const head = parse(headOf(OK, 'content-length: 3', '__proto__: a', 'constructor: b'));
    expect(head).toMatchObject({ ...plain, headers: { constructor: 'b' } });
    const bare = parse(headOf('HTTP/1.1 404 No'));
    expect(Object.keys(typeof bare === 'object' ? bare.headers : { none: '' })).toEqual([]);
  });

  it.each([
    [404, 3],
    [302, 3],
    [503, 3],
    [304, undefined],
    [204, undefined],
  ])('with status %i and a length of 3 the body has %j bytes', (status, bodyBytes) => {
    const head = parse(headOf(`HTTP/1.1 ${status} Words`, 'content-length: 3'));
    expect(head).toMatchObject({ status, bodyBytes });
  });

  it.each(['3, 3', '-3', 'three'])('with another status a length of %s is none', length => {
    expect(parse(headOf('HTTP/1.1 404 No', `content-length: ${length}`))).toMatchObject({
      bodyBytes: undefined,
    });
  });

  it('with another status a body of nothing is one whose end is known, unless it comes in chunks', () => {
    const lines = ['HTTP/1.1 404 No', 'content-length: 0'];
    expect(parse(headOf(...lines))).toMatchObject({ status: 404, bodyBytes: 0 });
    const both = parse(headOf(...lines, 'transfer-encoding: chunked'));
    expect(typeof both === 'object' ? both.bodyBytes : undefined).toBeUndefined();
  });
});

describe('how long a connection may be kept is read', () => {
  it.each([
    ['nothing', [], undefined],
    ['connection: close', ['connection: close'], 0],
    ['Connection: Close', ['Connection: Close'], 0],
    ['close among others', ['connection: te, close'], 0],
    ['close, and a time', ['connection: close', 'keep-alive: timeout=5'], 0],
    ['connection: keep-alive', ['connection: keep-alive'], undefined],
    ['timeout=5', ['connection: keep-alive', 'keep-alive: timeout=5'], 5000],
    ['timeout=5 and max', ['Keep-Alive: timeout=5, max=100'], 5000],
    ['timeout=0', ['keep-alive: timeout=0'], 0],
    ['a time that is no number', ['keep-alive: timeout=soon'], undefined],
  ] as const)('%s', (_title, lines, keepMs) => {
    const head = parse(headOf(OK, 'content-length: 3', ...lines));
    expect(typeof head === 'object' ? head.keepMs : 'no head').toBe(keepMs);
  });
});

describe('what is not plain is left to the library', () => {
  it.each([
    ['another version', headOf('HTTP/1.0 200 OK', 'content-length: 3')],
    ['a switch of protocols', headOf('HTTP/1.1 101 Switching Protocols', 'upgrade: x')],
    ['a switch of protocols behind early hints', `${HINTS}${headOf('HTTP/1.1 101 Switching')}`],
    ['a status beyond all classes', headOf('HTTP/1.1 600 Odd', 'content-length: 3')],
    ['chunks', headOf(OK, 'transfer-encoding: chunked')],
    ['neither length nor chunks', headOf(OK, 'connection: close')],
    ['a value on two lines', headOf(OK, 'content-length: 3', 'x-long: a', ' b')],
    ['a folded line first', headOf(OK, ' x: a', 'content-length: 3')],
    ['a control character in a value', headOf(OK, 'content-length: 3', 'etag: "\x01"')],
    ['a zero byte in a value', headOf(OK, 'content-length: 3', 'etag: "\0"')],
    ['a lone line feed in a value', headOf(OK, 'content-length: 3', 'x: a\ncontent-length: 5')],
    ['a lone carriage return in a value', headOf(OK, 'content-length: 3', 'x: a\rb')],
    ['a space before the colon', headOf(OK, 'content-length : 3')],
    ['a line without a colon', headOf(OK, 'content-length: 3', 'words')],
    ['a field without a name', headOf(OK, 'content-length: 3', ': a')],
  ])('%s', (_title, text) => {
    expect(parse(text)).toBe('unusual');
  });
});

describe('what nobody could read is no HTTP', () => {
  it.each([
    ['words', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['one wrong letter', 'HTTQ'],
    ['small letters', 'http/1.1 200 OK'],
    ['a byte before it', ` ${headOf(OK, 'content-length: 3')}`],
    ['words behind early hints', `${HINTS}words`],
    ['words with an empty line', headOf('words')],
    ['a record of TLS', '\x15\x03\x01\0\x02\x02\x16'],
    ['a length and chunks', headOf(OK, 'content-length: 3', 'transfer-encoding: chunked')],
    ['two lengths', headOf(OK, 'content-length: 3', 'content-length: 5')],
    ['the same length twice', headOf(OK, 'content-length: 3', 'content-length: 3')],
    ['the same length twice in one field', headOf(OK, 'content-length: 3, 3')],
    ['a length with a sign', headOf(OK, 'content-length: +3')],
    ['a length in hexadecimal', headOf(OK, 'content-length: 0x3')],
    ['no number as length', headOf(OK, 'content-length:')],
    ['a length of sixteen digits', headOf(OK, `content-length: 1${'0'.repeat(15)}`)],
    ['one byte more than a head may have', padded(LONGEST + 1)],
    ['a head that does not end', `${OK}\r\nx-long: ${'a'.repeat(LONGEST)}`],
    ['early hints without end', HINTS.repeat(1000)],
  ])('%s', (_title, text) => {
    expect(parse(text)).toBe('no HTTP');
  });
});

it.each([
  ['followed by what no value may hold', `${' '.repeat(15_000)}\x01`, 'unusual'],
  ['between two words', `a${' '.repeat(15_000)}b`, { status: 200 }],
])('thousands of blanks %s are read as quickly as others', (_title, value, expected) => {
  const text = headOf(OK, `x: ${value}`, 'content-length: 3');
  // A hundred times: what takes the square of a length would take minutes, and the test's time-out ends it.
  const read = Array.from({ length: 100 }, () => parse(text)).at(-1);
  if (typeof expected === 'string') expect(read).toBe(expected);
  else expect(read).toMatchObject(expected);
});
