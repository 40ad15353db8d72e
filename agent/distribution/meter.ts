// Counts what a transfer brings and tells observers: figures that never fall, as often as a person can read them.
import type { Clock } from '../progress/clock.ts';
import type { Observe } from '../progress/event.ts';
import { openRunProgress, type RunProgress } from '../progress/run-progress.ts';

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

/** What the meter of an item works with. */
export interface MeterWorld {
  readonly observe: Observe;
  readonly clock: Clock;
  /** Of the whole run; an item without one is a run of its own. */
  readonly progress?: RunProgress;
}

/** @param subject the item's ID. @param totalBytes what is missing of it. */
export function openMeter(
  subject: string,
  totalBytes: number,
  { observe, clock, progress = openRunProgress([], clock) }: MeterWorld,
): Meter {
  const begun = clock.ticks();
  const received = new Map<string, number>();
  const inRun = progress.begin(subject, totalBytes);
  let doneBytes = 0;
  let toldAt = begun;
  observe({ kind: 'started', stage: 'transfer', subject, totalBytes });
  return {
    received: (source, bytes) => void received.set(source, (received.get(source) ?? 0) + bytes),
    advance(source, bytes) {
      // What two sources have brought both is there once.
      doneBytes = Math.min(totalBytes, doneBytes + bytes);
      const now = clock.ticks();
      if (now - toldAt < TELL_EVERY_MS && doneBytes < totalBytes) return;
      toldAt = now;
      const run = inRun(doneBytes);
      observe({ kind: 'advanced', stage: 'transfer', subject, doneBytes, totalBytes, source, run });
    },
    finish: () =>
      observe({ kind: 'finished', stage: 'transfer', subject, seconds: (clock.ticks() - begun) / 1000 }),
    fetchedBytes: () => [...received.values()].reduce((sum, bytes) => sum + bytes, 0),
    bySource: () => Object.fromEntries(received),
  };
}
