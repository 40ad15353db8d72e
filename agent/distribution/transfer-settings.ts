// How patient, how parallel and how modest a transfer is.
import type { Bandwidth } from './bandwidth.ts';

/** Names follow the task-sequence variables where the meaning is the same (SMSTSDownloadRetryCount, SMSTSDownloadRetryDelay). */
export interface TransferSettings {
  /** How often a failed request is repeated before the source counts as failed. */
  readonly retryCount: number;
  /** The back-off before the first repetition; it doubles with each, and the real wait is a random part of it. */
  readonly retryDelayMs: number;
  /** Requests to one source at a time. */
  readonly connections: number;
  /** A source that sends less than this, measured over `stallTimeoutMs`, has stalled. */
  readonly leastBytesPerSecond: number;
  readonly stallTimeoutMs: number;
  /** A server that asks for a longer pause (Retry-After) is not waited for but set aside; LONGEST_WAIT_MS when absent. */
  readonly longestWaitMs?: number | undefined;
  /** How much of the network the run may take; unlimited when absent. */
  readonly bandwidth?: Bandwidth | undefined;
  /** When the run is this old, its transfers stop. */
  readonly deadlineMinutes?: number;
}

/** ConfigMgr's own defaults for count and delay (CM task-sequence-variables.md); the rest suits a slow branch line. */
export const defaultTransferSettings: TransferSettings = {
  retryCount: 2,
  retryDelayMs: 15_000,
  connections: 4,
  leastBytesPerSecond: 1024,
  stallTimeoutMs: 30_000,
};
