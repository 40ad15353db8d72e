// A source of content: something that gives bytes by path. It is never trusted; what comes from it is proven by digest.

import type { AddressAccess } from './http/access.ts';

/** Bytes `[start, end)` of a file. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** How near a source is, nearest first: on a disk of this machine or plugged in, in the machine's own boundary, in a neighbour of it, everybody's. */
export const SOURCE_LEVELS = ['local', 'boundary', 'neighbour', 'default'] as const;
export type SourceLevel = (typeof SOURCE_LEVELS)[number];

/** What it takes to open a source, as plain data that a worker thread can be told. */
export interface SourceAddress extends AddressAccess {
  /** `http:`, `https:` or `file:` URL, UNC path or absolute path. No credentials. */
  readonly url: string;
  readonly priority: number;
  /** Unless given, `local` for a folder of this machine and `default` for everything else. */
  readonly level?: SourceLevel;
  /** Below the address there are files of content alone, under names of another kind (template-source.ts). */
  readonly template?: string | undefined;
}

/** A distribution point, a share or a folder. All paths are relative, `/` between names, not URL-encoded. */
export interface Source {
  /** For people and logs: the address without credentials. */
  readonly name: string;
  /** Lower is asked first, among those of one level. */
  readonly priority: number;
  /** As the address gives it. */
  readonly level?: SourceLevel;
  /** How another thread opens the same source for itself; undefined for a source that only this thread can read. */
  readonly address?: SourceAddress | undefined;
  /**
   * The whole of a small document. Faults: TRUST-08 when longer than `maxBytes` (refused before it is kept), NET-*, CONTENT-08.
   */
  readDocument(path: string, options: DocumentOptions): Promise<Uint8Array>;
  /**
   * Streams bytes of a file, in order, as they arrive. Without `range`, the whole file. `validator` is what an earlier call answered: when the file is no longer
   * that one, NET-11 and no bytes. The source may be unable to honour a range: then NET-08 with `detail.wholeOnly = true`, and the caller may ask for the whole.
   * Never yields more than asked for. `expectedSize` is the size that the manifest names; a file of another size is NET-07 at once.
   */
  read(path: string, options: ReadOptions): Promise<SourceStream>;
  /** The latest time that the server told with an answer; nobody vouches for it. undefined before the first answer. Absent for folders. */
  lastDate?(): Date | undefined;
  /**
   * Posts a small JSON document to `path` and answers the HTTP status; nothing is retried. Absent for folders, which nobody listens behind.
   * Faults: NET-* when there is no answer within `timeoutMs`, STOP-01.
   */
  post?(
    path: string,
    document: Uint8Array,
    options: {
      readonly timeoutMs: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly signal?: AbortSignal;
    },
  ): Promise<number>;
  /** From now on at most so many connections, and never more than its settings say; those at rest beyond so many are ended. Absent where there are none. */
  limitConnections?(most: number): Promise<void>;
  /** Ends the connections at rest: others are to have them. */
  letGo?(): Promise<void>;
  close(): Promise<void>;
}

export interface DocumentOptions {
  readonly maxBytes: number;
  readonly signal?: AbortSignal;
  /** Called when the answer begins, before its bytes. */
  readonly onAnswer?: () => void;
}

export interface ReadOptions {
  readonly range?: ByteRange;
  readonly validator?: string;
  readonly expectedSize: number;
  readonly signal?: AbortSignal;
}

export interface SourceStream {
  /** ETag (strong) or Last-Modified, to tie later ranges to the same file; undefined when the source has none. */
  readonly validator?: string;
  /** Each piece is valid only until the next one is asked for. */
  readonly bytes: AsyncIterable<Uint8Array>;
}
