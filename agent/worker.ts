// The worker thread's entry: receives one job at a time, answers with its result or its fault.
import { parentPort, workerData } from 'node:worker_threads';
import type { WorkerStart } from './content/job-messages.ts';
import { serveJobs } from './content/serve-jobs.ts';
import { threadDisk } from './durable/disk.ts';
import { openDurableFiles } from './durable/open-durable-files.ts';
import { jobs } from './jobs.ts';
import { systemClock } from './progress/clock.ts';

if (parentPort !== null) {
  const start: WorkerStart = workerData;
  serveJobs(parentPort, { jobs, durable: openDurableFiles(threadDisk), clock: systemClock, start });
}
