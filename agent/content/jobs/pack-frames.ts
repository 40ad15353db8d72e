// Compresses frames of a pack: pieces of files one behind the other, with pieces of an older version as dictionary. What does not compress is left out.
import { createHash } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { readFully } from '../../durable/read-fully.ts';
import { Fault } from '../../fault/fault.ts';
import { type Job, type JobTools, stopIfAsked } from '../job.ts';
import { compressFrame, isPlainDictionary } from '../pack-frame.ts';
import type { FilePiece, PackedFrame } from '../worker-pool.ts';

/** A frame that stays longer than this part of its bytes is not worth a second form of them. */
const WORTHWHILE = 0.95;

/** So much of a frame is tried first, at the fastest level: what was compressed before it was published (images, archives) need not be read. */
const PROBE_BYTES = 64 * 1024;

/** A sample is a little worse than the whole: it has fewer bytes to look back to. */
const PROBE_WORTHWHILE = 0.98;

/** Faults: USAGE-13 when a file is not as long as it was, USAGE-08 when it cannot be read, STOP-01. */
export const packFrames: Job<'pack-frames'> = ({ frames, level }, tools) => {
  const reader = openPieceReader();
  try {
    return {
      frames: frames.map(({ pieces, dictionary, keep }): PackedFrame | undefined => {
        const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
        stopIfAsked(tools, pieces[0]?.path ?? '');
        tools.advance(bytes);
        if (!keep && dictionary.length === 0 && !isWorthTrying(pieces, bytes, reader, tools))
          return undefined;
        const raw = reader.readAll(pieces);
        const from = reader.readAll(dictionary);
        const usable = isPlainDictionary(from) ? from : undefined;
        const packed = compressFrame(raw, level, usable);
        if (!keep && packed.length > bytes * WORTHWHILE) return undefined;
        const dictionarySha256 = usable && createHash('sha256').update(usable).digest();
        return { packed, rawBytes: raw.length, ...(dictionarySha256 && { dictionarySha256 }) };
      }),
    };
  } finally {
    reader.close();
  }
};

function isWorthTrying(
  pieces: readonly FilePiece[],
  bytes: number,
  reader: PieceReader,
  { scratch }: JobTools,
): boolean {
  const middle = pieces[pieces.length >> 1];
  if (middle === undefined || bytes <= PROBE_BYTES) return true;
  const probe = scratch.subarray(0, Math.min(PROBE_BYTES, middle.length));
  reader.read(middle.path, middle.offset, probe);
  return compressFrame(probe, 1).length < probe.length * PROBE_WORTHWHILE;
}

interface PieceReader {
  read(path: string, offset: number, into: Uint8Array): void;
  readAll(pieces: readonly FilePiece[]): Uint8Array;
  close(): void;
}

/** The file that was read last stays open: pieces of one file come together. */
function openPieceReader(): PieceReader {
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
