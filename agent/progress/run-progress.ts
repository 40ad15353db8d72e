// How far the transfers of a whole run are: which item of how many, the bytes of all of them, how fast and how long still. What is done never falls.
import type { Clock } from './clock.ts';
import { makeMeter } from './meter.ts';

/** Where a run is while one of its items is fetched. `remainingSeconds` is undefined while it would be a guess. */
export interface RunReading {
  readonly item: { readonly number: number; readonly of: number };
  readonly doneBytes: number;
  readonly totalBytes: number;
  readonly bytesPerSecond: number;
  readonly remainingSeconds?: number;
}

export interface RunProgress {
  /**
   * An item begins, or begins again after a failure, with so many bytes to go.
   * @returns a function that takes how many of those are done and answers where the run is.
   */
  begin(id: string, totalBytes: number): (doneBytes: number) => RunReading;
}

interface Item {
  /** Bytes of earlier attempts: they are in place. */
  before: number;
  done: number;
  left: number;
}

/** @param expected bytes to be fetched by item, in the order of the plan: an estimate, which gives way to what is found when the item begins. */
export function openRunProgress(
  expected: readonly (readonly [id: string, bytes: number])[],
  clock: Pick<Clock, 'ticks'>,
): RunProgress {
  const items = new Map<string, Item>(
    expected.map(([id, bytes]) => [id, { before: 0, done: 0, left: bytes }]),
  );
  const meter = makeMeter(clock);
  return {
    begin(id, totalBytes) {
      const item = items.get(id) ?? { before: 0, done: 0, left: 0 };
      items.set(id, item);
      item.before += item.done;
      item.done = 0;
      item.left = totalBytes;
      const number = [...items.keys()].indexOf(id) + 1;
      // Between two items there is work of other kinds.
      meter.resume();
      return told => {
        item.done = Math.max(item.done, Math.min(told, totalBytes));
        item.left = totalBytes - item.done;
        const all = [...items.values()];
        const doneBytes = all.reduce((sum, { before, done }) => sum + before + done, 0);
        const bytes = { doneBytes, totalBytes: all.reduce((sum, { left }) => sum + left, doneBytes) };
        const { bytesPerSecond, remainingSeconds } = meter.read(bytes.doneBytes, bytes.totalBytes);
        return {
          item: { number, of: items.size },
          ...bytes,
          bytesPerSecond,
          ...(remainingSeconds === undefined ? {} : { remainingSeconds }),
        };
      };
    },
  };
}
