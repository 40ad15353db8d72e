// Leaves what the deployment has laid in the new Windows, and the cache, to SYSTEM and Administrators. Before anything is armed.
import { access, readdir } from 'node:fs/promises';
import path from 'node:path';
import { ANSWER_FILE } from './continuation-files.ts';
import { stagedLayout } from './stage-agent.ts';
import type { Step } from './step.ts';
import type { StepWorld } from './step-world.ts';

export const protectFolders: Step<'protect-folders'> = {
  name: 'protect-folders',
  afterCut: 'start-over',
  // Rights cannot be asked for in a word, and setting them twice does no harm.
  done: async () => false,
  async run(_action, world) {
    await protectPlaces(world);
    return {};
  },
};

/** In WinPE before anything is armed, and again in the new Windows before anything of it is used. @throws Fault DISK-06. */
export async function protectPlaces(world: StepWorld): Promise<void> {
  for (const place of await placesToProtect(world)) await world.machine.protect(place);
}

/**
 * Cache with journal and policy, the staged agent where that is another volume, the answer file (it may hold passwords), and a state store, which
 * holds the files of all users. Folders at the root of a volume inherit rights for everybody.
 */
async function placesToProtect(world: StepWorld): Promise<readonly string[]> {
  const { root } = await world.target();
  const places = new Set([
    world.layout.root,
    (await stagedLayout(world)).root,
    path.join(root, ...ANSWER_FILE.split('/')),
    ...(await stateStores(world.volume.root)),
    ...(await stateStores(root)),
  ]);
  const there = await Promise.all([...places].map(async place => ((await isThere(place)) ? [place] : [])));
  return there.flat();
}

async function stateStores(volumeRoot: string): Promise<readonly string[]> {
  // A folder alone: in the new Windows anybody may make a link of this name, and what it leads to is not to be locked.
  const entries = await readdir(volumeRoot, { withFileTypes: true }).catch(() => []);
  return entries
    .filter(entry => entry.isDirectory() && entry.name.toLowerCase() === '_smstsstatestore')
    .map(({ name }) => path.join(volumeRoot, name));
}

async function isThere(place: string): Promise<boolean> {
  return access(place).then(
    () => true,
    () => false,
  );
}
