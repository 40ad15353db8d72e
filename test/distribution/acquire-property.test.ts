// Random damage, random cuts and random misbehaviour over random trees: an item always converges to the right bytes, and little is fetched twice.
// `npm run soak -- transfer` plays more.
import { expect, it } from 'vitest';
import { tempFolder } from '../support/temp-folder.ts';
import { playTransfers } from '../support/transfer-play.ts';

const ground = tempFolder('acquire-property');

it('32 plays, seeds from 1 on, end with the right bytes and a fifth too many at most', async () => {
  const seeds = Array.from({ length: 32 }, (_, n) => n + 1);
  const { plays, ratio } = await playTransfers(seeds, ground);
  expect(plays).toBe(32);
  expect(ratio).toBeLessThan(1.2);
}, 180_000);
