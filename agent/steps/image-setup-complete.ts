// An image may bring a SetupComplete.cmd of its own. It waits under another name, is called by the agent's, and gets its name back at the end.
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { DurableFiles } from '../durable/durable-files.ts';
import { isOwnSetupComplete, SETUP_COMPLETE, SETUP_COMPLETE_OF_IMAGE } from './continuation-files.ts';

/** Puts the image's script aside, so that the name is free. Cut anywhere it can be repeated: the agent's own script is never put aside. */
export async function keepSetupComplete(volumeRoot: string, durable: DurableFiles): Promise<void> {
  const found = await findFile(path.join(volumeRoot, ...SETUP_COMPLETE.split('/')));
  if (found === undefined || isOwnSetupComplete(await readFile(found, 'latin1'))) return;
  await durable.rename(found, path.join(volumeRoot, ...SETUP_COMPLETE_OF_IMAGE.split('/')));
}

/** Takes the agent's script away and gives the image's own its name back, if there was one. Can be repeated. */
export async function restoreSetupComplete(volumeRoot: string, durable: DurableFiles): Promise<void> {
  const name = path.join(volumeRoot, ...SETUP_COMPLETE.split('/'));
  const found = await findFile(name);
  if (found !== undefined && isOwnSetupComplete(await readFile(found, 'latin1'))) await durable.remove(found);
  const kept = await findFile(path.join(volumeRoot, ...SETUP_COMPLETE_OF_IMAGE.split('/')));
  if (kept !== undefined && (await findFile(name)) === undefined) await durable.rename(kept, name);
}

/** A file of the folder by its name, whose case does not count: a rehearsal's disk may tell names apart that Windows does not. */
async function findFile(file: string): Promise<string | undefined> {
  const names = await readdir(path.dirname(file)).catch(() => []);
  const name = names.find(each => each.toLowerCase() === path.basename(file).toLowerCase());
  return name === undefined ? undefined : path.join(path.dirname(file), name);
}
