// Gives a file with several names bytes of its own before it is written into: the other names may stand for other content. Only what was proven is copied:
// the disk may not give the rest, which is fetched anyway.
import { type FileHandle, open } from 'node:fs/promises';
import type { ChunkIndex } from '../content/chunk-index.ts';
import { MAX_CHUNK_BYTES } from '../content/chunking.ts';
import { diskFault } from '../durable/disk-fault.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import { DEFAULT_PAUSES_MS, NOT_SHARED, withPatience } from '../durable/patience.ts';
import { readFully } from '../durable/read-fully.ts';
import { Fault } from '../fault/fault.ts';

/** What of the file is missing, one flag a chunk; what turns out not to be readable is added. */
export interface LinkedFile {
  readonly path: string;
  readonly index: ChunkIndex;
  readonly missing: Uint8Array;
}

/** Durable afterwards. Faults: DISK-* when it cannot be opened, or of the copy; STOP-01. Nothing is lost then. */
export async function takeOwnBytes(
  { path, index, missing }: LinkedFile,
  { durable, signal }: { readonly durable: DurableFiles; readonly signal?: AbortSignal },
): Promise<void> {
  const aside = `${path}.prestage-own`;
  // Of a run that was cut.
  await durable.remove(aside);
  const source = await openPatiently(path);
  try {
    const own = await durable.openPartial(aside);
    const memory = new Uint8Array(MAX_CHUNK_BYTES);
    try {
      for (let chunk = 0; chunk < index.count; chunk++) {
        if (signal?.aborted) throw new Fault('STOP-01', path);
        if (missing[chunk] !== 0) continue;
        const [offset, bytes] = [index.offset(chunk), memory.subarray(0, index.length(chunk))];
        if (isRead(source, bytes, offset)) await own.write(bytes, offset);
        else missing[chunk] = 1;
      }
      await own.flush();
    } finally {
      await own.close();
    }
  } finally {
    await source.close();
  }
  await durable.rename(aside, path);
}

/** A scanner that holds the file lets go of it soon. */
async function openPatiently(path: string): Promise<FileHandle> {
  try {
    return await withPatience(() => open(path, 'r'), DEFAULT_PAUSES_MS, NOT_SHARED);
  } catch (error) {
    throw diskFault('open', path, error);
  }
}

/** @returns false where the disk does not give the bytes. */
function isRead({ fd }: FileHandle, bytes: Uint8Array, offset: number): boolean {
  try {
    return readFully(fd, bytes, offset) === bytes.length;
  } catch {
    return false;
  }
}
