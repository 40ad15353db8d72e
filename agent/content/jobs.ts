// The jobs that content itself brings.
import type { JobTable } from './job.ts';
import { checkChunks } from './jobs/check-chunks.ts';
import { chunkFile } from './jobs/chunk-file.ts';
import { copyFiles } from './jobs/copy-files.ts';
import { hashExtents } from './jobs/hash-extents.ts';
import { hashFiles } from './jobs/hash-files.ts';
import { packFrames } from './jobs/pack-frames.ts';
import { unpackFrame } from './jobs/unpack-frame.ts';

export const contentJobs: JobTable<
  | 'hash-files'
  | 'hash-extents'
  | 'check-chunks'
  | 'chunk-file'
  | 'copy-files'
  | 'pack-frames'
  | 'unpack-frame'
> = {
  'hash-files': hashFiles,
  'hash-extents': hashExtents,
  'check-chunks': checkChunks,
  'chunk-file': chunkFile,
  'copy-files': copyFiles,
  'pack-frames': packFrames,
  'unpack-frame': unpackFrame,
};
