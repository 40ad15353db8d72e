// What a job is: a function over plain data and the few things that a worker thread can lend it.
import type { DurableFiles } from '../durable/durable-files.ts';
import { Fault } from '../fault/fault.ts';
import type { JobAdvance, JobCatalogue, JobName } from './worker-pool.ts';

/** What the thread lends to its jobs. */
export interface JobTools {
  /** PIECE_BYTES of memory, the job's own while it runs; jobs of one thread run one after the other. */
  readonly scratch: Uint8Array;
  readonly durable: DurableFiles;
  readonly advance: JobAdvance;
  /** For jobs that wait. */
  readonly signal: AbortSignal;
  /** For jobs that compute without waiting: the same as `signal.aborted`, but seen without leaving the job. */
  readonly stopped: () => boolean;
  /** What one job makes for those after it: made once for a name, and kept as long as the thread. */
  readonly remember: <T>(name: string, make: () => T) => T;
}

export type Job<N extends JobName> = (
  input: JobCatalogue[N]['input'],
  tools: JobTools,
) => JobCatalogue[N]['output'] | Promise<JobCatalogue[N]['output']>;

/** Jobs by name. */
export type JobTable<Names extends JobName = JobName> = { readonly [N in Names]: Job<N> };

/** Throws STOP-01 when the run was asked to stop. */
export function stopIfAsked(tools: Pick<JobTools, 'stopped'>, subject: string): void {
  if (tools.stopped()) throw new Fault('STOP-01', subject);
}

/** @returns the job of that name; a table without it is a defect of whoever made the pool. */
export function jobNamed<N extends JobName>(jobs: Partial<JobTable>, name: N): Job<N> {
  const job: Job<N> | undefined = jobs[name];
  if (job === undefined) throw new Error(`no job is called ${name}`);
  return job;
}

/** @returns `remember` of a thread. */
export function openMemory(): JobTools['remember'] {
  const made = new Map<string, unknown>();
  return <T>(name: string, make: () => T): T => {
    if (!made.has(name)) made.set(name, make());
    // Whoever names a thing makes it; the map only forgot its type.
    return made.get(name) as T;
  };
}
