// SHA-256 of files inside a disk image, read where they lie, without taking them out.
import { createHash } from 'node:crypto';
import { Fault } from '../../fault/fault.ts';
import { type PieceReader, withPlainFile } from '../digest.ts';
import { type Job, type JobTools, stopIfAsked } from '../job.ts';
import type { JobCatalogue } from '../worker-pool.ts';

type Extents = JobCatalogue['hash-extents']['input']['files'][number]['extents'];

/** Faults: USAGE-08 no such image, DISK-03 when it cannot be read, STOP-01. */
export const hashExtents: Job<'hash-extents'> = ({ path, files }, tools) => {
  const sha256 = withPlainFile(path, image =>
    files.map(({ extents }) => hashOne(image, path, extents, tools)),
  );
  if (sha256 === undefined) throw new Fault('USAGE-08', path, { expected: 'a file' });
  return { sha256 };
};

function hashOne(image: PieceReader, path: string, extents: Extents, tools: JobTools): string | undefined {
  const { scratch } = tools;
  const hash = createHash('sha256');
  for (const { offset, length, sparse } of extents) {
    if (sparse === true) scratch.fill(0, 0, Math.min(scratch.length, length));
    for (let done = 0; done < length; ) {
      stopIfAsked(tools, path);
      const piece = scratch.subarray(0, Math.min(scratch.length, length - done));
      if (sparse !== true && image.read(piece, offset + done) < piece.length) return undefined;
      hash.update(piece);
      tools.advance(piece.length);
      done += piece.length;
    }
  }
  return hash.digest('hex');
}
