// The steps of a task sequence as one list: what their groups say is said of each of them. Pure.
import type { Condition } from '../policy/condition.ts';
import {
  isGroup,
  isKnownStep,
  type KnownStep,
  type SequenceStep,
  type StepGroup,
  type UnknownStep,
} from '../policy/sequence-step.ts';

export interface FlatStep {
  readonly step: KnownStep | UnknownStep;
  /** Where it stands in the task sequence: `['steps', 2, 'steps', 0]`. */
  readonly path: readonly (string | number)[];
  /** `Group / Step` as the author named them; absent for a step without name and group. */
  readonly title?: string;
  /** What a message calls it: its title, with the type where that does not stand in it. */
  readonly label: string;
  /** Its own and its groups', the outermost first; all must hold. */
  readonly when: readonly Condition[];
  /** Its groups'; its own stands in `step`. */
  readonly groupContinuesOnError: boolean;
  /** Why it is not carried out on any machine: it or a group of it is disabled. */
  readonly off?: string;
}

export function flattenSteps(steps: readonly SequenceStep[]): readonly FlatStep[] {
  return within(steps, ['steps'], { names: [], when: [], continues: false });
}

interface Around {
  readonly names: readonly string[];
  readonly when: readonly Condition[];
  readonly continues: boolean;
  readonly off?: string;
}

function within(steps: readonly SequenceStep[], path: FlatStep['path'], around: Around): FlatStep[] {
  return steps.flatMap((step, index) => {
    const at = [...path, index];
    if (isGroup(step)) return within(step.steps, [...at, 'steps'], inside(step, around));
    return [flat(step, at, around)];
  });
}

function inside(group: StepGroup, { names, when, continues, off }: Around): Around {
  const disabled = group.disabled === true ? `group ${group.group} is disabled` : undefined;
  const why = off ?? disabled;
  return {
    names: [...names, group.group],
    when: group.when === undefined ? when : [...when, group.when],
    continues: continues || group.continueOnError === true,
    ...(why === undefined ? {} : { off: why }),
  };
}

function flat(step: KnownStep | UnknownStep, path: FlatStep['path'], around: Around): FlatStep {
  const { name } = step;
  const type = String(step.step);
  const when = isKnownStep(step) ? step.when : undefined;
  const off = around.off ?? (step.disabled === true ? 'disabled' : undefined);
  const title = [...around.names, name ?? type].join(' / ');
  return {
    step,
    path,
    label: name === undefined ? title : `${title} (${type})`,
    when: when === undefined ? around.when : [...around.when, when],
    groupContinuesOnError: around.continues,
    ...(name === undefined && around.names.length === 0 ? {} : { title }),
    ...(off === undefined ? {} : { off }),
  };
}
