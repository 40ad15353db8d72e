// Adds one driver package, proven again, to the applied image.

import type { Step } from './step.ts';
import { verifiedItem } from './verified-item.ts';

export const addDrivers: Step<'add-drivers'> = {
  name: 'add-drivers',
  // DISM adds a driver that is there already by publishing it under its name again: repeating is safe.
  afterCut: 'start-over',
  done: async () => 'unknown',
  async run(action, world) {
    const { folder } = await verifiedItem(world, action.id);
    await world.machine.addDrivers((await world.target()).root, folder);
    return {};
  },
};
