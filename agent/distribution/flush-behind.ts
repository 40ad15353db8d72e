// Flushes what a transfer has written while it goes on: a cut loses a stretch of it at the most, and nobody waits for the disk.
import type { DurableFiles } from '../durable/durable-files.ts';

/** As the stretches within one request (chunk-writer.ts). */
const FLUSH_EVERY_BYTES = 16 * 1024 * 1024;

export interface FlushBehind {
  /** So many bytes more were written to a file and not flushed. */
  wrote(file: string, bytes: number): void;
  /** Waits for the flush that is under way. Faults: DISK-* of any of them. What is left is for whoever swaps the files in. */
  end(): Promise<void>;
}

/** One flush is under way at a time. */
export function openFlushBehind({ flushFiles }: Pick<DurableFiles, 'flushFiles'>): FlushBehind {
  const files = new Set<string>();
  let unflushedBytes = 0;
  let flushing: Promise<void> | undefined;
  let failure: { readonly thrown: unknown } | undefined;

  async function flush(): Promise<void> {
    try {
      while (unflushedBytes >= FLUSH_EVERY_BYTES) {
        const these = [...files];
        files.clear();
        unflushedBytes = 0;
        await flushFiles(these);
      }
    } catch (thrown) {
      failure ??= { thrown };
    } finally {
      flushing = undefined;
    }
  }

  return {
    wrote(file, bytes) {
      if (bytes === 0) return;
      files.add(file);
      unflushedBytes += bytes;
      if (unflushedBytes >= FLUSH_EVERY_BYTES) flushing ??= flush();
    },
    async end() {
      await flushing;
      if (failure !== undefined) throw failure.thrown;
    },
  };
}
