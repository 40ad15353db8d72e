// Counts what a transfer brings and tells observers: figures that never fall, as often as a person can read them.
import type { Clock } from '../progress/clock.ts';
import type { Observe } from '../progress/event.ts';
import { openRunProgress, type RunProgress } from '../progress/run-progress.ts';

const TELL_EVERY_MS = 100;
/** Where nothing comes the figures are told again so often: the rate falls while somebody looks at it. */
const TELL_SILENCE_MS = 1000;

export interface Meter {
  /** Bytes that crossed the wire, proven or not. */
  received(source: string, bytes: number): void;
  /** Bytes of the item that are proven and in their place. */
  advance(source: string, bytes: number): void;
  /** Tells the last figure and that the transfer has ended. */
  finish(): void;
  fetchedBytes(): number;
  bySource(): Readonly<Record<string, number>>;
  /** Nothing is told any more. */
  close(): void;
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
  let lastSource: string | undefined;
  const tell = (source: string): void => {
    toldAt = clock.ticks();
    const run = inRun(doneBytes);
    observe({ kind: 'advanced', stage: 'transfer', subject, doneBytes, totalBytes, source, run });
  };
  const silence = setInterval(() => {
    if (lastSource !== undefined && clock.ticks() - toldAt >= TELL_SILENCE_MS) tell(lastSource);
  }, TELL_SILENCE_MS);
  silence.unref();
  observe({ kind: 'started', stage: 'transfer', subject, totalBytes });
  return {
    received: (source, bytes) => void received.set(source, (received.get(source) ?? 0) + bytes),
    advance(source, bytes) {
      // What two sources have brought both is there once.
      doneBytes = Math.min(totalBytes, doneBytes + bytes);
      lastSource = source;
      if (clock.ticks() - toldAt >= TELL_EVERY_MS || doneBytes >= totalBytes) tell(source);
    },
    finish: () =>
      observe({ kind: 'finished', stage: 'transfer', subject, seconds: (clock.ticks() - begun) / 1000 }),
    fetchedBytes: () => [...received.values()].reduce((sum, bytes) => sum + bytes, 0),
    bySource: () => Object.fromEntries(received),
    close: () => clearInterval(silence),
  };
}
