// Writes the boot files of the new Windows and adds it to the boot menu as the last entry; the media stays the default.
import path from 'node:path';
import type { Step } from './step.ts';

export const makeBootable: Step<'make-bootable'> = {
  name: 'make-bootable',
  afterCut: 'start-over',
  done: (_action, world) => world.machine.hasBootEntry(path.join(world.volume.root, 'Windows')),
  async run(_action, world) {
    await world.machine.addBootEntry(path.join(world.volume.root, 'Windows'));
    return {};
  },
};
