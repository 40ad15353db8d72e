// SHA-256 of whole files, one after the other.
import { createHash } from 'node:crypto';
import { withPlainFile } from '../digest.ts';
import { type Job, type JobTools, stopIfAsked } from '../job.ts';

/** Fault: DISK-03 when a file is there and cannot be read. */
export const hashFiles: Job<'hash-files'> = ({ paths }, tools) => ({
  sha256: paths.map(path => hashOne(path, tools)),
});

function hashOne(path: string, tools: JobTools): string | undefined {
  return withPlainFile(path, file => {
    const hash = createHash('sha256');
    for (let position = 0; ; ) {
      stopIfAsked(tools, path);
      const length = file.read(tools.scratch, position);
      hash.update(tools.scratch.subarray(0, length));
      tools.advance(length);
      position += length;
      // A short read is the end: no second look for it, which counts with thousands of small files.
      if (length < tools.scratch.length) return hash.digest('hex');
    }
  });
}
