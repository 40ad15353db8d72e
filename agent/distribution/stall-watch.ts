// Notices a transfer that crawls: fewer bytes than the least acceptable over a whole stretch of waiting. Only time spent waiting for the
// source counts, not time in which the reader was busy with a slow disk.
import type { Clock } from '../progress/clock.ts';
import type { TransferSettings } from './transfer-settings.ts';

export interface StallWatch {
  /** The reader begins to wait for the source. */
  waiting(): void;
  /** The wait is over; so many bytes came. */
  received(bytes: number): void;
  stop(): void;
}

/** Calls `onStall` once when the watched transfer has stalled, at most a quarter of `stallTimeoutMs` late. */
export function watchForStall(
  settings: Pick<TransferSettings, 'leastBytesPerSecond' | 'stallTimeoutMs'>,
  clock: Clock,
  onStall: () => void,
): StallWatch {
  const leastBytes = Math.max(1, (settings.leastBytesPerSecond * settings.stallTimeoutMs) / 1000);
  let waitedMs = 0;
  let gotBytes = 0;
  let waitingSince: number | undefined;

  const check = (): void => {
    const now = clock.ticks();
    const total = waitedMs + (waitingSince === undefined ? 0 : now - waitingSince);
    if (total < settings.stallTimeoutMs) return;
    if (gotBytes < leastBytes) {
      clearInterval(timer);
      onStall();
      return;
    }
    waitedMs = 0;
    gotBytes = 0;
    if (waitingSince !== undefined) waitingSince = now;
  };
  const timer = setInterval(check, Math.max(5, settings.stallTimeoutMs / 4));

  return {
    waiting: () => {
      waitingSince = clock.ticks();
    },
    received: bytes => {
      if (waitingSince !== undefined) waitedMs += clock.ticks() - waitingSince;
      waitingSince = undefined;
      gotBytes += bytes;
    },
    stop: () => clearInterval(timer),
  };
}
