// The report's shape: what a deployment came to, as data. Everything in it is folded from the journal.

import type { BriefFacts } from '../facts/machine-facts.ts';
import type { FaultRecord } from '../fault/fault.ts';
import type { ActionResult, BadRangeRecord } from '../journal/record.ts';
import type { JudgedReceipt } from '../media/judge-receipt.ts';
import type { Outcome } from '../plan/plan.ts';
import type { Boundary } from '../policy/boundary.ts';

/** One content item: how it was found and what making it whole took, in bytes. */
export interface ReportItem {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly version: string;
  readonly cachedVersion?: string;
  /** As the first survey of this deployment found it. */
  readonly outcome: Outcome;
  readonly totalBytes: number;
  readonly presentBytes: number;
  readonly reusedBytes: number;
  readonly fetchedBytes: number;
  readonly bySource: Readonly<Record<string, number>>;
}

export interface ReportAction {
  readonly action: string;
  /** Name of the step, where its author gave one. */
  readonly title?: string;
  /** `failed` also for one after which the sequence went on: then `result.failed` is its fault. */
  readonly state: 'finished' | 'skipped' | 'failed' | 'cut' | 'waiting';
  readonly seconds: number;
  /** How often it was started over all runs. */
  readonly starts: number;
  readonly result?: ActionResult;
  /** Of the last attempt, where the state is `failed` and the run has ended with it. */
  readonly fault?: Pick<FaultRecord, 'code' | 'title' | 'subject'>;
}

export interface Report {
  readonly format: 'prestage-report/1';
  readonly version: string;
  /** `handed-over`: the new Windows is the default and continues after the restart. `refused` is a fault of trust or usage, `failed` any other. */
  readonly outcome: 'completed' | 'handed-over' | 'running' | 'refused' | 'failed';
  readonly media?: {
    readonly mediaId: string;
    readonly name: string;
    readonly site: string;
    readonly keyId: string;
    readonly validUntil: string;
    readonly createdBy: string;
  };
  /** Whether a depot has vouched for the disk; absent where the media names no depot. */
  readonly receipt?: JudgedReceipt;
  /** INSECURE: servers whose certificate was not verified in at least one run. Absent where every certificate was. */
  readonly unverifiedTls?: readonly string[];
  readonly machine?: BriefFacts;
  readonly policy?: {
    readonly serial: number;
    readonly from: string;
    readonly deployment: string;
    readonly taskSequence: string;
    /** The boundary groups that hold the computer, and why; absent where policy has none. */
    readonly boundary?: Pick<Boundary, 'groups' | 'neighbours'>;
  };
  readonly image?: {
    readonly id: string;
    readonly file: string;
    readonly chunks: number;
    readonly bad: readonly BadRangeRecord[];
  };
  readonly items: readonly ReportItem[];
  readonly byOutcome: Readonly<Record<Outcome, number>>;
  readonly bytes: {
    readonly total: number;
    readonly present: number;
    readonly reused: number;
    readonly fetched: number;
    readonly indexes: number;
  };
  /** Wall seconds by stage, over all runs; stages overlap, so they may add up to more than the whole. */
  readonly stages: Readonly<Record<string, number>>;
  readonly actions: readonly ReportAction[];
  readonly runs: number;
  readonly restartPending: boolean;
  readonly peakMemoryBytes: number;
  readonly began?: string;
  readonly ended?: string;
  readonly faults: readonly (FaultRecord & { readonly at: string })[];
}
