// A measured program of the benches, bundled as the executable's code is: stripping types at each start would be measured, too.
import { basename, join } from 'node:path';
import { bundle } from '../build/bundle.mjs';
import { at } from '../setup/place.mjs';

/** Bundles `scripts/bench/NAME.ts`. @returns the paths of the program and of the agent's worker thread, in `folder`. */
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
    external: ['ffi-rs'], // a native add-on
    define: { __PRESTAGE_BUILD__: '"bench"' },
    logOverride: { 'empty-import-meta': 'silent' },
  });
  const { worker } = await bundle(folder, 'bench');
  return { program, worker };
}
