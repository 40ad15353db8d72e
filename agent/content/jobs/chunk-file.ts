// Cuts a file into content-defined chunks and hashes each and the whole, in one pass.
import { createHash } from 'node:crypto';
import { Fault } from '../../fault/fault.ts';
import { CARRY_BYTES, openChunker } from '../chunker.ts';
import { withPlainFile } from '../digest.ts';
import { openCutter } from '../fast-cdc.ts';
import { type Job, stopIfAsked } from '../job.ts';

/** Faults: USAGE-08 when there is no such file, DISK-03 when it cannot be read. */
export const chunkFile: Job<'chunk-file'> = ({ path, boundaries = [] }, tools) => {
  const chunked = withPlainFile(path, file => {
    const { scratch } = tools;
    const chunker = openChunker(openCutter(), new Uint8Array(CARRY_BYTES), boundaries);
    const whole = createHash('sha256');
    for (let size = 0; ; ) {
      stopIfAsked(tools, path);
      const length = file.read(scratch, size);
      const piece = scratch.subarray(0, length);
      whole.update(piece);
      chunker.push(piece);
      size += length;
      tools.advance(length);
      if (length < scratch.length) return { size, sha256: whole.digest('hex'), ...chunker.end() };
    }
  });
  if (chunked === undefined) throw new Fault('USAGE-08', path, { expected: 'a file' });
  return chunked;
};
