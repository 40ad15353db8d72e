// A pool without threads: jobs run here, one after the other. For small work, and for tests that watch every durable write.
import { setImmediate as breathe } from 'node:timers/promises';
import type { DurableFiles } from '../durable/durable-files.ts';
import { asFault, Fault } from '../fault/fault.ts';
import { PIECE_BYTES } from './digest.ts';
import { type JobTable, jobNamed, openMemory } from './job.ts';
import type { WorkerPool } from './worker-pool.ts';

/** @param durable what jobs write through; the caller's own, so that a test's cut reaches them. */
export function openInPlacePool({
  jobs,
  durable,
}: {
  readonly jobs: Partial<JobTable>;
  readonly durable: DurableFiles;
}): WorkerPool {
  const scratch = new Uint8Array(PIECE_BYTES);
  const { remember, forget } = openMemory();
  const never = new AbortController().signal;
  let last: Promise<unknown> = Promise.resolve();
  return {
    size: 1,
    prepare() {},
    run(name, input, { signal = never, advance = () => {}, onPause = () => {} } = {}) {
      const mine = last.then(async () => {
        // Jobs compute without waiting: between two of them signals and the screen get their turn.
        await breathe();
        if (signal.aborted) throw new Fault('STOP-01', name);
        const job = jobNamed(jobs, name);
        try {
          const stopped = (): boolean => signal.aborted;
          return await job(input, { scratch, durable, advance, onPause, signal, stopped, remember });
        } catch (thrown) {
          throw asFault(thrown);
        }
      });
      last = mine.catch(() => {});
      return mine;
    },
    async forget() {
      last = last.then(forget);
      await last;
    },
    close: async () => {
      await last;
    },
  };
}
