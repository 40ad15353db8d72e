// Content-defined cuts: where a chunk ends depends on the bytes before it alone, so that an insertion moves no cut but its neighbours.
// FastCDC with normalised chunking: Xia et al., "FastCDC: a Fast and Efficient Content-Defined Chunking Approach for Data
// Deduplication", USENIX ATC 2016. Published indexes stay valid whatever this file becomes; only reuse across versions relies on it.
import { createHash } from 'node:crypto';
import { AVERAGE_CHUNK_BYTES, MAX_CHUNK_BYTES, MIN_CHUNK_BYTES } from './chunking.ts';

/** Finds the ends of chunks; pure, without memory between calls. */
export interface Cutter {
  /**
   * @param bytes holds at `[from, to)` either all that is left of the file (or of the part before a forced cut), or at least MAX_CHUNK_BYTES.
   * @returns the length of the chunk that begins at `from`; 0 only when `from` equals `to`.
   */
  cut(bytes: Uint8Array, from: number, to: number): number;
}

// Level 2 of normalisation: two bits more than the average's 16 before it, two fewer after it. The top bits of the hash are compared, for
// they depend on the most bytes (the lowest bit only on the last one).
const AVERAGE_BITS = Math.log2(AVERAGE_CHUNK_BYTES);
const STRICT_SHIFT = 32 - (AVERAGE_BITS + 2);
const LOOSE_SHIFT = 32 - (AVERAGE_BITS - 2);

/** @returns a cutter over the one gear table of this format. */
export function openCutter(): Cutter {
  const gear = gearTable();
  return {
    cut(bytes, from, to) {
      const end = Math.min(to, from + MAX_CHUNK_BYTES);
      let at = from + MIN_CHUNK_BYTES;
      if (end <= at) return to - from;
      const average = Math.min(from + AVERAGE_CHUNK_BYTES, end);
      let hash = 0;
      for (; at < average; at += 1) {
        hash = ((hash << 1) + gear[bytes[at]!]!) | 0;
        if (hash >>> STRICT_SHIFT === 0) return at + 1 - from;
      }
      for (; at < end; at += 1) {
        hash = ((hash << 1) + gear[bytes[at]!]!) | 0;
        if (hash >>> LOOSE_SHIFT === 0) return at + 1 - from;
      }
      return end - from;
    },
  };
}

/** 256 random-looking numbers that everyone derives alike: the first four bytes of SHA-256 of `prestage-gear/1:<byte>`. */
function gearTable(): Int32Array {
  return Int32Array.from({ length: 256 }, (_, byte) =>
    createHash('sha256').update(`prestage-gear/1:${byte}`).digest().readInt32LE(0),
  );
}
