// What the main thread and a worker say to each other, and how a fault crosses: as data, rebuilt on the other side.
import { Fault, type FaultRecord, faultRecord } from '../fault/fault.ts';
import type { JobName } from './worker-pool.ts';

/** Handed to a worker once, at its start. `stop[0]` becomes 1 when the running job shall stop: seen even by a job that never waits. */
export interface WorkerStart {
  readonly stop: Int32Array<SharedArrayBuffer>;
}

/** To the worker. At most one job runs at a time. */
export type ToWorker =
  | { readonly kind: 'run'; readonly job: number; readonly name: JobName; readonly input: unknown }
  | { readonly kind: 'stop'; readonly job: number }
  /** Comes when none runs. */
  | { readonly kind: 'forget' };

/** From the worker. */
export type FromWorker =
  | { readonly kind: 'advanced'; readonly job: number; readonly bytes: number }
  | { readonly kind: 'pauses'; readonly job: number; readonly fault: FaultData; readonly waitMs: number }
  | { readonly kind: 'done'; readonly job: number; readonly output: unknown }
  | { readonly kind: 'failed'; readonly job: number; readonly fault: FaultData }
  | { readonly kind: 'forgotten' };

/** A fault as structured-clone data. `stack` is the worker's, for the log of a BUG-01. */
export interface FaultData extends FaultRecord {
  readonly stack: string;
}

/** @returns the data of a fault. */
export function faultToData(fault: Fault): FaultData {
  const inner = fault.cause instanceof Error ? fault.cause : fault;
  return { ...faultRecord(fault), stack: inner.stack ?? '' };
}

/** @returns the same fault on this side: code, subject and detail; its causes as a chain of errors that say what theirs said. */
export function faultFromData(data: FaultData): Fault {
  const cause = data.causes.reduceRight<Error | undefined>((inner, text) => {
    const error = new Error(text, inner === undefined ? undefined : { cause: inner });
    // The text carries the class already; "Error: TypeError: ..." would be noise.
    error.name = 'InWorker';
    error.stack = data.stack;
    return error;
  }, undefined);
  return new Fault(data.code, data.subject, data.detail, { cause });
}
