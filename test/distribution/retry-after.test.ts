// How long a server may make this computer wait.
import { expect, it } from 'vitest';
import { judgeFileAnswer } from '../../agent/distribution/http/judge.ts';
import { Fault } from '../../agent/fault/fault.ts';

const DAY_MS = 24 * 3_600_000;
const date = 'Sun, 06 Nov 1994 08:49:37 GMT';

it.each([
  ['0', 0],
  ['120', 120_000],
  ['99999999', DAY_MS],
  ['9'.repeat(400), DAY_MS],
  ['Sun, 06 Nov 1994 08:50:07 GMT', 30_000],
  ['Sat, 06 Nov 2094 08:50:07 GMT', DAY_MS],
  ['Sun, 06 Nov 1994 08:00:00 GMT', undefined],
  ['-1', undefined],
  ['soon', undefined],
  [undefined, undefined],
])('Retry-After %s is %s ms', (header, expected) => {
  const headers = { date, 'retry-after': header };
  try {
    judgeFileAnswer({ status: 503, headers }, { subject: 'f', expectedSize: 1 });
    expect.unreachable();
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown;
    expect([thrown.code, thrown.detail.retryAfterMs]).toEqual(['NET-04', expected]);
  }
});
