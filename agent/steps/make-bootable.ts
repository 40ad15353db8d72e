// Writes the boot files of the new Windows and adds it to the boot menu as the last entry; the media stays the default.
import path from 'node:path';
import { asFault } from '../fault/fault.ts';
import type { Step } from './step.ts';
import type { StepWorld } from './step-world.ts';

export const makeBootable: Step<'make-bootable'> = {
  name: 'make-bootable',
  afterCut: 'start-over',
  // An entry for this folder may be that of a Windows which has been there before: that the boot files are of this one only the journal knows.
  done: async (_action, world) =>
    (await world.machine.hasBootEntry(await windowsFolderOf(world))) ? 'unknown' : false,
  async run(_action, world) {
    // Recovery first: it never stops the deployment, and the boot entry is what `done` asks for.
    const warning = await setRecovery(world);
    await world.machine.addBootEntry(await windowsFolderOf(world));
    return warning === undefined ? {} : { warning };
  },
};

/** Windows starts without its recovery environment, and a technician can add it later: a failure is told and does not stop the deployment. */
async function setRecovery(world: StepWorld): Promise<string | undefined> {
  try {
    await world.machine.setRecovery(await windowsFolderOf(world));
    return undefined;
  } catch (thrown) {
    const fault = asFault(thrown);
    if (fault.code !== 'IMAGE-06') throw thrown;
    const { exitCode, found, words } = fault.detail;
    const why = [exitCode === undefined ? found : `exit code ${exitCode}`, words].filter(
      part => part !== undefined && part !== '',
    );
    const text = `The recovery environment (WinRE) could not be registered; Windows starts without it. reagentc: ${why.join(', ')}`;
    world.observe({ kind: 'note', level: 'warning', component: 'boot-files', text, detail: fault.detail });
    return text;
  }
}

async function windowsFolderOf(world: StepWorld): Promise<string> {
  return path.join((await world.target()).root, 'Windows');
}
