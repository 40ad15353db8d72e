// Copies files and digests what was written, in one pass: read once, written once. What a manifest says of a copy is then true of the copy,
// whatever happens to the original meanwhile.
import { createHash } from 'node:crypto';
import { asFault, Fault } from '../../fault/fault.ts';
import { CARRY_BYTES, openChunker } from '../chunker.ts';
import type { Cutter } from '../fast-cdc.ts';
import { openCutter } from '../fast-cdc.ts';
import { lookAtStamp } from '../file-stamp.ts';
import { type Job, type JobTools, stopIfAsked } from '../job.ts';
import type { CopiedFile, FileToCopy } from '../worker-pool.ts';

/** Faults: USAGE-13 when the original is not what it was, USAGE-08 when it cannot be read, DISK-* of the copy, STOP-01. */
export const copyFiles: Job<'copy-files'> = async ({ files }, tools) => {
  const chunking = { carry: undefined as Uint8Array | undefined, cutter: undefined as Cutter | undefined };
  const copied: CopiedFile[] = [];
  for (const file of files) {
    stopIfAsked(tools, file.from);
    if (file.boundaries === undefined) copied.push(await copyOne(file, tools, () => {}));
    else {
      chunking.carry ??= new Uint8Array(CARRY_BYTES);
      chunking.cutter ??= openCutter();
      const chunker = openChunker(chunking.cutter, chunking.carry, file.boundaries);
      const whole = await copyOne(file, tools, piece => chunker.push(piece));
      copied.push({ ...whole, ...chunker.end() });
    }
  }
  return { files: copied };
};

async function copyOne(
  { from, to, stamp }: FileToCopy,
  tools: JobTools,
  also: (piece: Uint8Array) => void,
): Promise<CopiedFile> {
  const hash = createHash('sha256');
  let size = 0;
  const seen = (piece: Uint8Array): void => {
    stopIfAsked(tools, from);
    hash.update(piece);
    also(piece);
    size += piece.length;
    tools.advance(piece.length);
  };
  try {
    requireStamp(from, stamp);
    await tools.durable.copyUnflushed(from, to, { scratch: tools.scratch, seen });
    requireStamp(from, stamp);
  } catch (thrown) {
    const cause = errorAbout(from, thrown);
    if (cause === undefined) throw asFault(thrown);
    if (cause.code === 'ENOENT') throw new Fault('USAGE-13', from, { found: 'no file' }, { cause });
    throw new Fault('USAGE-08', from, {}, { cause });
  }
  return { size, sha256: hash.digest('hex') };
}

function requireStamp(from: string, expected: string): void {
  const found = lookAtStamp(from);
  if (found !== expected) throw new Fault('USAGE-13', from, { expected, found: found ?? 'no file' });
}

/** An error of node:fs names its file: the original that cannot be read is another matter than a disk that cannot be written. */
function errorAbout(file: string, thrown: unknown): (Error & { readonly code?: unknown }) | undefined {
  for (let cause = thrown; cause instanceof Error; cause = cause.cause)
    if ('path' in cause && cause.path === file && 'syscall' in cause) return cause;
  return undefined;
}
