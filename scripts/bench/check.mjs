// `check` of a staged image: validated by its chunk index in two worker threads, against hashing the same file whole with the usual tools.
import { join } from 'node:path';
import { bundle } from '../build/bundle.mjs';
import { at, NODE } from '../setup/place.mjs';
import { find, run } from '../setup/program.mjs';
import { Advice } from '../setup/say.mjs';
import { randomFile } from './random-file.mjs';

export const title = 'validating a staged image by its chunk index, against hashing it';
export const aims = 'Aims: validation at most 0.65 of openssl (two cores, page cache warm), below 200 MB.';

const DEFAULT_MIB = 2048;

export async function prepare({ folder, mib = DEFAULT_MIB }) {
  const openssl = needed('openssl');
  const sha256sum = needed('sha256sum');
  const image = join(folder, `image-${mib}.bin`);
  const index = join(folder, `image-${mib}.chunks`);
  await randomFile(image, mib);
  const program = await bundleProgram(folder);
  const { worker } = await bundle(folder, 'bench');
  await run(NODE, [program, 'chunk', image, index, worker]);
  return {
    contestants: [
      {
        name: 'openssl dgst -sha256',
        run: async () => void (await run(openssl, ['dgst', '-sha256', image])),
      },
      { name: 'sha256sum', run: async () => void (await run(sha256sum, [image])) },
      {
        name: 'prestage, 2 workers',
        run: async () => JSON.parse(await run(NODE, [program, 'validate', image, index, worker])),
      },
    ],
  };
}

/** Bundled as the executable's code is: stripping types at each start would be measured, too. */
async function bundleProgram(folder) {
  const { build } = await import('esbuild');
  const outfile = join(folder, 'validate-image.cjs');
  await build({
    entryPoints: [at('scripts', 'bench', 'validate-image.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node24',
  });
  return outfile;
}

function needed(name) {
  const program = find(name);
  if (program === undefined) throw new Advice(`The bench compares with ${name}, which is not installed.`);
  return program;
}
