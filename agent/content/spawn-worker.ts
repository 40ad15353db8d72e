// Starts a worker thread from wherever its first script is: an asset of the executable, or the file beside this one when run unbuilt.
import { getAsset, isSea } from 'node:sea';
import { Worker } from 'node:worker_threads';
import type { WorkerStart } from './job-messages.ts';

/** The name of the asset in the executable: agent/start-worker.ts, built. */
const START_ASSET = 'start-worker.cjs';

/**
 * A small young generation is collected often, and with it the buffers that a socket is read into: they lie outside of V8's heap, so that V8
 * sees little reason to hurry (measured with 1 GiB from nginx in two workers: 158 in place of 272 MB, and a quarter less time).
 */
export const WORKER_LIMITS = { maxYoungGenerationSizeMb: 2 } as const;

/** In an executable `__filename` is the executable itself, so a worker is started from the text of its first script. */
export function spawnWorker(start: WorkerStart): Worker {
  if (isSea())
    return new Worker(getAsset(START_ASSET, 'utf8'), {
      eval: true,
      workerData: start,
      resourceLimits: WORKER_LIMITS,
    });
  return new Worker(new URL('../worker.ts', import.meta.url), {
    workerData: start,
    resourceLimits: WORKER_LIMITS,
  });
}
