import { expect, test } from 'vitest';
import { catalogue, exitCodeOf, type FaultCode, isFaultCode } from '../../agent/fault/catalogue.ts';
import { asFault, Fault, faultRecord } from '../../agent/fault/fault.ts';
import { makeRedact, openRedactor } from '../../agent/fault/redact.ts';

test('a fault keeps its cause whole and lists it in its record', () => {
  const cause = new Error('outer', { cause: new Error('inner') });
  const fault = new Fault('NET-04', 'http://dp/content', { status: 503 }, { cause });
  expect(fault.cause).toBe(cause);
  expect(faultRecord(fault)).toEqual({
    code: 'NET-04',
    title: catalogue['NET-04'].title,
    subject: 'http://dp/content',
    detail: { status: 503 },
    causes: ['Error: outer', 'Error: inner'],
  });
});

test('anything that is not a fault becomes BUG-01 and keeps its stack', () => {
  const thrown = new TypeError('x is not a function');
  const fault = asFault(thrown);
  expect(fault.code).toBe('BUG-01');
  expect(fault.cause).toBe(thrown);
  expect(asFault(fault)).toBe(fault);
  expect(asFault('text').subject).toBe('text');
});

test('every code has an exit code below 126 that its family shares, and whole sentences', () => {
  for (const code of Object.keys(catalogue) as FaultCode[]) {
    expect(exitCodeOf(code), code).toBeGreaterThan(1);
    expect(exitCodeOf(code), code).toBeLessThan(126);
    const { meaning, safe, next } = catalogue[code];
    for (const sentence of [meaning, safe, next]) expect(sentence, code).toMatch(/[.!?]$/);
  }
  expect(isFaultCode('NET-04')).toBe(true);
  expect(isFaultCode('toString')).toBe(false);
});

test.each([
  ['http://user:hunter22@dp/x', 'http://********@dp/x'],
  ['password=hunter22;', 'password=********;'],
  ['Authorization: Bearer abc.def', 'Authorization: ********'],
  ['the secret-word4711 is out', 'the ******** is out'],
  ['key ed25519:AAAA', 'key ed25519:AAAA'],
  ['signed by key: 0123456789abcdef', 'signed by key: 0123456789abcdef'],
])('redacts %s', (text, clean) => {
  expect(makeRedact(['secret-word4711'])(text)).toBe(clean);
});

test.each(['password=abcd"x', 'password=C:\\\\dir\\\\', 'token: abcdef\\', 'x password="a\\"b"'])(
  'what is redacted as JSON stays JSON: %s',
  text => {
    const redact = makeRedact();
    expect(JSON.parse(redact(JSON.stringify({ text })))).toMatchObject({ text: expect.any(String) });
  },
);

test('what is learned later is masked from then on, also inside of JSON and as part of a longer secret', () => {
  const { redact, learn } = openRedactor();
  expect(redact('geheim "42"')).toBe('geheim "42"');
  learn(['geheim "42"', 'geheim', 'abc']);
  expect(redact('x geheim "42" geheim abc')).toBe('x ******** ******** abc');
  expect(JSON.parse(redact(JSON.stringify({ a: ['x geheim "42"'], geheim: 1 })))).toEqual({
    a: ['x ********'],
    '********': 1,
  });
  expect(redact(`cmd /c ${JSON.stringify({ a: 'geheim "42"' })}`)).toBe('cmd /c {"a":"********"}');
});

test.each(['12345', 'n1234', 'abc\\', '"a":1', 'true'])('learning %s leaves JSON whole', secret => {
  const { redact, learn } = openRedactor();
  learn([secret]);
  const value = { a: 1, n: 12345, lines: `x\n1234 ${secret} y`, yes: true, end: 'abc"' };
  for (const indent of [undefined, 2]) {
    const text = `${JSON.stringify(value, undefined, indent)}\n`;
    expect(JSON.parse(redact(text))).toEqual({ ...value, lines: 'x\n1234 ******** y' });
    expect(redact(text).split('\n').length).toBe(text.split('\n').length);
  }
});

test.each([
  [{ password: 'two "words" of it' }, { password: '********' }],
  [
    { key: 'ed25519:AAAA', keyId: '0123456789abcdef' },
    { key: 'ed25519:AAAA', keyId: '0123456789abcdef' },
  ],
  [{ key: 'MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=' }, { key: '********' }],
  [{ url: 'http://user:hunter22@dp/x' }, { url: 'http://********@dp/x' }],
])('redacts JSON by its keys: %j', (value, clean) => {
  expect(JSON.parse(makeRedact()(JSON.stringify(value)))).toEqual(clean);
});

test.each([
  ['dashed hex', `${'aa-bb-cc-dd-'.repeat(100_000)} https://user:hunter22@dp/`, /\*{8}@dp\/$/],
  ['a value of megabytes', `key=${'x'.repeat(16_000_000)}`, /^key=\*{8}$/],
  ['backslashes', `password=${'\\'.repeat(1_000_000)}`, /^password=/],
])('a long text of %s is redacted in no time', (_, text, expected) => {
  const began = performance.now();
  expect(makeRedact()(text)).toMatch(expected);
  expect(performance.now() - began).toBeLessThan(2_000);
});
