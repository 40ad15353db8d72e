import { setTimeout as wait } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { allEnded } from '../../agent/fault/all-ended.ts';

it('answers what all of them answered, in order', async () => {
  const late = async (value: number) => await wait(5, value);
  expect(await allEnded([late(1), Promise.resolve(2)])).toEqual([1, 2]);
  expect(await allEnded([])).toEqual([]);
});

it('tells a failure only when the others have ended, and the first in their order', async () => {
  let ended = false;
  const slow = wait(20).then(() => {
    ended = true;
    throw new Error('slow');
  });
  await expect(allEnded([slow, Promise.reject(new Error('quick'))])).rejects.toThrow('slow');
  expect(ended).toBe(true);
});
