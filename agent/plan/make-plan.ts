// Makes the plan: a pure function of policy, survey and the machine's volume. Equal inputs give an equal plan.
import type { ContentReference } from '../content/manifest.ts';
import type { CompiledAction, CompiledSequence } from './compile-steps.ts';
import type { Action, Plan, PlannedItem } from './plan.ts';

export interface PlanInput {
  readonly mediaId: string;
  readonly volume: string;
  readonly policy: { readonly serial: number; readonly digest: string };
  readonly deployment: string;
  readonly taskSequence: {
    readonly id: string;
    readonly name: string;
    readonly osImage: { readonly id: string; readonly index: number };
    readonly compiled: CompiledSequence;
  };
  /** Every item that the task sequence needs, surveyed, in the order of the table. */
  readonly items: readonly PlannedItem[];
  /** The OS image's file in its item, and the bytes that applying it writes. */
  readonly image: { readonly file: string; readonly totalBytes: number };
}

/** @returns the plan: the sequence's actions with the content and the image that they are about. */
export function makePlan(input: PlanInput): Plan {
  const { taskSequence, items } = input;
  const { actions, target } = taskSequence.compiled;
  return {
    format: 'prestage-plan/1',
    mediaId: input.mediaId,
    policy: input.policy,
    deployment: input.deployment,
    taskSequence: { id: taskSequence.id, name: taskSequence.name },
    volume: input.volume,
    ...(target === undefined ? {} : { target }),
    items,
    actions: actions.flatMap(action => actionsOf(action, input)),
  };
}

function actionsOf(
  action: CompiledAction,
  { items, taskSequence: { osImage }, image }: PlanInput,
): readonly Action[] {
  const { digest } = referenceOf(items, osImage.id);
  const control = action.control === undefined ? {} : { control: action.control };
  if (action.name === 'apply-os-image') {
    const { file, totalBytes } = image;
    const { id, index } = osImage;
    return [{ name: 'apply-image', id, file, index, digest, totalBytes, ...control }];
  }
  if (action.name !== 'download-content') return [action];
  const incomplete = items.filter(item => item.outcome !== 'present').map(item => item.reference.id);
  return [
    ...incomplete.map((id): Action => ({ name: 'acquire-content', id, ...control })),
    // An image that was fetched or mended in this run is proven once more as a whole before anything is wiped for it.
    ...(incomplete.includes(osImage.id)
      ? [{ name: 'verify-image', id: osImage.id, ...control } as const]
      : []),
  ];
}

function referenceOf(items: readonly PlannedItem[], id: string): ContentReference {
  const item = items.find(candidate => candidate.reference.id === id);
  // The policy decoder proves that every reference resolves; reaching this is a defect of the caller.
  if (item === undefined) throw new Error(`the survey lacks ${id}`);
  return item.reference;
}
