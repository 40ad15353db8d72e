// What a job is: a function over plain data and the few things that a worker thread can lend it.
import type { DurableFiles } from '../durable/durable-files.ts';
import { Fault } from '../fault/fault.ts';
import type { JobAdvance, JobCatalogue, JobName, JobPause } from './worker-pool.ts';

/** What the thread lends to its jobs. */
export interface JobTools {
  /** PIECE_BYTES of memory, the job's own while it runs; jobs of one thread run one after the other. */
  readonly scratch: Uint8Array;
  readonly durable: DurableFiles;
  readonly advance: JobAdvance;
  /** To be told of each wait before it begins. */
  readonly onPause: JobPause;
  /** For jobs that wait. */
  readonly signal: AbortSignal;
  /** For jobs that compute without waiting: the same as `signal.aborted`, but seen without leaving the job. */
  readonly stopped: () => boolean;
  readonly remember: Remember;
}

/** What one job makes for those after it: made once for a name, and kept until the thread is told to forget, which calls `end`. */
export type Remember = <T>(name: string, make: () => T, end?: (made: T) => Promise<void>) => T;

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

/** What the jobs of one thread remember. `forget` must not be called while one runs. */
export function openMemory(): { readonly remember: Remember; forget(): Promise<void> } {
  const made = new Map<string, { readonly thing: unknown; end(): Promise<void> }>();
  return {
    remember: <T>(name: string, make: () => T, end: (made: T) => Promise<void> = async () => {}): T => {
      const known = made.get(name);
      // Whoever names a thing makes it; the map only forgot its type.
      if (known !== undefined) return known.thing as T;
      const thing = make();
      made.set(name, { thing, end: () => end(thing) });
      return thing;
    },
    async forget() {
      const all = [...made.values()];
      made.clear();
      await Promise.allSettled(all.map(each => each.end()));
    },
  };
}
