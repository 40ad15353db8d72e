// Holds a program and all that it starts together, so that all of it can be ended: also what has lost its parent, which no tree of processes shows.
import { PROCESS_SET_QUOTA, PROCESS_TERMINATE } from '../../native/kernel32.ts';
import type { SystemLibraries } from './system-library.ts';

export interface ProgramJob {
  /** Ends every program in it. */
  end(): void;
  /** Lets go: what still runs goes on. */
  close(): void;
}

/** Puts the running process `pid` into a job of its own; undefined when Windows does not allow it (it has ended already). */
export type HoldTogether = (pid: number) => ProgramJob | undefined;

/** What a program starts in the moment before it is in its job stays outside; ending the tree by its parents reaches that. */
export function holdTogether({ kernel32 }: SystemLibraries): HoldTogether {
  return pid => {
    const program = kernel32.call('OpenProcess', (PROCESS_SET_QUOTA | PROCESS_TERMINATE) >>> 0, 0, pid).value;
    if (program === 0n) return undefined;
    const job = kernel32.call('CreateJobObjectW', 0n, 0n).value;
    const held = job !== 0n && kernel32.call('AssignProcessToJobObject', job, program).value !== 0;
    kernel32.call('CloseHandle', program);
    if (held)
      return {
        end: () => void kernel32.call('TerminateJobObject', job, 1),
        close: () => void kernel32.call('CloseHandle', job),
      };
    if (job !== 0n) kernel32.call('CloseHandle', job);
    return undefined;
  };
}
