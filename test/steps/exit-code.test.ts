import { expect, test } from 'vitest';
import { goodCodes, meaningOf } from '../../agent/steps/exit-code.ts';

const dell = { restartCodes: { soft: [2], hard: [6] } };

test.each([
  [0, {}, 'success'],
  [1707, {}, 'success'],
  [3010, {}, 'soft-restart'],
  [1641, {}, 'hard-restart'],
  [1618, {}, 'busy'],
  [1603, {}, 'failed'],
  [1, {}, 'failed'],
  [42, { successCodes: [42] }, 'success'],
  [0, { successCodes: [42] }, 'success'],
  // The wish for a restart is not taken for plain success, and the author's code wins over the agreed meaning.
  [3010, { successCodes: [0, 3010] }, 'soft-restart'],
  [1618, { successCodes: [1618] }, 'success'],
  [2, dell, 'soft-restart'],
  [6, dell, 'hard-restart'],
  [1, dell, 'failed'],
  [1641, { restartCodes: { soft: [1641] } }, 'hard-restart'],
  // Windows reports what a program returns as -1 without its sign.
  [0xffff_ffff, { successCodes: [-1] }, 'success'],
  [0x8007_0642, { successCodes: [-2147023294] }, 'success'],
] as const)('exit code %i with %j means %s', (code, authored, meaning) => {
  expect(meaningOf(code, authored)).toBe(meaning);
});

test('a failure names every code that would have been good', () => {
  expect(goodCodes({})).toBe('0, 1707, 3010, 1641');
  expect(goodCodes({ successCodes: [0, 5], ...dell })).toBe('0, 1707, 3010, 1641, 5, 2, 6');
});
