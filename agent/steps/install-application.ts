// Installs one application unless its detection finds it: proven again, its commands, then detection once more.
import { Fault } from '../fault/fault.ts';
import { isInstalled } from './is-installed.ts';
import { runInstaller } from './run-installer.ts';
import type { Step } from './step.ts';
import { verifiedItem } from './verified-item.ts';

export const installApplication: Step<'install-application'> = {
  name: 'install-application',
  // An installer that was cut is judged by detection first; only what is not there is installed again.
  afterCut: 'start-over',
  done: (action, world) => isInstalled(action.id, world),
  async run({ id }, world, _advance, course) {
    const { manifest, folder } = await verifiedItem(world, id);
    const commands = manifest.install ?? [];
    // All done and not detected: after an announced restart that is a failure; after a cut the machine may have lost what was installed.
    const lost = course.done >= commands.length && !course.restarted && manifest.detection !== undefined;
    const result = await runInstaller(
      { id, commands, folder, course: lost ? { ...course, done: 0 } : course },
      world,
    );
    // After 1641 the restart is part of the installation: what it leaves can be seen only afterwards. A rehearsal leaves nothing to see.
    if (result.restart === 'hard' || result.rehearsed === true) return result;
    if ((await isInstalled(id, world)) !== false) return result;
    if (result.restart === 'soft') {
      world.observe({
        kind: 'note',
        level: 'info',
        component: 'install',
        text: `${id} is not detected yet; the restart that its installer asked for comes now.`,
      });
      return { ...result, restart: 'hard' };
    }
    throw new Fault('PKG-04', id, {
      rules: (manifest.detection ?? []).map(rule => JSON.stringify(rule)),
      ...(result.log === undefined ? {} : { log: result.log }),
    });
  },
};
