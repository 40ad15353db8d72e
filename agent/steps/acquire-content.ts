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
    const otherVersion = cachedDigest !== reference.digest;
    const local =
      otherVersion && cachedDigest !== undefined ? await world.localManifest(cachedDigest) : undefined;
    const request = { reference, manifest, otherVersion, ...(local === undefined ? {} : { local }) };
    return { ...(await acquire(request, world)) };
  },
};
