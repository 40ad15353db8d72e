// A synchronous read that is short only at the end of the file; the system may give less at a time, as network shares do.
import { readSync } from 'node:fs';

/** Fills `into` from `position`. @returns how many bytes. The errors are those of node:fs. */
export function readFully(handle: number, into: Uint8Array, position: number): number {
  let done = 0;
  while (done < into.length) {
    const length = readSync(handle, into, done, into.length - done, position + done);
    if (length === 0) break;
    done += length;
  }
  return done;
}
