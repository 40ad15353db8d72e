// SHA-256 of whole files, read in large pieces into one buffer.
import { createHash } from 'node:crypto';
import { closeSync, lstatSync, openSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { isAbsence, nativeCodeOf } from '../durable/disk-fault.ts';
import { readFully } from '../durable/read-fully.ts';
import { Fault } from '../fault/fault.ts';

/** Large enough that the reads do not count, small enough for two workers in a small machine. */
export const PIECE_BYTES = 4 * 1024 * 1024;

/**
 * For a few files on the main thread; many or large ones belong to the `hash-files` job.
 * @returns lower-case hex; undefined when there is no file. Fault DISK-03 when it cannot be read.
 */
export async function hashFile(path: string): Promise<string | undefined> {
  if (!isPlainFile(path)) return undefined;
  const hash = createHash('sha256');
  try {
    const handle = await open(path, 'r');
    try {
      const piece = new Uint8Array(PIECE_BYTES);
      for (;;) {
        const { bytesRead } = await handle.read(piece, 0, piece.length);
        if (bytesRead === 0) return hash.digest('hex');
        hash.update(piece.subarray(0, bytesRead));
      }
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw readFault(path, cause);
  }
}

/** Reads a file front to back without leaving the thread, which is the fastest way in a worker. */
export interface PieceReader {
  /** Fills `into` from `position`; fewer bytes than asked for only at the end of the file. */
  read(into: Uint8Array, position: number): number;
}

/**
 * Opens a plain file, hands it to `work` and closes it.
 * @returns undefined when there is no plain file of this name (links are not followed). Fault DISK-03 when it cannot be read.
 */
export function withPlainFile<T>(path: string, work: (file: PieceReader) => T): T | undefined {
  if (!isPlainFile(path)) return undefined;
  let handle: number | undefined;
  try {
    handle = openSync(path, 'r');
    const opened = handle;
    return work({ read: (into, position) => readFully(opened, into, position) });
  } catch (cause) {
    throw readFault(path, cause);
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

/** A name that is absent, a folder, a link or a pipe is no file; opening a pipe would wait for ever. */
function isPlainFile(path: string): boolean {
  try {
    return lstatSync(path).isFile();
  } catch (cause) {
    if (isAbsence(cause)) return false;
    throw readFault(path, cause);
  }
}

function readFault(path: string, cause: unknown): unknown {
  const native = nativeCodeOf(cause);
  return native === undefined ? cause : new Fault('DISK-03', path, { operation: 'read', native }, { cause });
}
