// Bundles the agent and its worker thread: one CommonJS file each, because a single executable application's main is CommonJS.
import { join } from 'node:path';
import { ROOT } from '../setup/place.mjs';

/**
 * Writes main.cjs and worker.cjs into `folder`, each with a source map beside it.
 * Identifiers keep their names: a stack trace in a technician's log must name our functions. Dynamic imports stay lazy.
 */
export async function bundle(folder, digest) {
  const { build } = await import('esbuild'); // not at the top: set-up may only just have installed it
  await build({
    absWorkingDir: ROOT,
    entryPoints: { main: 'agent/main.ts', worker: 'agent/worker.ts' },
    outdir: folder,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node24',
    minifySyntax: true,
    minifyWhitespace: true,
    sourcemap: 'external',
    legalComments: 'none',
    external: ['ffi-rs'], // an asset: agent/native/addon.ts loads it
    define: { __PRESTAGE_BUILD__: JSON.stringify(digest.slice(0, 12)) },
    // import.meta.url finds files beside the source; built, those are assets, and that branch is never taken.
    logOverride: { 'empty-import-meta': 'silent' },
    logLevel: 'warning',
  });
  return { main: join(folder, 'main.cjs'), worker: join(folder, 'worker.cjs') };
}
