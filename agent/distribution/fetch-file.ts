// Fetches one small file whole and proves it in memory. What does not match is never written.
import { createHash } from 'node:crypto';
import { Fault } from '../fault/fault.ts';
import { isWorthRepeating, type Patience, pauseBefore } from './retry.ts';
import type { Source } from './source.ts';

export interface FileOrder {
  /** The file's path at the source, and the item's file for people. */
  readonly from: string;
  readonly subject: string;
  readonly size: number;
  readonly sha256: string;
}

/** The proven bytes. Faults: NET-*, CONTENT-08, STOP-01. `received` is told of every byte that came, also of those in vain. */
export function fetchFile(
  { from, subject, size, sha256 }: FileOrder,
  source: Source,
  patience: Patience,
  received: (bytes: number) => void,
): Promise<Uint8Array> {
  return resuming(async () => {
    const { signal } = patience;
    const stream = await source.read(from, { expectedSize: size, ...(signal ? { signal } : {}) });
    return { collect: () => collect(stream.bytes) };
  }, patience);

  async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
    const bytes = new Uint8Array(size);
    let got = 0;
    for await (const piece of pieces) {
      received(piece.length);
      bytes.set(piece, got);
      got += piece.length;
    }
    const found = createHash('sha256').update(bytes).digest('hex');
    if (found === sha256) return bytes;
    throw new Fault('NET-07', subject, {
      source: source.name,
      offset: 0,
      length: size,
      expected: sha256,
      found,
    });
  }
}

/** Begins again when the bytes break off. A request that fails before any came has been repeated by the source itself, and is not repeated here. */
async function resuming<T>(open: () => Promise<{ collect(): Promise<T> }>, patience: Patience): Promise<T> {
  for (let failures = 0; ; failures++) {
    const stream = await open();
    try {
      return await stream.collect();
    } catch (thrown) {
      if (!isWorthRepeating(thrown) || failures >= patience.retryCount) throw thrown;
      await pauseBefore(failures, thrown, patience);
    }
  }
}
