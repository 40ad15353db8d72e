// Types and promises of volatile-disk.mjs.
import type { CutPolicy, CutResult } from './surviving-writes.mjs';

export interface DiskCounts {
  readonly reads: number;
  readonly readBytes: number;
  readonly writes: number;
  readonly writtenBytes: number;
  /** Requests to write zeros or to trim. */
  readonly zeroes: number;
  /** Of the writes and zeroes those with force unit access. */
  readonly fua: number;
  readonly flushes: number;
  /** Writes and zeroes that a power cut would decide about now. */
  readonly unflushed: number;
}

export interface VolatileDisk {
  /** The raw image: what is durable, once the disk was cut or closed. */
  readonly image: string;
  readonly socket: string;
  readonly sizeBytes: number;
  counts(): DiskCounts;
  /** Puts an event of the host's into the log, in its place among writes and flushes. Without effect once the disk is off, or without a log. */
  mark(text: string): void;
  /**
   * The power goes: connections end, the image becomes what is left. `none`: nothing that was not flushed. `mixed`: each such write or not, one
   * in four torn at a sector. `all`: everything. `random` (Math.random) makes numbers in [0, 1). Rejects where the host itself failed.
   */
  cut(policy: CutPolicy, random?: () => number): Promise<CutResult>;
  /** Ends in order: everything survives. */
  close(): Promise<CutResult>;
}

/**
 * @param options.image raw image file, whole sectors; with `base` made as a copy of it
 * @param options.socket path for `nbd+unix:///?socket=PATH`, at most 107 bytes
 * @param options.log a file for the record of the run
 */
export function openVolatileDisk(options: {
  readonly image: string;
  readonly base?: string;
  readonly socket: string;
  readonly log?: string;
}): Promise<VolatileDisk>;
