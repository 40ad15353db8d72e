// Bundles the agent: main.cjs says the first words and loads program.js, which is all the rest; start-worker.cjs is the first script of a worker thread and
// loads worker.js. undici.js is a library that only some transfers need.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../setup/place.mjs';
import { trimmed } from './trimmed.mjs';

/** Libraries that are assets of their own, since most starts do not need them. */
const LIBRARIES = ['undici'];

/** What agent/load-script.ts runs. */
export const SCRIPTS = ['program', 'worker', ...LIBRARIES];

/**
 * Writes main.cjs, start-worker.cjs and what agent/load-script.ts runs into `folder`, each with a source map beside it.
 * Identifiers keep their names: a stack trace in a technician's log must name our functions. Dynamic imports stay lazy.
 * @returns the path of main.cjs and those of the scripts by name
 */
export async function bundle(folder, digest) {
  const { build } = await import('esbuild'); // not at the top: set-up may only just have installed it
  const options = {
    absWorkingDir: ROOT,
    outdir: folder,
    bundle: true,
    platform: 'node',
    format: 'cjs', // a single executable application's main is CommonJS
    target: 'node24',
    charset: 'ascii', // agent/load-program.ts reads it as such
    minifySyntax: true,
    minifyWhitespace: true,
    sourcemap: 'external',
    legalComments: 'none',
    plugins: [trimmed],
    define: { __PRESTAGE_BUILD__: JSON.stringify(digest.slice(0, 12)) },
    // import.meta.url finds files beside the source; built, those are assets, and that branch is never taken.
    logOverride: { 'empty-import-meta': 'silent' },
    logLevel: 'warning',
  };
  /** One expression, so that the code cache is of exactly what is run. */
  const script = {
    ...options,
    // A script that is compiled by itself has nobody who would carry out an import(): of what is not bundled it becomes a require.
    supported: { 'dynamic-import': false },
    banner: { js: '(function (exports, require, module, __filename, __dirname) {' },
    footer: { js: '})' },
  };
  await Promise.all([
    build({
      ...options,
      entryPoints: { main: 'agent/main.ts', 'start-worker': 'agent/start-worker.ts' },
      outExtension: { '.js': '.cjs' },
      external: ['./open-program.ts'], // only imported when run unbuilt
    }),
    build({
      ...script,
      entryPoints: { program: 'agent/open-program.ts', worker: 'agent/worker.ts' },
      // What agent/native/addon.ts loads by itself, and what agent/load-script.ts finds as an asset.
      external: ['ffi-rs', ...LIBRARIES],
    }),
    build({ ...script, entryPoints: LIBRARIES.map(name => ({ in: name, out: name })) }),
  ]);
  const scripts = Object.fromEntries(SCRIPTS.map(name => [name, join(folder, `${name}.js`)]));
  for (const file of Object.values(scripts)) requireAscii(file);
  return { main: join(folder, 'main.cjs'), scripts };
}

/** esbuild escapes texts, and leaves regular expressions as their author wrote them. */
function requireAscii(file) {
  const foreign = /.{0,40}[^\0-\x7f].{0,40}/.exec(readFileSync(file, 'utf8'));
  if (foreign !== null)
    throw new Error(`${file}: a regular expression is not ASCII, write \\uXXXX in it: ${foreign[0]}`);
}
