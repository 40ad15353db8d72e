// The worker's side of the thread pool: runs the jobs that it is sent and answers with output or fault.
import type { MessagePort } from 'node:worker_threads';
import type { DurableFiles } from '../durable/durable-files.ts';
import { asFault, type Fault } from '../fault/fault.ts';
import type { Clock } from '../progress/clock.ts';
import { PIECE_BYTES } from './digest.ts';
import { type JobTable, jobNamed, openMemory } from './job.ts';
import { type FromWorker, faultToData, type ToWorker, type WorkerStart } from './job-messages.ts';

/** Progress is told so often at the most: a message for each small file, or each of a thousand chunks a second, would cost more than it tells. */
const ADVANCE_EVERY_MS = 50;

/** Answers every message of `port` until the thread is ended from outside. */
export function serveJobs(
  port: MessagePort,
  {
    jobs,
    durable,
    clock,
    start,
  }: {
    readonly jobs: JobTable;
    readonly durable: DurableFiles;
    readonly clock: Pick<Clock, 'ticks'>;
    readonly start: WorkerStart;
  },
): void {
  const scratch = new Uint8Array(PIECE_BYTES);
  const { remember, forget } = openMemory();
  let running: { readonly job: number; readonly abort: AbortController } | undefined;
  const answer = (message: FromWorker): void => port.postMessage(message);

  async function run({ job, name, input }: Extract<ToWorker, { kind: 'run' }>): Promise<void> {
    const abort = new AbortController();
    running = { job, abort };
    let untold = 0;
    let toldAt = clock.ticks();
    const tell = (): void => {
      if (untold > 0) answer({ kind: 'advanced', job, bytes: untold });
      untold = 0;
      toldAt = clock.ticks();
    };
    const advance = (bytes: number): void => {
      untold += bytes;
      if (clock.ticks() - toldAt >= ADVANCE_EVERY_MS) tell();
    };
    const stopped = (): boolean => Atomics.load(start.stop, 0) === 1;
    try {
      // The pool's `run` typed the input by the job's name; the message port only forgot it.
      const work = jobNamed(jobs, name) as (input: unknown, tools: unknown) => unknown;
      const output = await work(input, {
        scratch,
        durable,
        advance,
        onPause: (fault: Fault, waitMs: number) =>
          answer({ kind: 'pauses', job, fault: faultToData(fault), waitMs }),
        signal: abort.signal,
        stopped,
        remember,
      });
      tell();
      answer({ kind: 'done', job, output });
    } catch (thrown) {
      tell();
      answer({ kind: 'failed', job, fault: faultToData(asFault(thrown)) });
    }
  }

  port.on('message', (message: ToWorker) => {
    if (message.kind === 'run') void run(message);
    else if (message.kind === 'forget') void forget().then(() => answer({ kind: 'forgotten' }));
    else if (running?.job === message.job) running.abort.abort();
  });
}
