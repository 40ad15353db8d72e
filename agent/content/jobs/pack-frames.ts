// Compresses frames of a pack: pieces of files one behind the other, with pieces of an older version as dictionary. What does not compress is left out.
import { createHash } from 'node:crypto';
import { type Job, type JobTools, stopIfAsked } from '../job.ts';
import { compressFrame, isPlainDictionary } from '../pack-frame.ts';
import { openPieceReader, type PieceReader } from '../piece-reader.ts';
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
