// Counts what a transfer brings and tells observers: a figure that never falls, as often as a person can read it.
import type { Clock } from '../progress/clock.ts';
import type { Observe } from '../progress/event.ts';

const TELL_EVERY_MS = 100;

export interface Meter {
  /** Bytes that crossed the wire, proven or not. */
  received(source: string, bytes: number): void;
  /** Bytes of the item that are proven and in their place. */
  advance(source: string, bytes: number): void;
  /** Tells the last figure and that the transfer has ended. */
  finish(): void;
  fetchedBytes(): number;
  bySource(): Readonly<Record<string, number>>;
}

export function openMeter(
  subject: string,
  totalBytes: number,
  { observe, clock }: { readonly observe: Observe; readonly clock: Clock },
): Meter {
  const begun = clock.ticks();
  const received = new Map<string, number>();
  let doneBytes = 0;
  let toldAt = begun;
  observe({ kind: 'started', stage: 'transfer', subject, totalBytes });
  return {
    received: (source, bytes) => void received.set(source, (received.get(source) ?? 0) + bytes),
    advance(source, bytes) {
      doneBytes += bytes;
      const now = clock.ticks();
      if (now - toldAt < TELL_EVERY_MS && doneBytes < totalBytes) return;
      toldAt = now;
      observe({ kind: 'advanced', stage: 'transfer', subject, doneBytes, totalBytes, source });
    },
    finish: () =>
      observe({ kind: 'finished', stage: 'transfer', subject, seconds: (clock.ticks() - begun) / 1000 }),
    fetchedBytes: () => [...received.values()].reduce((sum, bytes) => sum + bytes, 0),
    bySource: () => Object.fromEntries(received),
  };
}
