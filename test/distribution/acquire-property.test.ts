// Random damage, random cuts and random misbehaviour over random trees: an item always converges to the right bytes, and little is fetched twice.
// `npm run soak -- transfer` plays more.
import { expect, it } from 'vitest';
import { tempFolder } from '../support/temp-folder.ts';
import { type Played, playTransfers } from '../support/transfer-play.ts';

const ground = tempFolder('acquire-property');

it('32 plays, seeds from 1 on, end with the right bytes and a fifth too many at most', async () => {
  const seeds = Array.from({ length: 32 }, (_, n) => n + 1);
  const { plays, ratio } = await playTransfers(seeds, ground, { packs: false });
  expect(plays).toBe(32);
  expect(ratio).toBeLessThan(1.2);
}, 180_000);

it('16 plays with packs, seeds from 101 on, end with the right bytes', async () => {
  const seeds = Array.from({ length: 16 }, (_, n) => 101 + n);
  const stories: string[] = [];
  const told = (_seed: number, { story }: Played): void => void stories.push(...story);
  const { plays, ratio } = await playTransfers(seeds, ground, { packs: true, told });
  expect(plays).toBe(16);
  // Something did go wrong with a pack.
  expect(stories).toContainEqual(expect.stringMatching(/for (full|from-1)\.pack /));
  expect(ratio).toBeLessThan(1.5);
}, 180_000);
