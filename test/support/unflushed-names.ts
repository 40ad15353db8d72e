// The names made, moved and removed that no flush has covered yet, and how to take them back without contradiction.
import path from 'node:path';

/** One step on names. */
export interface NameStep {
  /** Every name that the step touched. */
  readonly paths: readonly string[];
  /** The file or folder that it was about. */
  readonly file: string;
  /** The folders that held the names when it happened. */
  readonly folders: readonly string[];
  readonly undo: () => Promise<void>;
}

export interface UnflushedNames {
  add(step: NameStep): void;
  /** Makes durable the steps that `covers` says, and every earlier one that they rest on. */
  flushed(covers: (step: NameStep) => boolean): void;
  /** Takes back, last first, the steps for which `keeps` says no; a step whose ground is gone goes with it. */
  lose(keeps: (step: NameStep) => boolean): Promise<void>;
}

export function unflushedNames(): UnflushedNames {
  let steps: NameStep[] = [];
  return {
    add: step => {
      steps.push(step);
    },
    flushed(covers) {
      const durable = new Set<NameStep>();
      for (const step of steps.toReversed()) {
        if (covers(step) || [...durable].some(later => restsOn(later, step))) durable.add(step);
      }
      steps = steps.filter(step => !durable.has(step));
    },
    async lose(keeps) {
      const gone: NameStep[] = [];
      for (const step of steps)
        if (!keeps(step) || gone.some(earlier => restsOn(step, earlier))) gone.push(step);
      for (const step of gone.toReversed()) {
        try {
          await step.undo();
        } catch (cause) {
          // What does not pass the durable layer (an image applied, a program run) may have filled a folder or taken a name since:
          // then the name stays, as it would when the disk had written that first.
          if (
            !(
              cause instanceof Error &&
              'code' in cause &&
              ['ENOTEMPTY', 'EEXIST', 'ENOENT', 'EISDIR'].includes(String(cause.code))
            )
          )
            throw cause;
        }
      }
      steps = [];
    },
  };
}

/** Whether a later step could not have happened without the earlier: they share a name, or one lies below the other's. */
function restsOn(later: NameStep, earlier: NameStep): boolean {
  return later.paths.some(a =>
    earlier.paths.some(b => a === b || a.startsWith(b + path.sep) || b.startsWith(a + path.sep)),
  );
}
