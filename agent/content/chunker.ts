// Cuts bytes into content-defined chunks as they come by, in pieces of any size, and digests each: for bytes that are read or copied in the same pass.
import { createHash } from 'node:crypto';
import { type Chunk, encodeChunkIndex } from './chunk-index.ts';
import { MAX_CHUNK_BYTES, MIN_FORCED_CHUNK_BYTES } from './chunking.ts';
import type { Cutter } from './fast-cdc.ts';

export interface Chunker {
  /** The next bytes of the file; they are not kept. */
  push(piece: Uint8Array): void;
  /** @returns the encoded chunk index of all that was pushed. Last call. */
  end(): { readonly chunks: number; readonly index: Uint8Array };
}

/**
 * @param carry CARRY_BYTES of memory, the chunker's own until its end.
 * @param boundaries offsets at which a cut is forced (where the resources of a WIM begin and end), in any order; one that would leave a chunk
 * under MIN_FORCED_CHUNK_BYTES is skipped.
 */
export function openChunker(cutter: Cutter, carry: Uint8Array, boundaries: readonly number[] = []): Chunker {
  const forced = forcedCuts(boundaries);
  const chunks: Chunk[] = [];
  let fileOffset = 0;
  /** Bytes at the begin of `carry` that belong to no chunk yet; fewer than MAX_CHUNK_BYTES between two calls. */
  let held = 0;

  function cutAt(bytes: Uint8Array, from: number, to: number): number {
    const lengthBytes = forced(fileOffset, cutter.cut(bytes, from, to));
    const sha256 = createHash('sha256')
      .update(bytes.subarray(from, from + lengthBytes))
      .digest();
    chunks.push({ lengthBytes, sha256 });
    fileOffset += lengthBytes;
    return lengthBytes;
  }

  return {
    push(piece) {
      let at = 0;
      if (held > 0) {
        const taken = Math.min(MAX_CHUNK_BYTES, piece.length);
        carry.set(piece.subarray(0, taken), held);
        const end = held + taken;
        let from = 0;
        // A chunk may only be cut where all the bytes that it could have are in memory.
        while (from < held && end - from >= MAX_CHUNK_BYTES) from += cutAt(carry, from, end);
        if (from < held) {
          carry.copyWithin(0, from, end);
          held = end - from;
          return;
        }
        at = from - held;
      }
      while (piece.length - at >= MAX_CHUNK_BYTES) at += cutAt(piece, at, piece.length);
      carry.set(piece.subarray(at));
      held = piece.length - at;
    },
    end() {
      for (let from = 0; from < held; ) from += cutAt(carry, from, held);
      held = 0;
      return { chunks: chunks.length, index: encodeChunkIndex(chunks) };
    },
  };
}

/** What a chunker carries from piece to piece: less than one chunk, and one more to decide it. */
export const CARRY_BYTES = 2 * MAX_CHUNK_BYTES;

/** @returns a function that shortens a chunk to the first forced cut inside it; to be asked for chunks in order. */
function forcedCuts(boundaries: readonly number[]): (offset: number, lengthBytes: number) => number {
  const ordered = Float64Array.from(boundaries).sort();
  let next = 0;
  return (offset, lengthBytes) => {
    while (next < ordered.length && ordered[next]! < offset + MIN_FORCED_CHUNK_BYTES) next += 1;
    const boundary = ordered[next];
    return boundary !== undefined && boundary < offset + lengthBytes ? boundary - offset : lengthBytes;
  };
}
