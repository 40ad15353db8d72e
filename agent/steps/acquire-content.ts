// Makes one content item of the cache whole, from local bytes first and a distribution point after.
import { acquire } from '../distribution/acquire.ts';
import { plannedItem } from './planned-item.ts';
import type { Step } from './step.ts';

export const acquireContent: Step<'acquire-content'> = {
  name: 'acquire-content',
  afterCut: 'continue',
  // The action is planned only because the survey of this same run found the item incomplete: looking again would hash it twice.
  done: async () => false,
  async run(action, world) {
    const { reference, cachedDigest } = plannedItem(world, action.id);
    const manifest = await world.manifest(reference);
    const local =
      cachedDigest === undefined || cachedDigest === reference.digest
        ? undefined
        : await world.localManifest(cachedDigest);
    return { ...(await acquire({ reference, manifest, ...(local === undefined ? {} : { local }) }, world)) };
  },
};
