import { describe, expect, test } from 'vitest';
import { afterKey, type MenuState, menuLines, showMenu } from '../../agent/console/menu.ts';
import { keysOf } from '../../agent/console/process-terminal.ts';
import { faultOf } from '../support/sources.ts';
import { typing } from '../support/typing.ts';

const ENTRIES = [
  { id: 'CON20001', text: 'Windows 11' },
  {
    id: 'CON20002',
    text: 'Windows 11 for the laboratory, with everything that the laboratory has ever asked for',
  },
  { id: 'CON20003', text: 'Kiosk' },
];
const REQUEST = { title: 'Media depot: several.', entries: ENTRIES, timeoutSeconds: 300 };
const START: MenuState = { at: 0, typed: '', secondsLeft: 300 };

describe('a key', () => {
  test.each([
    ['2', { at: 1, typed: '2' }],
    ['\x1b[B', { at: 1, typed: '' }],
    ['\x1b[A', { at: 2, typed: '' }],
    ['9', { at: 0, typed: '' }],
    ['x', { at: 0, typed: '' }],
  ])('%j moves the mark as it should, and ends the countdown', (key, expected) => {
    expect(afterKey(START, key, 3)).toEqual({ state: { ...expected, secondsLeft: 0 } });
  });

  test('numbers of two digits are typed one after the other', () => {
    const one = afterKey(START, '1', 12);
    expect(one).toMatchObject({ state: { at: 0, typed: '1' } });
    expect(afterKey({ ...START, at: 0, typed: '1' }, '2', 12)).toMatchObject({
      state: { at: 11, typed: '12' },
    });
    expect(afterKey({ ...START, at: 1, typed: '2' }, '5', 12)).toMatchObject({
      state: { at: 4, typed: '5' },
    });
  });

  test('keys that come together are told apart', () => {
    expect(keysOf('1\x1b[B\r')).toEqual(['1', '\x1b[B', '\r']);
    expect(keysOf('\x1b')).toEqual(['\x1b']);
  });
});

test('the menu fits 80 columns and marks what Enter takes', () => {
  expect(menuLines(REQUEST, { ...START, at: 1 }, 80)).toEqual([
    'Media depot: several.',
    '',
    '  1  CON20001  Windows 11',
    '> 2  CON20002  Windows 11 for the laboratory, with everything that the labor...',
    '  3  CON20003  Kiosk',
    '',
    'Number or arrows, then Enter. Esc leaves, nothing is changed.',
    'Number 1 starts by itself in 300 s.',
  ]);
});

describe('showing it', () => {
  const never = new AbortController().signal;

  test('Enter takes what is marked', async () => {
    expect(await showMenu(typing('\x1b[B', '\r'), REQUEST, never)).toBe('CON20002');
    expect(await showMenu(typing('3', '\r'), REQUEST, never)).toBe('CON20003');
  });

  test('time takes the first one', async () => {
    expect(await showMenu(typing(), { ...REQUEST, timeoutSeconds: 1 }, never)).toBe('CON20001');
  });

  test('whoever pressed a key is waited for', async () => {
    const leaving = new AbortController();
    const shown = showMenu(typing('2'), { ...REQUEST, timeoutSeconds: 1 }, leaving.signal);
    setTimeout(() => leaving.abort(), 1_500);
    expect(await faultOf(shown)).toMatchObject({ code: 'STOP-01' });
  });

  test.each([['\x1b'], ['\x03']])('%j leaves', async key => {
    expect(await faultOf(showMenu(typing(key), REQUEST, never))).toMatchObject({ code: 'STOP-01' });
  });
});
