// What would stop the hand-over, as far as it can be seen before anything is changed: by then the old Windows would be gone.
import { Fault } from '../fault/fault.ts';
import { requireRights } from '../machine/require-rights.ts';
import type { ActionName } from '../plan/plan.ts';
import type { StepWorld } from './step-world.ts';
import { readAnswers } from './unattend-answers.ts';

/** Actions of WinPE after which variables may be others than now. */
const SETS_VARIABLES: ReadonlySet<ActionName> = new Set<ActionName>(['set-variable', 'run-command']);

/** @returns CONTENT-12 for an answer that no later step can still put right, DISK-06 for a cache on a file system without rights. */
export async function handOverObstacles(
  world: Pick<StepWorld, 'layout' | 'machine' | 'plan' | 'record' | 'variables'>,
): Promise<readonly Fault[]> {
  return [unusableAnswer(world), await noRights(world)].filter(fault => fault !== undefined);
}

function unusableAnswer({
  plan,
  record,
  variables,
}: Pick<StepWorld, 'plan' | 'record' | 'variables'>): Fault | undefined {
  const at = plan.actions.findIndex(
    ({ name, control }) => name === 'write-unattend' && control?.skip === undefined,
  );
  if (at < 0 || plan.actions.slice(0, at).some(({ name }) => SETS_VARIABLES.has(name))) return undefined;
  return faultOf(() => void readAnswers({ variables: variables.now(), record }));
}

async function noRights({ layout, machine, plan }: Pick<StepWorld, 'layout' | 'machine' | 'plan'>) {
  if (!plan.actions.some(({ name }) => name === 'protect-folders')) return undefined;
  const volumes = await machine.volumes();
  return faultOf(() => requireRights(layout.root, volumes));
}

function faultOf(check: () => void): Fault | undefined {
  try {
    check();
    return undefined;
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown;
    throw thrown;
  }
}
