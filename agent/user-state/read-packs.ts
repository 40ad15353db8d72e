// Reads encrypted pack files as one stream, proving each chunk before it is handed on and each pack's digest at its end. One chunk is in memory.
import { createDecipheriv, createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import path from 'node:path';
import { nativeCodeOf } from '../durable/disk-fault.ts';
import { Fault } from '../fault/fault.ts';
import { chunkNonce, chunkPlace, PACK_CHUNK_BYTES, TAG_BYTES } from './pack-format.ts';
import type { StoredFile } from './state-document.ts';

export interface PackReaderRequest {
  readonly folder: string;
  readonly files: readonly StoredFile[];
  readonly association: string;
  readonly key: Uint8Array;
  /** Told the stored bytes read so far. */
  readonly advance: (doneBytes: number) => void;
  readonly signal?: AbortSignal;
}

/** Faults: STATE-01 for what differs from what was captured, STATE-02 not readable, STOP-01. */
export async function* readPacks({
  folder,
  files,
  association,
  key,
  advance,
  signal,
}: PackReaderRequest): AsyncGenerator<Uint8Array, void, void> {
  let before = 0;
  for (const [pack, stored] of files.entries()) {
    const file = path.join(folder, stored.name);
    const handle = await openStored(file, stored);
    try {
      const hash = createHash('sha256');
      const sealed = Buffer.alloc(PACK_CHUNK_BYTES + TAG_BYTES);
      for (let at = 0, chunk = 0; at < stored.size; chunk += 1) {
        if (signal?.aborted) throw new Fault('STOP-01', file);
        const wanted = sealed.subarray(0, Math.min(sealed.length, stored.size - at));
        await readWhole(handle, wanted, at, file);
        hash.update(wanted);
        yield openChunk(wanted, { key, association, pack, chunk, file });
        at += wanted.length;
        advance(before + at);
      }
      const found = hash.digest('hex');
      if (found !== stored.sha256) throw new Fault('STATE-01', file, { expected: stored.sha256, found });
    } finally {
      await handle.close();
    }
    before += stored.size;
  }
}

/** Opens a file of the store that must be there, plain and of its size. Faults: STATE-01, STATE-02. */
export async function openStored(file: string, stored: StoredFile): Promise<FileHandle> {
  const handle = await open(file, 'r').catch((cause: unknown) => {
    throw storedFault(file, cause);
  });
  try {
    const stats = await handle.stat();
    if (stats.isFile() && stats.size === stored.size) return handle;
    throw new Fault('STATE-01', file, { expected: `${stored.size} bytes`, found: `${stats.size} bytes` });
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Fills `into` from `position`. Faults: STATE-01 when the file ends before, STATE-02. */
export async function readWhole(
  handle: FileHandle,
  into: Uint8Array,
  position: number,
  file: string,
): Promise<void> {
  for (let done = 0; done < into.length; ) {
    const { bytesRead } = await handle
      .read(into, done, into.length - done, position + done)
      .catch((cause: unknown) => {
        throw storedFault(file, cause);
      });
    if (bytesRead === 0)
      throw new Fault('STATE-01', file, { expected: 'its whole length', found: 'its end' });
    done += bytesRead;
  }
}

function openChunk(
  sealed: Uint8Array,
  {
    key,
    association,
    pack,
    chunk,
    file,
  }: { key: Uint8Array; association: string; pack: number; chunk: number; file: string },
): Uint8Array {
  const fault = (cause?: unknown) =>
    new Fault(
      'STATE-01',
      file,
      { chunk, expected: 'the bytes that were captured', found: 'others' },
      { cause },
    );
  if (sealed.length < TAG_BYTES) throw fault();
  const decipher = createDecipheriv('aes-256-gcm', key, chunkNonce(pack, chunk), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(chunkPlace(association, pack, chunk));
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  const bytes = decipher.update(sealed.subarray(0, sealed.length - TAG_BYTES));
  try {
    decipher.final();
  } catch (cause) {
    throw fault(cause);
  }
  return bytes;
}

/** An error of reading the store: absent is damage, anything else is the store's. */
export function storedFault(file: string, cause: unknown): unknown {
  const native = nativeCodeOf(cause);
  if (native === undefined) return cause;
  return native === 'ENOENT' || native === 'ENOTDIR' || native === 'EISDIR'
    ? new Fault('STATE-01', file, { expected: 'the file', found: native }, { cause })
    : new Fault('STATE-02', file, { native }, { cause });
}
