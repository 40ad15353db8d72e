// The first publish of a large site: 20,000 files copied, digested, cut into chunks where they are large, and flushed, against digesting alone, and
// against copying alone.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../setup/program.mjs';
import { program } from './needed.mjs';
import { publishSite } from './publish-tree.mjs';

export const title = 'publishing 20,000 files (2 GB) for the first time, against digesting them';
export const aims =
  'Aim: publish at most 1.5 of find | xargs openssl, which only reads. What copies as well cannot be faster than cp and sync below.';

export async function prepare({ folder }) {
  const { site, sources, prestage } = await publishSite(folder);
  const point = join(folder, 'point');
  const clear = () => {
    for (const made of [point, join(site, '.prestage')]) rmSync(made, { recursive: true, force: true });
  };
  await program('openssl');
  const shell = command => run('/bin/sh', ['-c', command], { cwd: sources });
  return {
    contestants: [
      {
        name: 'find | xargs -P2 openssl dgst',
        run: async () =>
          void (await shell('find . -type f -print0 | xargs -0 -P2 -n64 openssl dgst -sha256 > /dev/null')),
      },
      {
        name: 'cp -r; sync -f',
        before: clear,
        run: async () => void (await shell(`cp -r . '${point}' && sync -f '${point}'`)),
      },
      {
        name: 'prestage publish',
        before: clear,
        run: async () => void (await run(prestage, ['publish', site, '--to', point])),
      },
    ],
    close: clear,
  };
}
