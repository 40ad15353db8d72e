// The whole gate, the same here and in CI: set up, build, then type check, lint and all tests. Words after it go to vitest.
//   node scripts/test.mjs [WORDS FOR VITEST...]
import { build } from './build.mjs';
import { buildTestTools } from './build-test-tools.mjs';
import { pinnedEnvironment, runTool } from './run.mjs';
import { at, NODE, ROOT } from './setup/place.mjs';
import { run, show } from './setup/program.mjs';
import { main, say, timed } from './setup/say.mjs';
import { setup } from './setup.mjs';

const CHEAP_CHECKS = [
  { what: 'type check', tool: 'tsc', words: ['--noEmit'] },
  { what: 'lint and format', tool: 'biome', words: ['ci', '--diagnostic-level=warn', '.'] },
];

const USUAL = 'vitest.config.ts';
const MACHINES = 'vitest.vm.config.ts';

await main(import.meta.url, async () => {
  await setup();
  for (const { what, tool, words } of CHEAP_CHECKS) {
    const code = await timed(what, () => runTool(tool, words));
    if (code !== 0) {
      say(`${what} ended with ${code}: tests are not run`);
      return code;
    }
  }
  await build();
  await buildTestTools();
  const words = process.argv.slice(2);
  const isWanted = async config => words.length === 0 || (await filesOf(config, words)) !== '';
  const wanted = { usual: await isWanted(USUAL), machines: await isWanted(MACHINES) };
  if (!wanted.usual && !wanted.machines) {
    say(`no test file is meant by: ${words.join(' ')}`);
    return 1;
  }
  const code = wanted.usual ? await runTests(USUAL, words) : 0;
  if (!wanted.machines) return code;
  // Emulated machines last and alone: two of them fill both processors.
  const built = await show(NODE, [at('scripts/vm/stand-in/build.mjs')]);
  return built || (await runTests(MACHINES, words)) || code;
});

function runTests(config, words) {
  return runTool('vitest', ['run', '--config', config, ...words]);
}

/** The test files among which the words choose, one a line. */
async function filesOf(config, words) {
  const vitest = at('node_modules/.bin/vitest');
  const how = { cwd: ROOT, env: pinnedEnvironment() };
  return (await run(vitest, ['list', '--filesOnly', '--config', config, ...words], how)).trim();
}
