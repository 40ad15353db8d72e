// Makes the new Windows what the machine starts from now on. The arming step: everything before it is flushed, nothing comes after it.
import path from 'node:path';
import type { Step } from './step.ts';

export const handOver: Step<'hand-over'> = {
  name: 'hand-over',
  afterCut: 'start-over',
  // Setting the default twice is harmless, and the boot store cannot be asked alike on every firmware: the journal decides.
  done: async () => 'unknown',
  async run(_action, world) {
    await world.machine.flush(world.volume);
    await world.machine.makeDefault(path.join(world.volume.root, 'Windows'));
    return {};
  },
};
