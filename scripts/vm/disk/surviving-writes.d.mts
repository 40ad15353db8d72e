// Types of surviving-writes.mjs.
import type { LogEntry } from './write-log.mjs';

export const SECTOR_BYTES: 512;

export type CutPolicy = 'none' | 'mixed' | 'all';

/** So much of a write is on the disk. */
export interface SurvivingPart {
  readonly write: LogEntry;
  /** Within the write. */
  readonly from: number;
  readonly length: number;
}

export interface CutResult {
  /** How many writes no flush and no FUA had made durable. */
  readonly unflushed: number;
  /** How many of those survived, torn ones among them. */
  readonly kept: number;
  readonly torn: number;
}

export function survivingWrites(
  writes: readonly LogEntry[],
  policy: CutPolicy,
  random: () => number,
): CutResult & { readonly parts: readonly SurvivingPart[] };
