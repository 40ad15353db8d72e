// Bundles the agent: main.cjs says the first words and loads program.js, which is all the rest; worker.cjs is the worker thread.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../setup/place.mjs';
import { trimmed } from './trimmed.mjs';

/**
 * Writes main.cjs, program.js and worker.cjs into `folder`, each with a source map beside it.
 * Identifiers keep their names: a stack trace in a technician's log must name our functions. Dynamic imports stay lazy.
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
  const assets = ['ffi-rs', './open-program.ts']; // what agent/native/addon.ts and agent/load-program.ts load by themselves
  await Promise.all([
    build({
      ...options,
      entryPoints: { main: 'agent/main.ts', worker: 'agent/worker.ts' },
      outExtension: { '.js': '.cjs' },
      external: assets,
    }),
    build({
      ...options,
      entryPoints: { program: 'agent/open-program.ts' },
      external: ['ffi-rs'],
      // A script that is compiled by itself has nobody who would carry out an import(): of Node's own modules it becomes a require.
      supported: { 'dynamic-import': false },
      // One expression, so that the code cache is of exactly what is run.
      banner: { js: '(function (exports, require, module, __filename, __dirname) {' },
      footer: { js: '})' },
    }),
  ]);
  const program = join(folder, 'program.js');
  // esbuild escapes texts, and leaves regular expressions as their author wrote them.
  const foreign = /.{0,40}[^\0-\x7f].{0,40}/.exec(readFileSync(program, 'utf8'));
  if (foreign !== null)
    throw new Error(`a regular expression is not ASCII, write \\uXXXX in it: ${foreign[0]}`);
  return { main: join(folder, 'main.cjs'), program, worker: join(folder, 'worker.cjs') };
}
