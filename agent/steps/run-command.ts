// Runs a command line of the task sequence, in WinPE or the new Windows. Only the journal knows that it ran; a command that was cut is run again.
import path from 'node:path';
import { Fault } from '../fault/fault.ts';
import { actionKey, actionText } from '../plan/plan.ts';
import { runTellingProgram } from './run-telling-program.ts';
import type { Course, Step } from './step.ts';
import type { StepWorld } from './step-world.ts';
import { verifiedItem } from './verified-item.ts';

/** How often a command is started again that was cut while it ran, as installers are. */
const STARTS_AFTER_CUT = 2;

export const runCommand: Step<'run-command'> = {
  name: 'run-command',
  afterCut: 'start-over',
  done: async () => 'unknown',
  async run(action, world, _advance, course) {
    const key = actionKey(action);
    const label = actionText(action);
    await begin(label, course);
    const { variables } = world;
    const { content, startIn } = action;
    const base = content === undefined ? world.volume.root : (await verifiedItem(world, content)).folder;
    const now = variables.now();
    const { result, variables: told } = await runTellingProgram(
      {
        name: key,
        label,
        authored: action.command,
        command: now.expand(action.command),
        folder: startIn === undefined ? base : path.resolve(base, now.expand(startIn)),
        timeoutMinutes: action.control?.timeoutMinutes,
        successCodes: action.successCodes,
      },
      world,
    );
    await endWith(key, told, result.rehearsed, world);
    return result;
  },
};

/** Journals that the command is about to run. Fault: PKG-06 when it never came to its end: most likely it restarts the computer itself. */
export async function begin(label: string, course: Course): Promise<void> {
  if (course.cuts > STARTS_AFTER_CUT) throw new Fault('PKG-06', label, { starts: course.cuts });
  await course.started(1);
}

/** Makes lasting what the command did before the journal tells of it, and takes what it told. */
export async function endWith(
  key: string,
  told: Readonly<Record<string, string>>,
  rehearsed: boolean | undefined,
  world: StepWorld,
): Promise<void> {
  if (rehearsed !== true) {
    const target = await world.target().catch((thrown: unknown) => {
      // Before there is a volume for Windows, only the media's can have been written to.
      if (thrown instanceof Fault && thrown.code.startsWith('MACHINE-')) return world.volume;
      throw thrown;
    });
    await world.machine.flush(target);
  }
  if (Object.keys(told).length > 0) await world.variables.set(key, told);
}
