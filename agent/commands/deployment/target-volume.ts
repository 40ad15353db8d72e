// The volume that takes the new Windows.
import type { Volume } from '../../machine/machine.ts';
import type { Plan } from '../../plan/plan.ts';
import type { RunContext } from './run-context.ts';

export async function targetVolume({ volume }: RunContext, _plan: Plan): Promise<Volume> {
  return volume;
}
