// Gives a file with several names bytes of its own before it is written into: the other names may stand for other content. Only what was proven is copied:
// the disk may not give the rest, which is fetched anyway.
import type { ChunkIndex } from '../content/chunk-index.ts';
import { MAX_CHUNK_BYTES } from '../content/chunking.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import { Fault } from '../fault/fault.ts';
import { openSeedReader } from './seed-reader.ts';

/** What of the file is missing, one flag a chunk; what turns out not to be readable is added. */
export interface LinkedFile {
  readonly path: string;
  readonly index: ChunkIndex;
  readonly missing: Uint8Array;
}

/** Durable afterwards. Faults: DISK-* of the copy, STOP-01. */
export async function takeOwnBytes(
  { path, index, missing }: LinkedFile,
  { durable, signal }: { readonly durable: DurableFiles; readonly signal?: AbortSignal },
): Promise<void> {
  const aside = `${path}.own`;
  // Of a run that was cut.
  await durable.remove(aside);
  const reader = openSeedReader();
  const own = await durable.openPartial(aside);
  const memory = new Uint8Array(MAX_CHUNK_BYTES);
  try {
    for (let chunk = 0; chunk < index.count; chunk++) {
      if (signal?.aborted) throw new Fault('STOP-01', path);
      if (missing[chunk] !== 0) continue;
      const [offset, bytes] = [index.offset(chunk), memory.subarray(0, index.length(chunk))];
      if (await reader.read({ path, offset }, bytes)) await own.write(bytes, offset);
      else missing[chunk] = 1;
    }
    await own.flush();
  } finally {
    await own.close();
    await reader.close();
  }
  await durable.rename(aside, path);
}
