// Time as an effect: the one way to ask for it, so that tests and a corrected clock can answer.

/** Where time comes from. `now` may jump (the clock of a new machine is often wrong); `ticks` only grows. */
export interface Clock {
  /** Wall-clock time. */
  now(): Date;
  /** Milliseconds of a monotonic clock, for durations and rates. */
  ticks(): number;
}

/** The machine's own clock. */
export const systemClock: Clock = { now: () => new Date(), ticks: () => performance.now() };

/** Nanoseconds of the one monotonic clock that all threads of the process share; `ticks` of two threads cannot be compared. */
export const processNanoseconds = (): bigint => process.hrtime.bigint();
