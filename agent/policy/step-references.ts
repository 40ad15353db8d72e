// Which content the steps of a task sequence name, and of which type it must be. Pure.
import type { ContentType } from '../content/manifest.ts';
import { isGroup, isKnownStep, type SequenceStep, type StepGroup } from './sequence-step.ts';

export interface StepReference {
  /** Where it stands, from the task sequence: `['steps', 2, 'content']`. */
  readonly path: readonly (string | number)[];
  readonly id: string;
  readonly type: ContentType;
  /** The step or a group of it is disabled: it must be there, but nobody needs its bytes. */
  readonly isDisabled: boolean;
}

/** @returns every content ID in steps of known types, in their order. */
export function stepReferences(steps: readonly SequenceStep[] = []): readonly StepReference[] {
  return within(steps, ['steps'], false);
}

function within(
  steps: readonly SequenceStep[],
  path: StepReference['path'],
  isDisabled: boolean,
): readonly StepReference[] {
  return steps.flatMap((step, index): readonly StepReference[] => {
    const off = isDisabled || step.disabled === true;
    if (isGroup(step)) return within(step.steps, [...path, index, 'steps'], off);
    return own(step).map(({ field, id, type }) => ({
      path: [...path, index, field],
      id,
      type,
      isDisabled: off,
    }));
  });
}

function own(
  step: Exclude<SequenceStep, StepGroup>,
): readonly { readonly field: string; readonly id: string; readonly type: ContentType }[] {
  if (!isKnownStep(step)) return [];
  switch (step.step) {
    case 'run-command':
    case 'run-powershell':
      return step.content === undefined ? [] : [{ field: 'content', id: step.content, type: 'package' }];
    case 'install-package':
      return [{ field: 'id', id: step.id, type: 'package' }];
    case 'install-application':
      return [{ field: 'id', id: step.id, type: 'application' }];
    default:
      return [];
  }
}
