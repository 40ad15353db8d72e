// What the journal can say. One record a line; the report is a fold over them, and no second bookkeeping exists.
import { z } from 'zod';
import type { BriefFacts, MachineFacts } from '../facts/machine-facts.ts';
import type { FaultRecord } from '../fault/fault.ts';
import type { JudgedReceipt } from '../media/judge-receipt.ts';
import type { Plan } from '../plan/plan.ts';
import type { Boundary } from '../policy/boundary.ts';

/** Name of an action in the journal: `acquire-content:ABC00012`. */
export type ActionKey = string;

/** What one action came to, for the report. Bytes for transfers, the exit code for installers. */
export interface ActionResult {
  readonly presentBytes?: number;
  readonly reusedBytes?: number;
  readonly fetchedBytes?: number;
  readonly indexBytes?: number;
  readonly bySource?: Readonly<Record<string, number>>;
  readonly exitCode?: number;
  readonly attempts?: number;
  readonly restart?: 'soft' | 'hard';
  readonly log?: string;
  /** Why nothing had to be done: the machine said that it is done already. */
  readonly alreadyDone?: boolean;
  /** What did not go as wished but did not stop the deployment, a sentence. */
  readonly warning?: string;
  /** Why the action was not carried out: disabled, or a condition that did not hold. */
  readonly skipped?: string;
  /** The fault after which the sequence went on, as its author wished. */
  readonly failed?: FaultRecord;
  /** The rehearsal machine recorded the command instead of running it. */
  readonly rehearsed?: boolean;
  /** The action goes on after the restart that it asks for: the engine does not journal it as finished. Never in the journal itself. */
  readonly resumes?: boolean;
}

export type JournalEntry =
  | {
      readonly type: 'run-started';
      readonly command: 'deploy' | 'continue';
      readonly version: string;
      readonly system: MachineFacts['system'];
      /** Drawn by lot: with the time it tells this deployment from all others before the computer has said what it is. */
      readonly lot?: string;
      /** Servers whose certificate is not verified in this run. */
      readonly unverifiedTls?: readonly string[];
    }
  | {
      readonly type: 'media-verified';
      readonly mediaId: string;
      readonly name: string;
      readonly site: string;
      readonly keyId: string;
      readonly validUntil: string;
      readonly createdBy: string;
    }
  | ({ readonly type: 'receipt-judged' } & JudgedReceipt)
  | { readonly type: 'machine'; readonly facts: BriefFacts }
  | {
      readonly type: 'policy-accepted';
      readonly serial: number;
      readonly digest: string;
      readonly from: string;
      readonly deployment: string;
      readonly taskSequence: string;
      /** Absent where policy has no boundary groups. */
      readonly boundary?: Pick<Boundary, 'groups' | 'neighbours'>;
    }
  | {
      readonly type: 'image-validated';
      readonly id: string;
      readonly file: string;
      readonly chunks: number;
      readonly bad: readonly BadRangeRecord[];
    }
  | { readonly type: 'stage-finished'; readonly stage: string; readonly seconds: number }
  | { readonly type: 'plan'; readonly plan: Plan }
  | { readonly type: 'action-started'; readonly action: ActionKey }
  /** `seconds` since the action's last record in this run: of a retried one, of the last attempt. */
  | {
      readonly type: 'action-finished';
      readonly action: ActionKey;
      readonly seconds: number;
      readonly result: ActionResult;
    }
  /** `seconds` of this attempt and the wait before it; journals of earlier versions have none. */
  | {
      readonly type: 'action-failed';
      readonly action: ActionKey;
      readonly seconds?: number;
      readonly fault: FaultRecord;
    }
  /** A command of an item (counted from 1) is about to run; and it has ended as it should. Between them the computer may have gone down. */
  | { readonly type: 'command-started'; readonly action: ActionKey; readonly command: number }
  | {
      readonly type: 'command-finished';
      readonly action: ActionKey;
      readonly command: number;
      readonly exitCode: number;
    }
  /** Variables that a step or the prestart command set; `by` is the action or `prestart`. Of secret ones only the name is written. */
  | {
      readonly type: 'variables-set';
      readonly by: string;
      readonly values: Readonly<Record<string, string>>;
      readonly secret?: readonly string[];
    }
  /** `by` is the action; journals of earlier versions have none. */
  | {
      readonly type: 'partitioned';
      readonly disk: number;
      readonly volume: string;
      readonly by?: ActionKey;
    }
  /** What a send-status step says. */
  | { readonly type: 'status'; readonly message: string }
  | { readonly type: 'restart-asked'; readonly by: string; readonly kind: 'soft' | 'hard' }
  /** Journals of earlier versions do not say what memory it took. */
  | { readonly type: 'run-failed'; readonly fault: FaultRecord; readonly peakMemoryBytes?: number }
  | {
      readonly type: 'run-finished';
      readonly command: 'deploy' | 'continue';
      readonly peakMemoryBytes: number;
      readonly seconds: number;
    }
  | { readonly type: 'completed' };

/** A range of the OS image that did not match: offset and length in bytes, digests in hex. */
export interface BadRangeRecord {
  readonly file: string;
  readonly offset: number;
  readonly length: number;
  readonly expected: string;
  readonly found: string;
}

/** An entry as it stands in the journal: with its number and time (ISO 8601, the machine's clock). */
export type JournalRecord = JournalEntry & { readonly n: number; readonly at: string };

/** What is checked of a line that a checksum already vouches for: its frame. The disk is the agent's own, the checksum tells rot from truth. */
export const journalFrame = z.looseObject({ type: z.string(), n: z.int().nonnegative(), at: z.string() });
