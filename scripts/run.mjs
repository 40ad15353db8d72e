// Runs a program of this checkout with the pinned Node, on this terminal, with its exit code.
//   node scripts/run.mjs agent/main.ts WORDS...       a source file, unbuilt
//   node scripts/run.mjs --tool biome WORDS...        a tool from node_modules/.bin
import { existsSync } from 'node:fs';
import { delimiter } from 'node:path';
import { installPackages } from './setup/npm-packages.mjs';
import { at, NODE, ROOT } from './setup/place.mjs';
import { show } from './setup/program.mjs';
import { main } from './setup/say.mjs';

/** The environment in which `node` is the pinned one, also for programs that start it by name. */
export function pinnedEnvironment() {
  return { ...process.env, PATH: `${at('node_modules', '.bin')}${delimiter}${process.env.PATH ?? ''}` };
}

/** Tools that are compiled programs start as they are; the others are JavaScript for the pinned Node. */
export function runTool(name, words) {
  return show(at('node_modules', '.bin', name), words, { cwd: ROOT, env: pinnedEnvironment() });
}

await main(import.meta.url, async () => {
  if (!existsSync(NODE)) await installPackages(ROOT, { what: 'agent, compiler, tests' });
  const [first, ...words] = process.argv.slice(2);
  if (first === '--tool') return runTool(words[0], words.slice(1));
  return show(NODE, [first, ...words], { env: pinnedEnvironment() });
});
