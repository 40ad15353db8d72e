// Rate, remaining time and a percentage that never falls, from readings of bytes done.
import type { Clock } from './clock.ts';

/** One reading as a person sees it. `remainingSeconds` is undefined while it would be a guess. */
export interface Reading {
  readonly percent: number;
  readonly bytesPerSecond: number;
  readonly remainingSeconds?: number;
}

/** Follows one piece of work. */
export interface Meter {
  /** Takes a reading; `doneBytes` smaller than before counts as no progress. */
  read(doneBytes: number, totalBytes: number): Reading;
  /** The work goes on after a pause, whose time tells nothing of its rate. */
  resume(): void;
}

/** The rate is a moving average over about this long: steady to look at, quick enough to show a stall. */
const RATE_MS = 3000;
/** The remaining time goes by a longer one, since every wobble of the rate is multiplied in it. */
const REMAINING_MS = 12_000;
/** No remaining time before this: the first bytes tell of slow starts and full buffers, not of the line. */
const UNTOLD_MS = 2000;
/** How slowly the end that was told moves to the one that is now expected. */
const SETTLING_MS = 4000;
/** Readings closer together are one. */
const LEAST_MS = 50;

/** @param clock only its ticks are used. */
export function makeMeter(clock: Pick<Clock, 'ticks'>): Meter {
  const began = clock.ticks();
  const quick = makeAverage(RATE_MS);
  const slow = makeAverage(REMAINING_MS);
  let last = { at: began, done: 0 };
  let pausedMs = 0;
  let percent = 0;
  /** Ticks at which the work is expected to be done. */
  let endAt: number | undefined;

  const expectEnd = (at: number, elapsed: number, leftBytes: number): void => {
    const rate = slow.perMs();
    if (rate * 1000 < 1) return;
    const expected = at + leftBytes / rate;
    const weight = endAt === undefined ? 1 : 1 - Math.exp(-elapsed / SETTLING_MS);
    endAt = (endAt ?? expected) + weight * (expected - (endAt ?? expected));
  };

  return {
    read(doneBytes, totalBytes) {
      const at = clock.ticks();
      const done = Math.min(Math.max(doneBytes, last.done), Math.max(totalBytes, last.done));
      const elapsed = at - last.at;
      if (elapsed >= LEAST_MS) {
        quick.add(done - last.done, elapsed);
        slow.add(done - last.done, elapsed);
        last = { at, done };
        if (at - began - pausedMs >= UNTOLD_MS) expectEnd(at, elapsed, Math.max(0, totalBytes - done));
      }
      const fraction = totalBytes > 0 ? Math.min(1, done / totalBytes) : 1;
      percent = Math.max(percent, Math.floor(fraction * 100));
      const isDone = done >= totalBytes;
      return {
        percent,
        bytesPerSecond: Math.round(quick.perMs() * 1000),
        ...(endAt === undefined || isDone
          ? {}
          : { remainingSeconds: Math.max(1, Math.round((endAt - at) / 1000)) }),
      };
    },
    resume() {
      const paused = clock.ticks() - last.at;
      last = { ...last, at: last.at + paused };
      pausedMs += paused;
      if (endAt !== undefined) endAt += paused;
    },
  };
}

/** An exponentially weighted average that is right from the first reading on: bytes and time fade alike. */
function makeAverage(overMs: number) {
  let bytes = 0;
  let time = 0;
  return {
    add(more: number, elapsedMs: number): void {
      const fade = Math.exp(-elapsedMs / overMs);
      bytes = bytes * fade + more;
      time = time * fade + elapsedMs;
    },
    perMs: (): number => (time > 0 ? bytes / time : 0),
  };
}
