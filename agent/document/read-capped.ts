// Reads a whole small file that may be absent and may be anybody's: never more of it than its kind can be long, never a pipe that nobody fills.
import { readFile, stat } from 'node:fs/promises';
import { isAbsence, nativeCodeOf } from '../durable/disk-fault.ts';
import { Fault } from '../fault/fault.ts';

export interface CappedFile {
  /** Whose file it is decides what is said when it is there and cannot be read: DISK-03 on a disk that is deployed from, USAGE-08 where a person named it. */
  readonly unreadable?: 'DISK-03' | 'USAGE-08';
  /** What it should be, for that fault. */
  readonly expected?: string;
}

/**
 * @returns the file's bytes, or undefined when there is nothing of this name. Links are followed.
 * Faults: TRUST-08 larger than `maxBytes`, before it is read; DISK-03 or USAGE-08 unreadable, or no file.
 */
export async function readCapped(
  file: string,
  maxBytes: number,
  { unreadable = 'DISK-03', expected }: CappedFile = {},
): Promise<Buffer | undefined> {
  const wanted = { ...(unreadable === 'DISK-03' && { operation: 'read' }), ...(expected && { expected }) };
  try {
    const found = await stat(file);
    if (!found.isFile())
      throw new Fault(unreadable, file, {
        ...wanted,
        found: found.isDirectory() ? 'a folder' : 'a device or pipe',
      });
    if (found.size > maxBytes)
      throw new Fault('TRUST-08', file, { expected: `at most ${maxBytes} bytes`, found: found.size });
    return await readFile(file);
  } catch (cause) {
    if (isAbsence(cause)) return undefined;
    const native = nativeCodeOf(cause);
    throw native === undefined ? cause : new Fault(unreadable, file, { ...wanted, native }, { cause });
  }
}
