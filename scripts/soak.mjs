// What the gate has no time for: every loss at every cut, and kills at random moments, for as long as wished. The same set-up, other tests.
//   npm run soak                               all of it, some hours
//   npm run soak -- power-cuts                 those files whose names hold the words
//   npm run soak -- kills --seed 7 --kills 50  other moments, and more of them
//   npm run soak -- transfer --plays 5000      other trees, damage and misbehaviour
import { parseArgs } from 'node:util';
import { build } from './build.mjs';
import { buildTestTools } from './build-test-tools.mjs';
import { runTool } from './run.mjs';
import { main } from './setup/say.mjs';
import { setup } from './setup.mjs';

await main(import.meta.url, async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seed: { type: 'string', default: '1' },
      kills: { type: 'string', default: '40' },
      plays: { type: 'string', default: '1000' },
    },
  });
  await setup();
  await build();
  await buildTestTools();
  process.env.PRESTAGE_SOAK_SEED = values.seed;
  process.env.PRESTAGE_SOAK_KILLS = values.kills;
  process.env.PRESTAGE_SOAK_PLAYS = values.plays;
  return runTool('vitest', ['run', '--config', 'vitest.soak.config.ts', ...positionals]);
});
