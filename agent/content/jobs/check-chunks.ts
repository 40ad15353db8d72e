// Compares part of a file with its chunk index, chunk by chunk, reading many chunks at once.
import { hash } from 'node:crypto';
import { type ChunkIndex, viewChunkIndex } from '../chunk-index.ts';
import { type PieceReader, withPlainFile } from '../digest.ts';
import { type Job, type JobTools, stopIfAsked } from '../job.ts';

interface BadChunk {
  readonly chunk: number;
  readonly found: string;
}

/** An absent file has no good chunk. Faults: TRUST-12 when the index contradicts itself, DISK-03 when the file cannot be read. */
export const checkChunks: Job<'check-chunks'> = ({ path, index: bytes, first, last }, tools) => {
  const index = viewChunkIndex(bytes, path);
  const bad = withPlainFile(path, file => {
    const found: BadChunk[] = [];
    for (let from = first; from < last; ) {
      stopIfAsked(tools, path);
      const to = chunksThatFit(index, from, last, tools.scratch.length);
      checkPiece(file, index, from, to, tools, found);
      from = to;
    }
    return found;
  });
  return { bad: bad ?? Array.from({ length: last - first }, (_, n) => ({ chunk: first + n, found: '' })) };
};

function checkPiece(
  file: PieceReader,
  index: ChunkIndex,
  from: number,
  to: number,
  tools: JobTools,
  bad: BadChunk[],
): void {
  const start = index.offset(from);
  const wanted = index.offset(to) - start;
  const length = file.read(tools.scratch.subarray(0, wanted), start);
  for (let chunk = from; chunk < to; chunk += 1) {
    const at = index.offset(chunk) - start;
    const end = at + index.length(chunk);
    if (end > length) {
      bad.push({ chunk, found: '' });
      continue;
    }
    // One call for each chunk: a Hash object each would cost a twentieth of the whole (measured).
    const digest = hash('sha256', tools.scratch.subarray(at, end), 'hex');
    if (digest !== index.digestHex(chunk)) bad.push({ chunk, found: digest });
  }
  tools.advance(wanted);
}

/** @returns the number after the last chunk of a piece of at most `roomBytes`, at least one chunk further than `from`. */
function chunksThatFit(index: ChunkIndex, from: number, last: number, roomBytes: number): number {
  const limit = index.offset(from) + roomBytes;
  let to = from + 1;
  while (to < last && index.offset(to + 1) <= limit) to += 1;
  return to;
}
