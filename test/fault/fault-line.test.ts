// A fault in one line keeps what tells the person what to do.
import { expect, it } from 'vitest';
import { Fault } from '../../agent/fault/fault.ts';
import { faultLine } from '../../agent/fault/fault-line.ts';

const SUBJECT = 'http://dp/content/x';

it.each([
  [{ status: 401, expected: 'an account' }, '(status 401; expected an account)'],
  [{ native: 'ECONNREFUSED', proxy: 'http://proxy:3128' }, '(proxy http://proxy:3128; ECONNREFUSED)'],
  [{ contentType: 'text/html', lengthBytes: 7 }, '(type text/html)'],
  // A secret in it is found by whoever takes secrets out.
  [{ found: `${'x'.repeat(195)}two  blanks` }, `(found ${'x'.repeat(195)}two  blanks)`],
])('%j', (detail, facts) => {
  expect(faultLine(new Fault('NET-03', SUBJECT, detail))).toBe(`NET-03 Access refused: ${SUBJECT} ${facts}`);
});

it('has no brackets where there is nothing to tell', () => {
  expect(faultLine(new Fault('NET-05', SUBJECT, { stallTimeoutMs: 100 }))).toBe(
    `NET-05 Transfer stalled: ${SUBJECT}`,
  );
});
