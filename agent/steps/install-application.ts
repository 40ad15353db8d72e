// Installs one application unless its detection finds it: proven again, its commands, then detection once more.
import { Fault } from '../fault/fault.ts';
import { plannedItem } from './planned-item.ts';
import { runInstaller } from './run-installer.ts';
import type { Step } from './step.ts';
import type { StepWorld } from './step-world.ts';
import { verifiedItem } from './verified-item.ts';

export const installApplication: Step<'install-application'> = {
  name: 'install-application',
  afterCut: 'start-over',
  done: (action, world) => isInstalled(action.id, world),
  async run(action, world) {
    const { manifest, folder } = await verifiedItem(world, action.id);
    const result = await runInstaller(action.id, manifest.install ?? [], folder, world);
    // After 1641 the restart is part of the installation: what it leaves can be seen only afterwards. A rehearsal leaves nothing to see.
    const isVisible = result.restart !== 'hard' && result.rehearsed !== true;
    if (isVisible && (await isInstalled(action.id, world)) === false) {
      throw new Fault('PKG-04', action.id, {
        rules: (manifest.detection ?? []).map(rule => JSON.stringify(rule)),
        ...(result.log === undefined ? {} : { log: result.log }),
      });
    }
    return result;
  },
};

async function isInstalled(id: string, world: StepWorld): Promise<boolean | 'unknown'> {
  const manifest = await world.manifest(plannedItem(world, id).reference);
  if (manifest.detection === undefined || manifest.detection.length === 0) return 'unknown';
  for (const clause of manifest.detection) {
    if (!(await world.machine.detects(clause))) return false;
  }
  return true;
}
