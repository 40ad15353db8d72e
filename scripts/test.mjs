// The whole gate, the same here and in CI: set up, build, then type check, lint and all tests. Words after it go to vitest.
//   node scripts/test.mjs [WORDS FOR VITEST...]
import { build } from './build.mjs';
import { buildTestTools } from './build-test-tools.mjs';
import { runTool } from './run.mjs';
import { at, NODE } from './setup/place.mjs';
import { show } from './setup/program.mjs';
import { main, say, timed } from './setup/say.mjs';
import { setup } from './setup.mjs';

const CHEAP_CHECKS = [
  { what: 'type check', tool: 'tsc', words: ['--noEmit'] },
  { what: 'lint and format', tool: 'biome', words: ['ci', '--diagnostic-level=warn', '.'] },
];

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
  // Where words choose among the tests, one of the two runs may have none of them.
  const run = config =>
    runTool('vitest', [
      'run',
      '--config',
      config,
      ...(words.length > 0 ? ['--passWithNoTests', ...words] : []),
    ]);
  const code = await run('vitest.config.ts');
  // Emulated machines last and alone: two of them fill both processors.
  const built = await show(NODE, [at('scripts/vm/stand-in/build.mjs')]);
  return built || (await run('vitest.vm.config.ts')) || code;
});
