// A measured program of the benches, bundled and started as the executable's code is: what only the way of starting costs would be measured, too.
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { bundle } from '../build/bundle.mjs';
import { makeCodeCaches } from '../build/code-cache.mjs';
import { trimmed } from '../build/trimmed.mjs';
import { at, NODE } from '../setup/place.mjs';
import { run } from '../setup/program.mjs';

/** Bundles `scripts/bench/NAME.ts`. @returns the paths of the program and of the first script of the agent's worker threads, in `folder`. */
export async function bundleProgram(folder, name) {
  const { build } = await import('esbuild');
  const program = join(folder, `${basename(name, '.ts')}.cjs`);
  await build({
    entryPoints: [at('scripts', 'bench', name)],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node24',
    external: ['ffi-rs', 'undici'], // a native add-on, and what is an asset of its own in the executable
    minifySyntax: true,
    minifyWhitespace: true,
    plugins: [trimmed],
    define: { __PRESTAGE_BUILD__: '"bench"' },
    logOverride: { 'empty-import-meta': 'silent' },
  });
  const { scripts } = await bundle(folder, 'bench');
  const worker = join(folder, 'start-worker.cjs');
  const cache = join(folder, 'worker.cache');
  await makeCodeCaches(words => run(NODE, words), [{ source: scripts.worker, cache }]);
  // As agent/load-script.ts does it with assets.
  writeFileSync(
    worker,
    `const { readFileSync } = require('node:fs');
const { Script } = require('node:vm');
const cachedData = readFileSync(${JSON.stringify(cache)});
const script = new Script(readFileSync(${JSON.stringify(scripts.worker)}, 'latin1'), { filename: 'worker.js', cachedData });
script.runInThisContext()(exports, require, module, '', '');
`,
  );
  return { program, worker };
}

/**
 * How Node runs a program as the executable runs its own: with the options of sea-config.json, and with the code that an earlier run compiled, as
 * the executable carries it. The first run, which is not measured, leaves it behind.
 * @returns `words` before the program's, and its environment
 */
export function likeExecutable() {
  const { execArgv } = JSON.parse(readFileSync(at('sea-config.json'), 'utf8'));
  return { words: execArgv, env: { ...process.env, NODE_COMPILE_CACHE: at('out', 'bench', 'compiled') } };
}
