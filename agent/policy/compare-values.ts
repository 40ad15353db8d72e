// How a value is compared with text: without regard to case, numbers and versions by their numbers, `*` and `?` as Windows uses them. Pure.
import type { Comparison } from './condition.ts';

export type Operator = keyof Comparison;

export const OPERATORS: readonly Operator[] = [
  'equals',
  'notEquals',
  'like',
  'less',
  'lessOrEqual',
  'greater',
  'greaterOrEqual',
];

/**
 * @param found every value of what was asked for (a machine has several addresses): one that fits is enough, and `notEquals` wants none that equals.
 * What is no number (`8192`, `-3`) and no version (`10.0.26100`) is neither less nor greater than anything.
 */
export function compareValues(found: readonly string[], operator: Operator, expected: string): boolean {
  switch (operator) {
    case 'equals':
      return found.some(value => isSame(value, expected));
    case 'notEquals':
      return !found.some(value => isSame(value, expected));
    case 'like':
      return found.some(value => isLike(value.toLowerCase(), expected.toLowerCase()));
    default:
      return found.some(value => isOrdered(compareNumbers(value, expected), operator));
  }
}

/** @returns below zero, zero or above, as versions order (`1.10` after `1.9`, `1.0` equal to `1`); undefined where one is no number. */
export function compareNumbers(a: string, b: string): number | undefined {
  const left = numbersOf(a);
  const right = numbersOf(b);
  if (left === undefined || right === undefined) return undefined;
  if (left.negative !== right.negative) return left.negative ? -1 : 1;
  const sign = left.negative ? -1 : 1;
  for (let at = 0; at < Math.max(left.parts.length, right.parts.length); at++) {
    const x = left.parts[at] ?? 0n;
    const y = right.parts[at] ?? 0n;
    if (x !== y) return x < y ? -sign : sign;
  }
  return 0;
}

function isSame(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function isOrdered(order: number | undefined, operator: Operator): boolean {
  if (order === undefined) return false;
  if (operator === 'less') return order < 0;
  if (operator === 'lessOrEqual') return order <= 0;
  return operator === 'greater' ? order > 0 : order >= 0;
}

function numbersOf(
  text: string,
): { readonly negative: boolean; readonly parts: readonly bigint[] } | undefined {
  const trimmed = text.trim();
  if (!/^-?\d{1,40}(\.\d{1,40}){0,15}$/.test(trimmed)) return undefined;
  const negative = trimmed.startsWith('-');
  const parts = (negative ? trimmed.slice(1) : trimmed).split('.').map(BigInt);
  return { negative: negative && parts.some(part => part !== 0n), parts };
}

/** Two places to go back to and no recursion: a pattern of many `*` takes no more than the product of both lengths. */
function isLike(value: string, pattern: string): boolean {
  let at = 0;
  let star = -1;
  let resume = 0;
  let p = 0;
  while (at < value.length) {
    if (p < pattern.length && (pattern[p] === '?' || (pattern[p] === value[at] && pattern[p] !== '*'))) {
      at++;
      p++;
    } else if (pattern[p] === '*') {
      star = p++;
      resume = at;
    } else if (star >= 0) {
      p = star + 1;
      at = ++resume;
    } else return false;
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}
