// Jobs in worker threads: started when first needed, one job each at a time, a queue in order. A worker that dies fails its job alone.
import type { Worker } from 'node:worker_threads';
import { asFault, Fault } from '../fault/fault.ts';
import { type FromWorker, faultFromData, type ToWorker, type WorkerStart } from './job-messages.ts';
import type { JobAdvance, JobCatalogue, JobName, JobOptions, JobPause, WorkerPool } from './worker-pool.ts';

export interface ThreadPoolOptions {
  /** How many jobs run at once; more than the machine has cores is slower (measured). */
  readonly size: number;
  /** Starts a worker whose entry is agent/worker.ts, with this as its `workerData`. */
  readonly spawn: (start: WorkerStart) => Worker;
}

interface Task {
  readonly job: number;
  readonly name: JobName;
  readonly input: unknown;
  readonly near: string | undefined;
  readonly advance: JobAdvance | undefined;
  readonly onPause: JobPause | undefined;
  readonly resolve: (output: unknown) => void;
  readonly reject: (fault: unknown) => void;
}

interface Thread {
  readonly worker: Worker;
  readonly stop: Int32Array<SharedArrayBuffer>;
  task: Task | undefined;
  /** What its last such job was near to, and remembers. */
  near: string | undefined;
  /** It is to forget, or does: told when it has. */
  forgetting: PromiseWithResolvers<void> | undefined;
}

/** Threads start with the first jobs and end with `close`; idle ones do not keep the process alive. A thread that dies is BUG-01 for its job. */
export function openThreadPool({ size, spawn }: ThreadPoolOptions): WorkerPool {
  const queue: Task[] = [];
  const threads = new Set<Thread>();
  let jobs = 0;
  let closed = false;

  function next(): void {
    while (queue.length > 0) {
      if (threads.size >= size && ![...threads].some(isIdle)) return;
      const [task, thread] = matched(queue, threads, threads.size < size);
      queue.splice(queue.indexOf(task), 1);
      try {
        run(thread ?? start(), task);
      } catch (thrown) {
        task.reject(asFault(thrown));
      }
    }
  }

  function start(): Thread {
    const stop = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
    const worker = spawn({ stop });
    const thread: Thread = { worker, stop, task: undefined, near: undefined, forgetting: undefined };
    threads.add(thread);
    thread.worker.on('message', (message: FromWorker) => heard(thread, message));
    thread.worker.on('error', error => lost(thread, error));
    thread.worker.on('exit', code => lost(thread, new Error(`a worker thread ended with exit code ${code}`)));
    return thread;
  }

  function run(thread: Thread, task: Task): void {
    Atomics.store(thread.stop, 0, 0);
    send(thread, { kind: 'run', job: task.job, name: task.name, input: task.input });
    thread.task = task;
    thread.near = task.near ?? thread.near;
    thread.worker.ref();
  }

  function forget(thread: Thread): Promise<void> {
    if (thread.near === undefined) return Promise.resolve();
    if (thread.forgetting === undefined) {
      thread.forgetting = Promise.withResolvers();
      if (thread.task === undefined) send(thread, { kind: 'forget' });
      thread.worker.ref();
    }
    return thread.forgetting.promise;
  }

  /** What waits for an idle worker holds the process by itself. One that `close` waits for must, or the process ends with the caller's work undone. */
  function rest(thread: Thread): void {
    if (!closed) thread.worker.unref();
    next();
  }

  function heard(thread: Thread, message: FromWorker): void {
    const { task } = thread;
    if (message.kind === 'forgotten') {
      thread.near = undefined;
      thread.forgetting?.resolve();
      thread.forgetting = undefined;
      rest(thread);
      return;
    }
    if (task === undefined || task.job !== message.job) return;
    if (message.kind === 'advanced') {
      task.advance?.(message.bytes);
      return;
    }
    if (message.kind === 'pauses') {
      task.onPause?.(faultFromData(message.fault), message.waitMs);
      return;
    }
    thread.task = undefined;
    if (thread.forgetting !== undefined) send(thread, { kind: 'forget' });
    if (message.kind === 'done') task.resolve(message.output);
    else task.reject(faultFromData(message.fault));
    if (thread.forgetting === undefined) rest(thread);
  }

  function lost(thread: Thread, cause: Error): void {
    threads.delete(thread);
    const { task } = thread;
    thread.task = undefined;
    thread.forgetting?.resolve();
    task?.reject(
      closed
        ? new Fault('STOP-01', task.name)
        : new Fault('BUG-01', cause.message, { job: task.name }, { cause }),
    );
    if (!closed) next();
  }

  return {
    size,
    prepare() {
      try {
        while (!closed && threads.size < size) start().worker.unref();
      } catch {
        // The first job will say it.
      }
    },
    run<N extends JobName>(
      name: N,
      input: JobCatalogue[N]['input'],
      { signal, advance, onPause, near }: JobOptions = {},
    ): Promise<JobCatalogue[N]['output']> {
      jobs += 1;
      const job = jobs;
      return new Promise((resolve, reject) => {
        if (closed || signal?.aborted === true) {
          reject(new Fault('STOP-01', name));
          return;
        }
        const onAbort = (): void => stop(task);
        const task: Task = {
          job,
          name,
          input,
          near,
          advance,
          onPause,
          resolve: output => {
            signal?.removeEventListener('abort', onAbort);
            // The worker ran the job of this name; the message port only forgot the type.
            resolve(output as JobCatalogue[N]['output']);
          },
          reject: fault => {
            signal?.removeEventListener('abort', onAbort);
            reject(fault);
          },
        };
        signal?.addEventListener('abort', onAbort);
        queue.push(task);
        next();
      });
    },
    async forget() {
      await Promise.all([...threads].map(forget));
    },
    async close() {
      closed = true;
      for (const task of queue.splice(0)) task.reject(new Fault('STOP-01', task.name));
      await Promise.all([...threads].map(thread => thread.worker.terminate()));
    },
  };

  /** A task that has not begun leaves the queue at once; a running one is told, and ends itself. */
  function stop(task: Task): void {
    const place = queue.indexOf(task);
    if (place >= 0) {
      queue.splice(place, 1);
      task.reject(new Fault('STOP-01', task.name));
      return;
    }
    const thread = [...threads].find(candidate => candidate.task === task);
    if (thread === undefined) return;
    Atomics.store(thread.stop, 0, 1);
    send(thread, { kind: 'stop', job: task.job });
  }
}

/**
 * In order, but what a thread at work remembers is left to it as long as there is something else to do, and never longer than until it is free.
 * @param queue not empty, and a thread is idle or may be started. @returns no thread where one is to be started.
 */
function matched(
  queue: readonly Task[],
  threads: ReadonlySet<Thread>,
  mayStart: boolean,
): readonly [Task, Thread | undefined] {
  const idle = [...threads].filter(isIdle);
  const blank = idle.find(thread => thread.near === undefined);
  const owned = new Set([...threads].map(thread => thread.near));
  for (const task of queue) {
    const { near } = task;
    if (near === undefined) return [task, blank ?? idle[0]];
    const own = idle.find(thread => thread.near === near);
    if (own !== undefined) return [task, own];
    if (!owned.has(near)) return [task, blank ?? (mayStart ? undefined : idle[0])];
  }
  return [queue[0]!, blank ?? (mayStart ? undefined : idle[0])];
}

function isIdle({ task, forgetting }: Thread): boolean {
  return task === undefined && forgetting === undefined;
}

function send(thread: Thread, message: ToWorker): void {
  thread.worker.postMessage(message);
}
