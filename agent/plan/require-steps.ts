// The steps of a task sequence, each in its place, or the refusal that names every one that cannot be carried out. Pure.
import { Fault } from '../fault/fault.ts';
import type { UserStateOrder } from '../policy/machine-record.ts';
import type { TaskSequence } from '../policy/policy.ts';
import { isKnownStep } from '../policy/sequence-step.ts';
import { defaultSteps } from './default-steps.ts';
import { flattenSteps } from './flatten-steps.ts';
import { type PlacedStep, placeSteps } from './place-steps.ts';

/**
 * @param role what this machine's record says of its user state, for the default sequence.
 * Faults: CONTENT-09 for a step of a type that this agent does not know, CONTENT-11 when the order cannot be carried out.
 */
export function requireSteps(
  { id, steps }: Pick<TaskSequence, 'id' | 'steps'>,
  role: UserStateOrder['role'] | undefined,
): readonly PlacedStep[] {
  const flat = flattenSteps(steps ?? defaultSteps(role));
  const unknown = flat.filter(each => !isKnownStep(each.step) && each.off === undefined);
  const [newer] = unknown;
  if (newer !== undefined)
    throw new Fault('CONTENT-09', newer.label, {
      taskSequence: id,
      found: newer.step.step,
      steps: unknown.map(each => each.label),
    });
  const { steps: placed, misplaced } = placeSteps(flat);
  const [first] = misplaced;
  if (first !== undefined)
    throw new Fault('CONTENT-11', first.label, {
      taskSequence: id,
      steps: misplaced.map(({ label, text }) => `${label} ${text}`),
    });
  return placed;
}
