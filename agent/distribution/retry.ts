// Repeats what may succeed the next time, a bounded number of times, with growing and random waits in between.
import { setTimeout as wait } from 'node:timers/promises';
import { Fault } from '../fault/fault.ts';

/** How long to keep trying. `random` answers [0, 1). */
export interface Patience {
  readonly retryCount: number;
  readonly retryDelayMs: number;
  readonly random: () => number;
  readonly signal?: AbortSignal;
  /** A server that asks for a longer pause is not waited for; LONGEST_WAIT_MS when absent. */
  readonly longestWaitMs?: number | undefined;
  /** Told of each wait before it begins. */
  readonly onPause?: ((fault: Fault, waitMs: number) => void) | undefined;
}

/** No wait is longer, whatever the back-off has grown to. */
const LONGEST_WAIT_MS = 5 * 60_000;

/**
 * Runs `attempt` until it succeeds; throws its last fault when that is not worth repeating, when patience is at its end, or when the server asks for more of it
 * than there is: the caller asks elsewhere meanwhile. STOP-01 when aborted.
 */
export async function retrying<T>(
  attempt: () => Promise<T>,
  patience: Patience,
  isWorth: (thrown: unknown) => thrown is Fault = isWorthRepeating,
): Promise<T> {
  for (let failures = 0; ; failures++) {
    try {
      return await attempt();
    } catch (thrown) {
      if (!isWorth(thrown) || failures >= patience.retryCount) throw thrown;
      if (askedWaitMs(thrown) > (patience.longestWaitMs ?? LONGEST_WAIT_MS)) throw thrown;
      await pauseBefore(failures, thrown, patience);
    }
  }
}

/** @returns true for faults of the moment: no connection, an overloaded or failing server, a stalled or broken transfer. */
export function isWorthRepeating(thrown: unknown): thrown is Fault {
  if (!(thrown instanceof Fault)) return false;
  if (thrown.code === 'NET-04') return isPassingStatus(thrown.detail.status);
  return thrown.code === 'NET-01' || thrown.code === 'NET-05' || thrown.code === 'NET-06';
}

/**
 * Waits before repetition number `failures` (from 0): exponential back-off with full jitter, so that a classroom of machines that lost the
 * same server does not come back in step (AWS Architecture Blog, "Exponential Backoff And Jitter"); never shorter than what the server asked
 * for by Retry-After (RFC 9110 section 10.2.3).
 */
export async function pauseBefore(failures: number, fault: Fault, patience: Patience): Promise<void> {
  const backOffMs = patience.random() * patience.retryDelayMs * 2 ** failures;
  const waitMs = Math.min(Math.max(backOffMs, askedWaitMs(fault)), LONGEST_WAIT_MS);
  patience.onPause?.(fault, waitMs);
  try {
    await wait(waitMs, undefined, patience.signal ? { signal: patience.signal } : {});
  } catch (cause) {
    throw new Fault('STOP-01', fault.subject, {}, { cause });
  }
}

/** @returns what the server asked for by Retry-After; 0 when it did not. */
function askedWaitMs({ detail: { retryAfterMs } }: Fault): number {
  return typeof retryAfterMs === 'number' ? retryAfterMs : 0;
}

/** 408, 425, 429 and what a gateway or a restarting server answers; 501 and 505 stay as they are. */
function isPassingStatus(status: unknown): boolean {
  if (typeof status !== 'number') return false;
  return (
    status === 408 || status === 425 || status === 429 || (status >= 500 && status !== 501 && status !== 505)
  );
}
