import { afterAll, beforeAll, describe, test } from 'vitest';
import { tempFolder } from '../support/temp-folder.ts';
import { playCase } from './play-case.ts';
import { changeFor, playSequence } from './play-sequence.ts';
import { SEQUENCE_CASES } from './sequence-cases.ts';
import { SEQUENCE_REFUSALS } from './sequence-refusals.ts';
import { openWorld, type World } from './world.ts';

const folder = tempFolder('sequence-cases');
let world: World;
beforeAll(async () => {
  world = await openWorld(folder);
});
afterAll(() => world?.close());

describe('carried out', () => {
  test.each(SEQUENCE_CASES)('$title', async each => {
    await playSequence(world, each);
  });
});

describe('refused', () => {
  test.each(SEQUENCE_REFUSALS)('$title: told, and nothing is lost', async ({ given, ...told }) => {
    await playCase(world, { ...told, world: changeFor(given) });
  });
});
