// Makes the new Windows what the machine starts from now on. The arming step: everything before it is flushed, nothing comes after it.
import path from 'node:path';
import type { Machine } from '../machine/machine.ts';
import type { Step } from './step.ts';

export const handOver: Step<'hand-over'> = {
  name: 'hand-over',
  afterCut: 'start-over',
  // Setting the default twice is harmless, and the boot store cannot be asked alike on every firmware. The journal cannot answer for it: it
  // lies on another volume, and a cut may have taken the store back to the media as default, which would then start for ever.
  done: async () => false,
  async run(_action, { machine, target, volume }) {
    const taken = await target();
    await machine.flush(taken);
    if (taken.id !== volume.id) await machine.flush(volume);
    await flushSystemVolume(machine);
    await machine.makeDefault(path.join(taken.root, 'Windows'));
    await flushSystemVolume(machine);
    return {};
  },
};

/**
 * Takes an earlier hand-over back, durably: from here to the next one whatever restarts the computer (a cut, a step) starts the media, and not a
 * Windows that is about to be cleared, or would go on with a plan that was not carried out for it.
 */
export async function takeBack(machine: Machine): Promise<void> {
  if (await machine.returnToMedia()) await flushSystemVolume(machine);
}

/** Boot files and boot store lie on a volume of their own (FAT, which keeps no log of its changes). BIOS machines may have none. */
async function flushSystemVolume(machine: Machine): Promise<void> {
  const system = await machine.systemVolume();
  if (system !== undefined) await machine.flush(system);
}
