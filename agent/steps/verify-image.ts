// Proves the OS image as a whole once more after bytes of it were fetched, before anything is wiped for it.
import { Fault } from '../fault/fault.ts';
import { plannedItem } from './planned-item.ts';
import type { Step } from './step.ts';
import { verifiedItem } from './verified-item.ts';

export const verifyImage: Step<'verify-image'> = {
  name: 'verify-image',
  afterCut: 'start-over',
  done: async () => false,
  async run(action, world) {
    try {
      await verifiedItem(world, action.id);
    } catch (cause) {
      if (cause instanceof Fault && cause.code === 'CONTENT-02')
        throw new Fault('CONTENT-03', cause.subject, cause.detail, { cause });
      throw cause;
    }
    return { presentBytes: plannedItem(world, action.id).reference.totalBytes };
  },
};
