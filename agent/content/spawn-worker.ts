// Starts a worker thread from wherever the worker's source is: an asset of the executable, or the file beside this one when run unbuilt.
import { getAsset, isSea } from 'node:sea';
import { Worker } from 'node:worker_threads';
import type { WorkerStart } from './job-messages.ts';

/** The name of the asset in the executable. */
export const WORKER_ASSET = 'worker.cjs';

/** In an executable `__filename` is the executable itself, so a worker is started from its source text. */
export function spawnWorker(start: WorkerStart): Worker {
  if (isSea()) return new Worker(getAsset(WORKER_ASSET, 'utf8'), { eval: true, workerData: start });
  return new Worker(new URL('../worker.ts', import.meta.url), { workerData: start });
}
