// The time that a server tells with an answer. Nobody vouches for it.
import type { AnswerHead } from './judge.ts';

/**
 * `Date` (RFC 9110 section 6.6.1) and, where the answer comes out of a cache, its `Age` since then (RFC 9111 section 5.1).
 * @returns undefined when there is none that can be read.
 */
export function serverDate({ headers }: AnswerHead): Date | undefined {
  const made = Date.parse(headers.date ?? '');
  if (Number.isNaN(made)) return undefined;
  const ageSeconds = /^\d{1,9}$/.test(headers.age ?? '') ? Number(headers.age) : 0;
  return new Date(made + ageSeconds * 1000);
}
