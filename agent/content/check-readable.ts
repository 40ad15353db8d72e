// Checks chunks of a file where the disk may not give all of them: what cannot be read is bad like any other, and its neighbours are not.
import { Fault } from '../fault/fault.ts';
import type { JobCatalogue, JobOptions, WorkerPool } from './worker-pool.ts';

/** A chunk that does not match; `found`: hex, empty where the file ends before, or why it cannot be read. */
export interface BadChunk {
  readonly chunk: number;
  readonly found: string;
}

/** As the job `check-chunks`, but a bad sector condemns only the chunk that it lies in. Fault: STOP-01. */
export async function checkReadable(
  pool: WorkerPool,
  part: JobCatalogue['check-chunks']['input'],
  options: JobOptions,
): Promise<readonly BadChunk[]> {
  const { first, last } = part;
  try {
    return (await pool.run('check-chunks', part, options)).bad;
  } catch (thrown) {
    if (!isUnreadable(thrown)) throw thrown;
    if (last - first === 1)
      return [{ chunk: first, found: `unreadable (${thrown.detail.native ?? 'no code'})` }];
    const middle = (first + last) >>> 1;
    return [
      ...(await checkReadable(pool, { ...part, last: middle }, options)),
      ...(await checkReadable(pool, { ...part, first: middle }, options)),
    ];
  }
}

/** @returns whether the disk did not give what lies there. */
export function isUnreadable(thrown: unknown): thrown is Fault {
  return thrown instanceof Fault && thrown.code === 'DISK-03';
}
