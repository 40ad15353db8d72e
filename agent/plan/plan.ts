// The plan: what a deployment will do to this machine, as data. It is printed, journaled and carried out; nothing else decides.
import type { ContentReference } from '../content/manifest.ts';
import type { Condition } from '../policy/condition.ts';

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
  /** Nothing of another version in the cache is used: the whole comes from a distribution point (OSDUseAlreadyDeployedImage = False). */
  readonly whole?: true;
}

/** Where an action runs. */
export type Phase = 'winpe' | 'full-os';

/** How the author of a task sequence wants an action carried out. Absent: once, and a failure ends the run. */
export interface ActionControl {
  /** The step's own name, for people. */
  readonly title?: string;
  /** For actions that can run in either system. */
  readonly phase?: Phase;
  /** All must hold at the moment when the action's turn comes; its own and its groups'. */
  readonly when?: readonly Condition[];
  /** Why the action is not carried out whatever the machine says: disabled, or a condition that cannot hold on this machine. */
  readonly skip?: string;
  readonly continueOnError?: boolean;
  readonly retry?: { readonly attempts: number; readonly delaySeconds: number };
  readonly timeoutMinutes?: number;
  /** Tells actions of one name apart, stable while the step is written as it is: first hex digits of the digest of the step. */
  readonly mark?: string;
}

/** What is to be done. Each is carried out by the step of its name. Text is as authored: variables are expanded when its turn comes. */
export type Task =
  | { readonly name: 'acquire-content'; readonly id: string }
  | { readonly name: 'verify-image'; readonly id: string }
  | { readonly name: 'validate-media' }
  | {
      readonly name: 'partition-disk';
      readonly disk: {
        readonly minGB?: number | undefined;
        readonly maxGB?: number | undefined;
        readonly bus?: readonly string[] | undefined;
      };
    }
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
  /** SYSTEM-and-Administrators-only rights on cache, journal and staged agent, before anything is armed. */
  | { readonly name: 'protect-folders' }
  | { readonly name: 'hand-over' }
  | {
      readonly name: 'run-command';
      readonly command: string;
      readonly content?: string;
      readonly startIn?: string;
      readonly successCodes?: readonly number[];
    }
  | {
      readonly name: 'run-powershell';
      readonly script?: string;
      readonly file?: string;
      readonly parameters?: string;
      readonly content?: string;
      readonly successCodes?: readonly number[];
    }
  | { readonly name: 'set-variable'; readonly variable: string; readonly value: string }
  | { readonly name: 'restart'; readonly to: 'winpe' | 'full-os' }
  | { readonly name: 'capture-user-state' }
  | { readonly name: 'restore-user-state' }
  | { readonly name: 'send-status'; readonly message: string }
  | { readonly name: 'copy-logs'; readonly to: string }
  | { readonly name: 'install-package'; readonly id: string }
  | { readonly name: 'install-application'; readonly id: string }
  | { readonly name: 'retire-media' };

export type Action = Task & { readonly control?: ActionControl };

/** The volume that takes Windows: the media's own, the one that partition-disk makes (the media's own where that is skipped), or one by its label. */
export type TargetChoice = 'media' | 'partitioned' | { readonly label: string };

export type ActionName = Action['name'];

export interface Plan {
  readonly format: 'prestage-plan/1';
  readonly mediaId: string;
  readonly policy: { readonly serial: number; readonly digest: string };
  readonly deployment: string;
  readonly taskSequence: { readonly id: string; readonly name: string };
  /** The volume that holds the media, by its GUID. */
  readonly volume: string;
  /** What takes the new Windows; the media volume itself when absent. */
  readonly target?: TargetChoice;
  readonly items: readonly PlannedItem[];
  readonly actions: readonly Action[];
}

const FULL_OS: ReadonlySet<ActionName> = new Set<ActionName>([
  'run-powershell',
  'restore-user-state',
  'install-package',
  'install-application',
  'retire-media',
]);

/** @returns where `action` runs. */
export function phaseOf(action: Action): Phase {
  return action.control?.phase ?? (FULL_OS.has(action.name) ? 'full-os' : 'winpe');
}

/** The action's name in the journal: stable over runs, unique in a plan. */
export function actionKey(action: Action): string {
  const name = 'id' in action ? `${action.name}:${action.id}` : action.name;
  return action.control?.mark === undefined ? name : `${name}#${action.control.mark}`;
}

/** The action as a person is told of it: as its author calls it, with its item, because one step may have several. */
export function actionText(action: Action): string {
  return actionTextOf(actionKey(action), action.control?.title);
}

/** As `actionText`, for the name that the journal has. */
export function actionTextOf(key: string, title: string | undefined): string {
  const name = key.replace(MARK, '');
  if (title === undefined) return name;
  const item = name.indexOf(':');
  return item === -1 ? title : `${title}: ${name.slice(item + 1)}`;
}

/** What tells equal steps apart says nothing to a person. */
const MARK = /#[^#]*$/;

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
