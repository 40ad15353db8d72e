// Cuts a file into content-defined chunks and hashes each and the whole, in one pass.
import { createHash } from 'node:crypto';
import { Fault } from '../../fault/fault.ts';
import { type Chunk, encodeChunkIndex } from '../chunk-index.ts';
import { MAX_CHUNK_BYTES, MIN_FORCED_CHUNK_BYTES } from '../chunking.ts';
import { withPlainFile } from '../digest.ts';
import { openCutter } from '../fast-cdc.ts';
import { type Job, stopIfAsked } from '../job.ts';

/**
 * `boundaries`: offsets at which a cut is forced (where the resources of a WIM begin and end), in any order; one that would leave a chunk
 * under MIN_FORCED_CHUNK_BYTES is skipped. Faults: USAGE-08 when there is no such file, DISK-03 when it cannot be read.
 */
export const chunkFile: Job<'chunk-file'> = ({ path, boundaries = [] }, tools) => {
  const chunked = withPlainFile(path, file => {
    const { scratch } = tools;
    const cutter = openCutter();
    const forced = forcedCuts(boundaries);
    const whole = createHash('sha256');
    const chunks: Chunk[] = [];
    let fileOffset = 0;
    let held = 0;
    for (let atEnd = false; !atEnd; ) {
      stopIfAsked(tools, path);
      const read = file.read(scratch.subarray(held), fileOffset + held);
      atEnd = held + read < scratch.length;
      whole.update(scratch.subarray(held, held + read));
      held += read;
      let at = 0;
      // Short of the end, a chunk may only be cut where all the bytes that it could have are in memory.
      while (at < held && (atEnd || held - at >= MAX_CHUNK_BYTES)) {
        const lengthBytes = forced(fileOffset + at, cutter.cut(scratch, at, held));
        chunks.push({
          lengthBytes,
          sha256: createHash('sha256')
            .update(scratch.subarray(at, at + lengthBytes))
            .digest(),
        });
        at += lengthBytes;
      }
      scratch.copyWithin(0, at, held);
      held -= at;
      fileOffset += at;
      tools.advance(read);
    }
    return {
      size: fileOffset,
      sha256: whole.digest('hex'),
      chunks: chunks.length,
      index: encodeChunkIndex(chunks),
    };
  });
  if (chunked === undefined) throw new Fault('USAGE-08', path, { expected: 'a file' });
  return chunked;
};

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
