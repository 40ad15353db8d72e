// Makes one content item of the cache whole, from local bytes first and a distribution point after.
import { acquire } from '../distribution/acquire.ts';
import { Fault } from '../fault/fault.ts';
import { plannedItem } from './planned-item.ts';
import type { Step } from './step.ts';

export const acquireContent: Step<'acquire-content'> = {
  name: 'acquire-content',
  afterCut: 'continue',
  // The action is planned only because the survey of this same run found the item incomplete: looking again would hash it twice.
  done: async () => false,
  async run(action, world) {
    const { reference, cachedDigest, outcome, whole = false } = plannedItem(world, action.id);
    const manifest = await world.manifest(reference);
    const otherVersion = cachedDigest !== reference.digest;
    const local =
      otherVersion && cachedDigest !== undefined ? await world.localManifest(cachedDigest) : undefined;
    const request = { reference, manifest, otherVersion, whole, ...(local === undefined ? {} : { local }) };
    try {
      return { ...(await acquire(request, world)) };
    } catch (cause) {
      // The staged image is what the machine is there for: its damage is named as such, with why it could not be mended.
      const isImage = reference.type === 'os-image' && outcome === 'damaged';
      if (isImage && cause instanceof Fault && cause.code === 'CONTENT-01')
        throw new Fault('CONTENT-03', reference.id, cause.detail, { cause });
      throw cause;
    }
  },
};
