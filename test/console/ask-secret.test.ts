import { describe, expect, test } from 'vitest';
import { afterKeys, askSecret } from '../../agent/console/ask-secret.ts';
import { faultOf } from '../support/sources.ts';
import { typing } from '../support/typing.ts';

const never = new AbortController().signal;

describe('what is typed', () => {
  test.each([
    ['letter by letter', ['o', 'n', 'e', '\r'], 'one'],
    ['pasted with its end of line', ['correct horse\r\nand more'], 'correct horse'],
    ['pasted between the marks of a terminal', ['\x1b[200~', 'abc', '\x1b[201~', '\n'], 'abc'],
    ['corrected', ['a', 'b', '\x7f', 'c', '\b', 'd', '\r'], 'ad'],
    ['begun anew', ['a', 'b', '\x15', 'c', '\r'], 'c'],
    ['with letters of several code points', ['pä', 'e\u0301', '\x7f', '漢', '👩‍🚒', '\x7f', '\r'], 'pä漢'],
    ['with arrows', ['a', '\x1b[A', '\x1bOP', 'b', '\r'], 'ab'],
    ['taken back altogether', ['a', '\x7f', '\x7f', '\r'], ''],
  ])('%s is what counts, and nothing of it is shown', async (_, keys, expected) => {
    const terminal = typing(...keys);
    expect(await askSecret(terminal, 'Password', never)).toBe(expected);
    expect(terminal.written).toEqual(['Password: ', '\n']);
  });

  test.each([['\x1b'], ['\x03'], ['abc\x03']])('%j leaves', async key => {
    expect(await faultOf(askSecret(typing('a', key), 'Password', never))).toMatchObject({ code: 'STOP-01' });
  });

  test('an abort leaves', async () => {
    const leaving = new AbortController();
    const asked = askSecret(typing('a'), 'Password', leaving.signal);
    setTimeout(() => leaving.abort(), 20);
    expect(await faultOf(asked)).toMatchObject({ code: 'STOP-01' });
  });

  test('other control characters do nothing', () => {
    expect(afterKeys('ab', '\x01\t\x04')).toEqual({ typed: 'ab' });
  });
});
