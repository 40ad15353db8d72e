// A publish with nothing to do: 20,000 files looked at, and a new policy signed and flushed, against git looking at the same files.
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../setup/program.mjs';
import { program } from './needed.mjs';
import { publishSite } from './publish-tree.mjs';

export const title = 'publishing 20,000 files that have not changed, against git status';
export const aims =
  'Aim: at most 1.0 of git status. The executable that only tells its version shows what starting costs.';

export async function prepare({ folder }) {
  // The same files as those of the bench `publish`.
  const { site, sources, prestage } = await publishSite(join(folder, '..', 'publish'));
  const point = join(folder, 'point');
  const git = await program('git');
  const repository = join(folder, 'repository');
  const inSources = (...words) => run(git, [`--git-dir=${repository}`, `--work-tree=${sources}`, ...words]);
  if (!existsSync(join(repository, 'index'))) {
    await inSources('init', '-q');
    await inSources('add', '-A');
    await inSources('-c', 'user.name=bench', '-c', 'user.email=bench', 'commit', '-q', '-m', 'all');
  }
  // The second publish remembers also what was in doubt while it was just being made.
  for (let n = 0; n < 2; n += 1) await run(prestage, ['publish', site, '--to', point]);
  return {
    contestants: [
      { name: 'git status', run: async () => void (await inSources('status', '--porcelain')) },
      { name: 'prestage --version', run: async () => void (await run(prestage, ['--version'])) },
      {
        name: 'prestage publish',
        run: async () => void (await run(prestage, ['publish', site, '--to', point])),
      },
    ],
    close: () => {
      for (const made of [point, join(site, '.prestage')]) rmSync(made, { recursive: true, force: true });
    },
  };
}
