// A case of a task sequence: machine in, site in, machine out. Played by play-sequence.ts with the real executable, from media to cleaned full OS.
import type { Words } from './judge.ts';
import type { MachineCase } from './machine-case.ts';
import type { Change, Document } from './world.ts';

/** What the case's site and machine say besides what the small site says. */
export interface Given {
  /** Fields of the task sequence CON00020, `steps` above all. */
  readonly sequence?: Document;
  /** In place of the one deployment; each is completed from it. */
  readonly deployments?: readonly Document[];
  /** Of content items, by ID: which machines each is for. */
  readonly hardware?: Readonly<Record<string, Document>>;
  /** Other fields of policy. */
  readonly policy?: Document;
  /** Fields of the media manifest. */
  readonly media?: Document;
  /** `machine.json`: the computer. */
  readonly machine?: Document;
  /** `exit-codes.json`: how programs end, by command line. */
  readonly exitCodes?: Readonly<Record<string, number | 'timeout' | readonly (number | 'timeout')[]>>;
  readonly world?: Change;
}

/** What a deployment leaves. */
export interface Outcome {
  /** Words that `deploy` is given besides. */
  readonly deploy?: readonly string[];
  /** Exit codes of deploy, then of each start of continue; 3 and 0 when left out. A deploy that ends with 3 in WinPE is started again while `deploys` says so. */
  readonly codes?: readonly number[];
  /** Starts of deploy before the hand-over; 1 when left out. */
  readonly deploys?: number;
  /** The programs that ran, in order, as recorded. */
  readonly ran?: readonly Words[];
  /** What the answer file holds before the new Windows reads it; `no` what it must not. */
  readonly answers?: readonly Words[];
  readonly noAnswers?: readonly Words[];
  /** Actions of the report by the beginning of their key: how they ended. */
  readonly actions?: Readonly<Record<string, 'finished' | 'skipped' | 'failed' | 'absent'>>;
  /** Kinds of records in commands.ndjson, in order, programs apart. */
  readonly recorded?: readonly string[];
  /** Files of the disk at the end: what they hold, or that they are absent. */
  readonly files?: Readonly<Record<string, Words | 'absent'>>;
  /** On the screen or in the result of deploy or continue. */
  readonly says?: readonly Words[];
  readonly report?: Document;
}

export interface SequenceCase {
  readonly title: string;
  readonly given: Given;
  readonly out: Outcome;
}

/** A case in which nothing may be carried out. */
export type RefusalCase = Omit<MachineCase, 'world'> & { readonly given: Given };
