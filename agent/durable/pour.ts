// Copies or writes one file in one go. Synchronous: a worker that lays thousands of small files spends its time on them, not waiting for turns.
import { closeSync, openSync, writeSync } from 'node:fs';
import type { CopyTools } from './durable-files.ts';
import { readFully } from './read-fully.ts';

/** Nothing is flushed. The errors are those of node:fs; `to` must be absent. */
export async function pour(from: string, to: string, { scratch, seen }: CopyTools): Promise<void> {
  const source = openSync(from, 'r');
  try {
    const target = openSync(to, 'wx');
    try {
      for (let position = 0; ; ) {
        const length = readFully(source, scratch, position);
        for (let done = 0; done < length; )
          done += writeSync(target, scratch, done, length - done, position + done);
        if (length > 0) seen(scratch.subarray(0, length));
        // A short read is the end: no second look for it, which counts with thousands of small files.
        if (length < scratch.length) return;
        position += length;
      }
    } finally {
      closeSync(target);
    }
  } finally {
    closeSync(source);
  }
}

/** Makes or empties a file and writes it. Nothing is flushed. The errors are those of node:fs. */
export async function fill(file: string, bytes: Uint8Array): Promise<void> {
  const target = openSync(file, 'w');
  try {
    for (let done = 0; done < bytes.length; )
      done += writeSync(target, bytes, done, bytes.length - done, done);
  } finally {
    closeSync(target);
  }
}
