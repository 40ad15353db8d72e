// Rate, remaining time and a percentage that never falls, from readings of bytes done.
import type { Clock } from './clock.ts';

/** One reading as a person sees it. `remainingSeconds` is undefined while the rate is not known yet. */
export interface Reading {
  readonly percent: number;
  readonly bytesPerSecond: number;
  readonly remainingSeconds?: number;
}

/** Follows one piece of work. */
export interface Meter {
  /** Takes a reading; `doneBytes` smaller than before counts as no progress. */
  read(doneBytes: number, totalBytes: number): Reading;
}

// The rate is a moving average over about this long: steady to look at, quick enough to show a stall.
const SMOOTHING_MS = 3000;

/** @param clock only its ticks are used. */
export function makeMeter(clock: Pick<Clock, 'ticks'>): Meter {
  let last = { at: clock.ticks(), done: 0 };
  let rate: number | undefined;
  let percent = 0;
  return {
    read(doneBytes, totalBytes) {
      const at = clock.ticks();
      const done = Math.max(doneBytes, last.done);
      const elapsed = at - last.at;
      if (elapsed >= 50) {
        const now = ((done - last.done) / elapsed) * 1000;
        const weight = rate === undefined ? 1 : 1 - Math.exp(-elapsed / SMOOTHING_MS);
        rate = (rate ?? 0) * (1 - weight) + now * weight;
        last = { at, done };
      }
      const fraction = totalBytes > 0 ? Math.min(1, done / totalBytes) : 1;
      percent = Math.max(percent, Math.floor(fraction * 100));
      const bytesPerSecond = Math.round(rate ?? 0);
      const remainingSeconds =
        rate !== undefined && rate > 1 ? Math.ceil((totalBytes - done) / rate) : undefined;
      return {
        percent,
        bytesPerSecond,
        ...(remainingSeconds === undefined ? {} : { remainingSeconds: Math.max(0, remainingSeconds) }),
      };
    },
  };
}
