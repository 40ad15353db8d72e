// Runs a PowerShell script in the new Windows: the text of the step, or a file of a package, proven just before.
import path from 'node:path';
import { Fault } from '../fault/fault.ts';
import { actionKey, actionText } from '../plan/plan.ts';
import { BYTE_ORDER_MARK, POWERSHELL_FILE } from './powershell.ts';
import { begin, endWith } from './run-command.ts';
import { runTellingProgram } from './run-telling-program.ts';
import type { ActionOf, Step } from './step.ts';
import type { StepWorld } from './step-world.ts';
import { verifiedItem } from './verified-item.ts';

export const runPowershell: Step<'run-powershell'> = {
  name: 'run-powershell',
  afterCut: 'start-over',
  done: async () => 'unknown',
  async run(action, world, _advance, course) {
    const key = actionKey(action);
    const label = actionText(action);
    await begin(label, course);
    const { script, folder, written } = await scriptOf(action, world);
    const parameters = action.parameters === undefined ? '' : ` ${action.parameters}`;
    const command = `${POWERSHELL_FILE} "${script}"`;
    try {
      const { result, variables: told } = await runTellingProgram(
        {
          name: key,
          label,
          authored: `${command}${parameters}`,
          command: `${command}${world.variables.now().expand(parameters)}`,
          folder,
          timeoutMinutes: action.control?.timeoutMinutes,
          successCodes: action.successCodes,
        },
        world,
      );
      await endWith(key, told, result.rehearsed, world);
      return result;
    } finally {
      if (written) await world.durable.remove(script);
    }
  },
};

interface Script {
  readonly script: string;
  readonly folder: string;
  /** By this step: it is removed afterwards. */
  readonly written: boolean;
}

/** Faults: CONTENT-02; PKG-03 when the package has no such file, or the step names no script at all. */
async function scriptOf(action: ActionOf<'run-powershell'>, world: StepWorld): Promise<Script> {
  const { content, file, script } = action;
  const item = content === undefined ? undefined : await verifiedItem(world, content);
  const folder = item?.folder ?? world.volume.root;
  if (item !== undefined && file !== undefined) {
    const wanted = file.replaceAll('\\', '/').toLowerCase();
    // A file that the manifest names was hashed a moment ago, and lies below the item's folder.
    const named = item.manifest.files.find(each => each.path.toLowerCase() === wanted);
    if (named === undefined)
      throw new Fault('PKG-03', actionText(action), {
        expected: `${file} in ${content}`,
        found: 'no such file',
      });
    return { script: path.join(folder, ...named.path.split('/')), folder, written: false };
  }
  if (script === undefined)
    throw new Fault('PKG-03', actionText(action), {
      expected: 'a script, or a file of a package',
      found: 'neither',
    });
  const name = actionKey(action).replaceAll(/[^A-Za-z0-9._-]/g, '-');
  // Below the folder that only SYSTEM and Administrators can write in.
  const target = path.join(world.layout.own, 'temp', `${name}.ps1`);
  await world.durable.makeFolder(path.dirname(target));
  await world.durable.replaceFile(target, Buffer.from(`${BYTE_ORDER_MARK}${script}`));
  return { script: target, folder, written: true };
}
