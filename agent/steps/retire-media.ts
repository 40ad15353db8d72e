// The end: keeps the records, takes the media's boot entry, the cache, secrets and the continuation away.
import path from 'node:path';
import { continuationFiles } from './continuation-files.ts';
import type { Step } from './step.ts';

export const retireMedia: Step<'retire-media'> = {
  name: 'retire-media',
  afterCut: 'start-over',
  done: async () => false,
  async run(_action, world) {
    const { durable, layout, machine, volume } = world;
    await machine.retireMediaBootEntry();
    // Setup annotates the answer file and leaves it lying; it names how this machine was set up.
    for (const { path: file } of continuationFiles('')) {
      await durable.remove(path.join(volume.root, ...file.split('/')));
    }
    await durable.remove(layout.packages);
    // The kept report says that all of this is done: where it stands, only the folder itself is left to remove.
    await world.keepRecords();
    await machine.retire(layout.root);
    return {};
  },
};
