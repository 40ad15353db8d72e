// Work that is worth a thread of its own (hashing, fetching ranges) as named jobs over plain data, run in worker threads or in place.
import type { Extent } from '../disk-image/disk-image.ts';
import type { Fault } from '../fault/fault.ts';
import type { FaultData } from './job-messages.ts';

/** A file and its copy, absolute. `boundaries`: it is cut into chunks, also at these offsets. */
export interface FileToCopy {
  readonly from: string;
  readonly to: string;
  /** As `stampOf` gives it. */
  readonly stamp: string;
  readonly boundaries?: readonly number[];
}

/** What was written. `chunks` and the encoded `index` where it was cut. */
export interface CopiedFile {
  readonly size: number;
  readonly sha256: string;
  readonly chunks?: number;
  readonly index?: Uint8Array;
}

/** Bytes of a file. Path absolute. */
export interface FilePiece {
  readonly path: string;
  readonly offset: number;
  readonly length: number;
}

/** A frame of a pack: pieces one behind the other. `keep`: also when it does not compress. */
export interface FrameToPack {
  readonly pieces: readonly FilePiece[];
  readonly dictionary: readonly FilePiece[];
  readonly keep: boolean;
}

/** `dictionarySha256`: of the dictionary that was used. */
export interface PackedFrame {
  readonly packed: Uint8Array;
  readonly rawBytes: number;
  readonly dictionarySha256?: Uint8Array;
}

/** Where bytes belong: a whole small file, or a chunk at its offset. `live`: readers may see it while it is written. Path absolute. */
export interface UnitTarget {
  readonly path: string;
  readonly offset?: number;
  readonly live: boolean;
}

/** Bytes `[at, at + length)` of a frame, what proves them (32 bytes as Latin-1 text), and where they belong. */
export interface UnitToPlace {
  readonly at: number;
  readonly length: number;
  readonly digest: string;
  readonly targets: readonly UnitTarget[];
}

/** Everything a job may be told and may answer: structured-clone data. */
export interface JobCatalogue {
  /** SHA-256 of whole files. `undefined` for a file that is absent or not readable as a file. Paths absolute. */
  'hash-files': {
    readonly input: { readonly paths: readonly string[] };
    readonly output: { readonly sha256: readonly (string | undefined)[] };
  };
  /**
   * SHA-256 of files that lie in one disk image, each in pieces: `extents` of the image's bytes, `sparse` ones all zeros. `undefined` where
   * the image ends before a file does. Path absolute.
   */
  'hash-extents': {
    readonly input: {
      readonly path: string;
      readonly files: readonly { readonly extents: readonly Extent[] }[];
    };
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
  /**
   * Copies files to absent names and digests what was written, in one pass; nothing is durable before the trees are flushed. A file that does
   * not carry its stamp before and after is USAGE-13.
   */
  'copy-files': {
    readonly input: { readonly files: readonly FileToCopy[] };
    readonly output: { readonly files: readonly CopiedFile[] };
  };
  /** Compresses frames of a pack with zstd at this level. `undefined` for a frame that is not worth it. */
  'pack-frames': {
    readonly input: { readonly frames: readonly FrameToPack[]; readonly level: number };
    readonly output: { readonly frames: readonly (PackedFrame | undefined)[] };
  };
  /**
   * Inflates a frame of a pack, proves its units and puts them in place, one after the other: `placed` says how many. A file that is not live is not
   * flushed. `failure` is TRUST-17, by the first unit that is not what it should be. A frame whose dictionary does not lie here as it did
   * when the pack was made cannot be read, which is nobody's failure. A fault of the disk rejects the job.
   */
  'unpack-frame': {
    readonly input: {
      /** Shared memory is not copied; the caller leaves it alone until the job has ended. */
      readonly packed: Uint8Array;
      readonly rawBytes: number;
      readonly subject: string;
      readonly dictionary?:
        | { readonly pieces: readonly FilePiece[]; readonly sha256: Uint8Array }
        | undefined;
      readonly units: readonly UnitToPlace[];
    };
    readonly output: { readonly placed: number; readonly failure?: FaultData };
  };
  /**
   * Fetches runs of chunks of one file from a source, proves each chunk and writes it at its place in `to` (made when absent); flushed to
   * the end where it is `live`.
   * When runs are left, `failure` says why; a fault of the disk rejects the job.
   */
  'fetch-ranges': {
    readonly input: {
      readonly source: { readonly url: string; readonly priority: number; readonly ca?: string };
      readonly settings: {
        readonly retryCount: number;
        readonly retryDelayMs: number;
        readonly connections: number;
        readonly leastBytesPerSecond: number;
        readonly stallTimeoutMs: number;
        readonly longestWaitMs?: number | undefined;
        /** The limits of the run, and the account that all its threads draw on. */
        readonly bandwidth?:
          | {
              readonly windows: readonly {
                readonly fromMinute: number;
                readonly toMinute: number;
                readonly bytesPerSecond: number;
              }[];
              readonly account: SharedArrayBuffer;
            }
          | undefined;
      };
      readonly from: string;
      readonly subject: string;
      readonly index: Uint8Array;
      readonly offsets: Float64Array;
      readonly runs: readonly { readonly first: number; readonly last: number }[];
      readonly to: string;
      readonly gapBytes: number;
      readonly live: boolean;
      readonly whole: boolean;
    };
    readonly output: {
      readonly fetchedBytes: number;
      readonly unflushedBytes: number;
      readonly left: readonly { readonly first: number; readonly last: number }[];
      readonly failure?: FaultData;
    };
  };
}

export type JobName = keyof JobCatalogue;

/** Progress of a running job, in bytes since the last call. */
export type JobAdvance = (bytes: number) => void;

/** A job waits so long before it does again what failed. */
export type JobPause = (fault: Fault, waitMs: number) => void;

export interface JobOptions {
  readonly signal?: AbortSignal;
  readonly advance?: JobAdvance;
  readonly onPause?: JobPause | undefined;
  /** What the job remembers is of use to others of the same name: they go to the same thread, when it is free. */
  readonly near?: string;
}

/** A place where jobs run. `size` is how many run at once: split work by it. */
export interface WorkerPool {
  readonly size: number;
  /** Work is coming soon: what takes time before the first job can run begins now. */
  prepare(): void;
  /** Rejects with the job's Fault, or STOP-01 when `signal` aborts. */
  run<N extends JobName>(
    name: N,
    input: JobCatalogue[N]['input'],
    options?: JobOptions,
  ): Promise<JobCatalogue[N]['output']>;
  /** Threads let go of what their jobs remember, those that are at work afterwards. */
  forget(): Promise<void>;
  close(): Promise<void>;
}
