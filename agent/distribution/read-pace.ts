// How much to ask a share for at a time. A read says nothing until all of it has come, so one that is too long for a slow line looks like one that hangs.
import type { Clock } from '../progress/clock.ts';
import type { TransferSettings } from './transfer-settings.ts';

/** The first fits into the patience at the least speed that is put up with (transfer-settings.ts). */
const READ_BYTES = { first: 16 * 1024, least: 4 * 1024, most: 1024 * 1024 } as const;

/** Parts of the patience: a read that takes less was quick, one that takes more was slow. */
const PARTS = { quick: 16, slow: 4 } as const;

export interface ReadPace {
  /** How much the next read may bring. */
  bytes(): number;
  /** Runs a read; the next one is longer when it was quick, and shorter when it was slow. */
  run<T>(read: () => Promise<T>): Promise<T>;
}

/** Of one file. */
export function openReadPace(
  { stallTimeoutMs }: Pick<TransferSettings, 'stallTimeoutMs'>,
  clock: Pick<Clock, 'ticks'>,
): ReadPace {
  let bytes: number = READ_BYTES.first;
  return {
    bytes: () => bytes,
    async run(read) {
      const begun = clock.ticks();
      const result = await read();
      const tookMs = clock.ticks() - begun;
      if (tookMs < stallTimeoutMs / PARTS.quick) bytes = Math.min(READ_BYTES.most, bytes * 2);
      else if (tookMs > stallTimeoutMs / PARTS.slow) bytes = Math.max(READ_BYTES.least, bytes / 2);
      return result;
    },
  };
}

/** No read is longer. */
export const MOST_READ_BYTES = READ_BYTES.most;
