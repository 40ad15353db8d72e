// Work that is worth a thread of its own (hashing, fetching ranges) as named jobs over plain data, run in worker threads or in place.

/** Everything a job may be told and may answer: structured-clone data. */
export interface JobCatalogue {
  /** SHA-256 of whole files. `undefined` for a file that is absent or not readable as a file. Paths absolute. */
  'hash-files': {
    readonly input: { readonly paths: readonly string[] };
    readonly output: { readonly sha256: readonly (string | undefined)[] };
  };
  /**
   * Hashes chunks `[first, last)` of a file against its chunk index (the encoded bytes; a SharedArrayBuffer view when large).
   * Answers the numbers of the chunks that do not match, with what was found (hex; empty text where the file ends before the chunk does).
   */
  'check-chunks': {
    readonly input: {
      readonly path: string;
      readonly index: Uint8Array;
      readonly first: number;
      readonly last: number;
    };
    readonly output: { readonly bad: readonly { readonly chunk: number; readonly found: string }[] };
  };
  /** Cuts a file into content-defined chunks and hashes each and the whole; answers the encoded chunk index. */
  'chunk-file': {
    readonly input: { readonly path: string; readonly boundaries?: readonly number[] };
    readonly output: {
      readonly size: number;
      readonly sha256: string;
      readonly chunks: number;
      readonly index: Uint8Array;
    };
  };
}

export type JobName = keyof JobCatalogue;

/** Progress of a running job, in bytes since the last call. */
export type JobAdvance = (bytes: number) => void;

/** A place where jobs run. `size` is how many run at once: split work by it. */
export interface WorkerPool {
  readonly size: number;
  /** Rejects with the job's Fault, or STOP-01 when `signal` aborts. */
  run<N extends JobName>(
    name: N,
    input: JobCatalogue[N]['input'],
    options?: { readonly signal?: AbortSignal; readonly advance?: JobAdvance },
  ): Promise<JobCatalogue[N]['output']>;
  close(): Promise<void>;
}
