// How much of the network a run may take, by the time of day: plain data that a worker thread can be told. Local disks are not limited.

/** A part of the day with a limit of its own, in minutes since midnight, local time. `to` before `from`: over midnight. `[0, 1440)` is the whole day. */
export interface BandwidthWindow {
  readonly fromMinute: number;
  readonly toMinute: number;
  readonly bytesPerSecond: number;
}

/** The limits and the account that all threads and sources of the run draw on (bandwidth-throttle.ts). */
export interface Bandwidth {
  readonly windows: readonly BandwidthWindow[];
  readonly account: SharedArrayBuffer;
}

const DAY_MINUTES = 1440;

/** Less for each connection is no gain: a reader that is held up this long lets the server give the connection up (nginx: send_timeout, 60 s). */
const CONNECTION_BYTES_PER_SECOND = 128 * 1024;

/** One limit for the whole day. */
export function allDay(bytesPerSecond: number): readonly BandwidthWindow[] {
  return [{ fromMinute: 0, toMinute: DAY_MINUTES, bytesPerSecond }];
}

/** @param time `HH:MM`, `24:00` as an end. */
export function minuteOf(time: string): number {
  const [hours = 0, minutes = 0] = time.split(':').map(Number);
  return hours * 60 + minutes;
}

/** @returns the lowest of the limits in force at that moment, by the machine's local time; undefined outside of all. */
export function limitAt(windows: readonly BandwidthWindow[], at: Date): number | undefined {
  const minute = at.getHours() * 60 + at.getMinutes();
  const limits = windows
    .filter(({ fromMinute, toMinute }) =>
      fromMinute < toMinute
        ? fromMinute <= minute && minute < toMinute
        : fromMinute <= minute || minute < toMinute,
    )
    .map(({ bytesPerSecond }) => bytesPerSecond);
  return limits.length === 0 ? undefined : Math.min(...limits);
}

/** @returns how many connections a source may be asked over, so that each gets enough to stay alive. */
export function connectionsWithin(windows: readonly BandwidthWindow[], connections: number): number {
  const least = Math.min(...windows.map(({ bytesPerSecond }) => bytesPerSecond));
  return Math.max(1, Math.min(connections, Math.floor(least / CONNECTION_BYTES_PER_SECOND)));
}
