// Reads pieces of files, synchronously, for jobs that put frames and dictionaries together.
import { closeSync, openSync } from 'node:fs';
import { readFully } from '../durable/read-fully.ts';
import { Fault } from '../fault/fault.ts';
import type { FilePiece } from './worker-pool.ts';

export interface PieceReader {
  /** Fills `into`. */
  read(path: string, offset: number, into: Uint8Array): void;
  /** The pieces, one behind the other. */
  readAll(pieces: readonly FilePiece[]): Uint8Array;
  close(): void;
}

/** The file that was read last stays open: pieces of one file come together. Faults: USAGE-13 a file ends before its piece, USAGE-08 it cannot be read. */
export function openPieceReader(): PieceReader {
  let open: { readonly path: string; readonly handle: number } | undefined;
  const close = (): void => {
    if (open !== undefined) closeSync(open.handle);
    open = undefined;
  };
  const reader: PieceReader = {
    close,
    read(path, offset, into) {
      try {
        if (open?.path !== path) {
          close();
          open = { path, handle: openSync(path, 'r') };
        }
        const length = readFully(open.handle, into, offset);
        if (length === into.length) return;
        throw new Fault('USAGE-13', path, {
          expected: `${offset + into.length} bytes`,
          found: offset + length,
        });
      } catch (thrown) {
        if (thrown instanceof Fault) throw thrown;
        throw new Fault('USAGE-08', path, {}, { cause: thrown });
      }
    },
    readAll(pieces) {
      const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
      let at = 0;
      for (const { path, offset, length } of pieces) {
        reader.read(path, offset, all.subarray(at, at + length));
        at += length;
      }
      return all;
    },
  };
  return reader;
}
