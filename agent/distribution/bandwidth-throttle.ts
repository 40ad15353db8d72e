// Holds readers up so that a run takes no more of the network than it may: one account for all sources and threads, drawn on in turn.
import { setTimeout as wait } from 'node:timers/promises';
import { type Clock, processNanoseconds } from '../progress/clock.ts';
import { type Bandwidth, limitAt } from './bandwidth.ts';
import type { TransferSettings } from './transfer-settings.ts';

/**
 * What a run that was idle may take at once, as time. Timers are late, by up to 16 ms on Windows and more on a busy machine: what is missed within this
 * long is made up for.
 */
const BURST_NS = 100_000_000n;

/** Less than a timer can tell. */
const LEAST_WAIT_NS = 1_000_000n;

/** A single read is this part of a second's worth. */
const READS_PER_SECOND = 8;
const LEAST_READ_BYTES = 16 * 1024;

export interface ThrottleWorld {
  /** Read anew each time: a task sequence may change the limit. */
  readonly settings: Pick<TransferSettings, 'bandwidth'>;
  readonly clock: Pick<Clock, 'now'>;
}

/** @returns an account on which nothing was drawn yet. */
export function openBandwidthAccount(): SharedArrayBuffer {
  return new SharedArrayBuffer(BigInt64Array.BYTES_PER_ELEMENT);
}

/**
 * Resolves when `bytes`, which came or are about to be read, are within the limit. An abort of `signal` rejects with its AbortError.
 *
 * The generic cell rate algorithm (ITU-T I.371): the account holds the one moment up to which the line is paid for, so that a single atomic exchange draws
 * on it from any thread, in the order of asking.
 */
export async function takeBandwidth(
  bytes: number,
  { settings: { bandwidth }, clock }: ThrottleWorld,
  signal?: AbortSignal,
): Promise<void> {
  if (bandwidth === undefined) return;
  const bytesPerSecond = limitAt(bandwidth.windows, clock.now());
  if (bytesPerSecond === undefined) return;
  const waitNs = draw(bandwidth, BigInt(Math.ceil((bytes / bytesPerSecond) * 1e9)));
  if (waitNs < LEAST_WAIT_NS) return;
  await wait(Number(waitNs / 1_000_000n), undefined, signal === undefined ? {} : { signal });
}

/** @returns the largest read that makes no burst; Infinity without a limit. */
export function readWithin({ settings: { bandwidth }, clock }: ThrottleWorld): number {
  const limit = bandwidth && limitAt(bandwidth.windows, clock.now());
  return limit === undefined
    ? Number.POSITIVE_INFINITY
    : Math.max(LEAST_READ_BYTES, Math.floor(limit / READS_PER_SECOND));
}

function draw({ account }: Bandwidth, costNs: bigint): bigint {
  const paidUntil = new BigInt64Array(account);
  for (;;) {
    const before = Atomics.load(paidUntil, 0);
    const now = processNanoseconds();
    const idleSince = now - BURST_NS;
    const after = (before > idleSince ? before : idleSince) + costNs;
    if (Atomics.compareExchange(paidUntil, 0, before, after) === before) return after - now;
  }
}
