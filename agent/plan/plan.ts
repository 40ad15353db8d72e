// The plan: what a deployment will do to this machine, as data. It is printed, journaled and carried out; nothing else decides.
import type { ContentReference } from '../content/manifest.ts';

/** Outcome of one item of the task-sequence cache, the same word in table, log and report. */
export type Outcome = 'present' | 'changed' | 'damaged' | 'missing';

/** One row of the content table. Bytes: what is there, what local bytes can be reused, what must be fetched. */
export interface PlannedItem {
  readonly reference: ContentReference;
  readonly outcome: Outcome;
  readonly presentBytes: number;
  readonly reusableBytes: number;
  readonly fetchBytes: number;
  /** Bytes of chunk indexes that the survey fetched, so that it could tell what can be reused. */
  readonly indexBytes?: number;
  /** The version that lies in the cache now, where it is another. */
  readonly cachedVersion?: string;
  /** Digest of the manifest that describes what lies in the cache now. */
  readonly cachedDigest?: string;
}

/** The WinPE part of a deployment, then the full OS's. Each action is carried out by the step of its name. */
export type Action =
  | { readonly name: 'acquire-content'; readonly id: string }
  | { readonly name: 'verify-image'; readonly id: string }
  | {
      readonly name: 'apply-image';
      readonly id: string;
      readonly file: string;
      readonly index: number;
      readonly digest: string;
      readonly totalBytes: number;
    }
  | { readonly name: 'add-drivers'; readonly id: string }
  | { readonly name: 'stage-agent' }
  | { readonly name: 'write-unattend' }
  | { readonly name: 'make-bootable' }
  | { readonly name: 'hand-over' }
  | { readonly name: 'install-package'; readonly id: string }
  | { readonly name: 'install-application'; readonly id: string }
  | { readonly name: 'retire-media' };

export type ActionName = Action['name'];

/** Where an action runs. */
export type Phase = 'winpe' | 'full-os';

export interface Plan {
  readonly format: 'prestage-plan/1';
  readonly mediaId: string;
  readonly policy: { readonly serial: number; readonly digest: string };
  readonly deployment: string;
  readonly taskSequence: { readonly id: string; readonly name: string };
  /** The volume that holds the media and takes the new Windows, by its GUID. */
  readonly volume: string;
  readonly items: readonly PlannedItem[];
  readonly actions: readonly Action[];
}

const FULL_OS: ReadonlySet<ActionName> = new Set<ActionName>([
  'install-package',
  'install-application',
  'retire-media',
]);

/** @returns where `action` runs. */
export function phaseOf(action: Action): Phase {
  return FULL_OS.has(action.name) ? 'full-os' : 'winpe';
}

/** The action's name in the journal: stable over runs, unique in a plan. */
export function actionKey(action: Action): string {
  return 'id' in action ? `${action.name}:${action.id}` : action.name;
}

/** Sums over the content table, in bytes. */
export function planBytes(plan: Pick<Plan, 'items'>): {
  readonly total: number;
  readonly present: number;
  readonly reusable: number;
  readonly fetch: number;
} {
  let total = 0;
  let present = 0;
  let reusable = 0;
  let fetch = 0;
  for (const item of plan.items) {
    total += item.reference.totalBytes;
    present += item.presentBytes;
    reusable += item.reusableBytes;
    fetch += item.fetchBytes;
  }
  return { total, present, reusable, fetch };
}
