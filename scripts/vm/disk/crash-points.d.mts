// Types of crash-points.mjs.
import type { ReadLog } from './write-log.mjs';

export function drawCrashPoints(
  log: ReadLog,
  options: {
    readonly count: number;
    readonly random: () => number;
    /** The first and the last point that may be drawn; the whole run. For "from the first mark on" look it up in `log.entries`. */
    readonly from?: number;
    readonly to?: number;
  },
): readonly number[];
