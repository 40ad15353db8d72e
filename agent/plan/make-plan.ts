// Makes the plan: a pure function of policy, survey and the machine's volume. Equal inputs give an equal plan.
import type { ContentReference } from '../content/manifest.ts';
import type { Install } from './install-order.ts';
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
    readonly driverPackages: readonly string[];
    /** In order of installation, dependencies included. */
    readonly installs: readonly Install[];
  };
  /** Every item that the task sequence needs, surveyed, in the order of the table. */
  readonly items: readonly PlannedItem[];
  /** The OS image's file in its item, and the bytes that applying it writes. */
  readonly image: { readonly file: string; readonly totalBytes: number };
}

/** @returns the ordered actions, content first, arming (hand-over) last before the restart, cleaning up last of all. */
export function makePlan(input: PlanInput): Plan {
  const { taskSequence } = input;
  const image = referenceOf(input.items, taskSequence.osImage.id);
  const incomplete = input.items.filter(item => item.outcome !== 'present');
  const actions: Action[] = [
    ...incomplete.map((item): Action => ({ name: 'acquire-content', id: item.reference.id })),
    // An image that was fetched or mended in this run is proven once more as a whole before anything is wiped for it.
    ...(incomplete.some(item => item.reference.id === image.id)
      ? [{ name: 'verify-image', id: image.id } as const]
      : []),
    {
      name: 'apply-image',
      id: image.id,
      file: input.image.file,
      index: taskSequence.osImage.index,
      digest: image.digest,
      totalBytes: input.image.totalBytes,
    },
    ...taskSequence.driverPackages.map((id): Action => ({ name: 'add-drivers', id })),
    { name: 'stage-agent' },
    { name: 'write-unattend' },
    { name: 'make-bootable' },
    { name: 'hand-over' },
    ...taskSequence.installs.map(({ id, kind }): Action => ({ name: `install-${kind}`, id })),
    { name: 'retire-media' },
  ];
  return {
    format: 'prestage-plan/1',
    mediaId: input.mediaId,
    policy: input.policy,
    deployment: input.deployment,
    taskSequence: { id: taskSequence.id, name: taskSequence.name },
    volume: input.volume,
    items: input.items,
    actions,
  };
}

function referenceOf(items: readonly PlannedItem[], id: string): ContentReference {
  const item = items.find(candidate => candidate.reference.id === id);
  // The policy decoder proves that every reference resolves; reaching this is a defect of the caller.
  if (item === undefined) throw new Error(`the survey lacks ${id}`);
  return item.reference;
}
