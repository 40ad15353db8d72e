// The end of all transfers of a run: when its time is over, they stop at a sound place, and what is proven stays.
import { Fault } from '../fault/fault.ts';

/** Made once for a run, when it begins. */
export interface Deadline {
  readonly minutes: number;
  readonly signal: AbortSignal;
}

/** The clock runs from now on; it keeps no process alive. Minutes may be a fraction; the system takes whole milliseconds alone. */
export function openDeadline(minutes: number): Deadline {
  return { minutes, signal: AbortSignal.timeout(Math.ceil(minutes * 60_000)) };
}

interface Stoppable {
  readonly signal?: AbortSignal;
  readonly deadline?: Deadline;
}

/** @returns what ends when the run is stopped, and at the deadline; undefined where neither can be. */
export function signalWithin({ deadline, signal }: Stoppable): AbortSignal | undefined {
  if (deadline === undefined || signal === undefined) return deadline?.signal ?? signal;
  return AbortSignal.any([signal, deadline.signal]);
}

/** Runs `work` with a signal that aborts at the deadline, too. Fault STOP-03 when that was what stopped it. */
export async function withinDeadline<W extends Stoppable, T>(
  subject: string,
  world: W,
  work: (limited: W) => Promise<T>,
): Promise<T> {
  const { deadline, signal } = world;
  if (deadline === undefined) return await work(world);
  try {
    return await work({ ...world, signal: signalWithin(world) });
  } catch (cause) {
    const isOver = deadline.signal.aborted && signal?.aborted !== true;
    if (!isOver || !(cause instanceof Fault && cause.code === 'STOP-01')) throw cause;
    throw new Fault('STOP-03', subject, { deadlineMinutes: deadline.minutes }, { cause });
  }
}
