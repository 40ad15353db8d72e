// Transfers with random damage, cuts, kills and misbehaviour, as many as wished: each ends with the right bytes, and little is fetched twice.
// PRESTAGE_SOAK_SEED names the first; PRESTAGE_SOAK_PLAYS says how many.
import { expect, test } from 'vitest';
import { tempFolder } from '../support/temp-folder.ts';
import { playTransfers } from '../support/transfer-play.ts';

const SEED = Number(process.env.PRESTAGE_SOAK_SEED ?? '1');
const PLAYS = Number(process.env.PRESTAGE_SOAK_PLAYS ?? '1000');
const ground = tempFolder('soak-transfer');

const SIDES = [
  { name: 'plain points', packs: false, mostRatio: 1.2 },
  { name: 'points with packs', packs: true, mostRatio: 1.5 },
] as const;

test.each(SIDES)(`${PLAYS} plays with $name, seeds from ${SEED} on`, async ({ packs, mostRatio }) => {
  const seeds = Array.from({ length: PLAYS }, (_, n) => SEED + n);
  const { ratio } = await playTransfers(seeds, ground, {
    packs,
    told: (seed, { story, neededBytes, receivedBytes }) => {
      process.stdout.write(`seed ${seed}: ${receivedBytes} bytes for ${neededBytes}: ${story.join('; ')}\n`);
    },
  });
  process.stdout.write(`${ratio.toFixed(3)} bytes for each that was needed\n`);
  expect(ratio).toBeLessThan(mostRatio);
});
