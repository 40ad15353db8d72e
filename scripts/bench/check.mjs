// `check` of a staged image: validated by its chunk index in two worker threads, against hashing the same file whole with the usual tools.
import { join } from 'node:path';
import { NODE } from '../setup/place.mjs';
import { run } from '../setup/program.mjs';
import { bundleProgram } from './bundle-program.mjs';
import { programs } from './needed.mjs';
import { randomFile } from './random-file.mjs';

export const title = 'validating a staged image by its chunk index, against hashing it';
export const aims = 'Aims: validation at most 0.65 of openssl (two cores, page cache warm), below 200 MB.';

const DEFAULT_MIB = 2048;

export async function prepare({ folder, mib = DEFAULT_MIB }) {
  const { openssl, sha256sum } = await programs('openssl', 'sha256sum');
  const image = join(folder, `image-${mib}.bin`);
  const index = join(folder, `image-${mib}.chunks`);
  await randomFile(image, mib);
  const { program, worker } = await bundleProgram(folder, 'validate-image.ts');
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
