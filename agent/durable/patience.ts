// A short patience with names that someone else holds open: virus scanners and indexers open new files for some milliseconds, and Windows
// then refuses to rename over or remove them (measured: EPERM for a rename over an open file).
import { setTimeout as pause } from 'node:timers/promises';
import { nativeCodeOf } from './disk-fault.ts';

/** Pauses before each further attempt: 1.5 s in all, longer than a scanner takes and shorter than a person waits. */
export const DEFAULT_PAUSES_MS: readonly number[] = [10, 40, 100, 250, 500, 600];

/** What a name that someone holds open answers to a rename or a removal. */
export const NAME_HELD: ReadonlySet<string> = new Set(['EPERM', 'EACCES', 'EBUSY', 'ENOTEMPTY']);

/** What opening answers while someone else does not share the file (ERROR_SHARING_VIOLATION). EPERM and EACCES are final here: read-only. */
export const NOT_SHARED: ReadonlySet<string> = new Set(['EBUSY']);

/** Runs `step` again after each pause while it fails with one of `codes`; the last error is thrown. */
export async function withPatience<T>(
  step: () => Promise<T>,
  pausesMs: readonly number[],
  codes: ReadonlySet<string> = NAME_HELD,
): Promise<T> {
  for (const pauseMs of pausesMs) {
    try {
      return await step();
    } catch (error) {
      if (!codes.has(nativeCodeOf(error) ?? '')) throw error;
      await pause(pauseMs);
    }
  }
  return step();
}
