// Checks a file against its chunk index, all workers at once, and names every bad range. What the disk cannot read is bad, not fatal.
import { checkReadable } from '../content/check-readable.ts';
import { type ChunkIndex, shareChunkIndex } from '../content/chunk-index.ts';
import type { JobAdvance, WorkerPool } from '../content/worker-pool.ts';
import type { BadRange } from './item-survey.ts';

/** What one job takes: enough that starting it does not count, little enough that all workers end together. */
const RANGE_BYTES = 16 * 1024 * 1024;

export interface RangeCheck {
  /** Absolute path of the file. */
  readonly path: string;
  /** What bad ranges call it. */
  readonly file: string;
  /** Proven by the manifest. */
  readonly index: ChunkIndex;
  readonly pool: WorkerPool;
  readonly signal?: AbortSignal | undefined;
  readonly advance?: JobAdvance | undefined;
}

/** @returns every bad chunk, in the order of the file. Bytes beyond the index's last chunk are not looked at. Fault: STOP-01. */
export async function checkRanges(check: RangeCheck): Promise<readonly BadRange[]> {
  const { index } = check;
  const shared = shareChunkIndex(index, check.path);
  const parts: Promise<readonly BadRange[]>[] = [];
  for (let first = 0; first < index.count; ) {
    const last = Math.max(
      first + 1,
      index.offset(first) + RANGE_BYTES >= index.sizeBytes
        ? index.count
        : index.chunkAt(index.offset(first) + RANGE_BYTES),
    );
    parts.push(checkPart(check, shared, first, last));
    first = last;
  }
  return (await Promise.all(parts)).flat();
}

async function checkPart(
  check: RangeCheck,
  index: ChunkIndex,
  first: number,
  last: number,
): Promise<readonly BadRange[]> {
  const { path, pool, signal, advance } = check;
  const part = { path, index: index.bytes, first, last };
  const bad = await checkReadable(pool, part, optionsOf(signal, advance));
  return bad.map(({ chunk, found }) => rangeOf(check, index, chunk, found));
}

function rangeOf({ file }: RangeCheck, index: ChunkIndex, chunk: number, found: string): BadRange {
  return {
    file,
    offset: index.offset(chunk),
    length: index.length(chunk),
    expected: index.digestHex(chunk),
    found,
  };
}

/** Options without keys that are undefined, as the pool's type wants them. */
export function optionsOf(
  signal: AbortSignal | undefined,
  advance: JobAdvance | undefined,
): { readonly signal?: AbortSignal; readonly advance?: JobAdvance } {
  return { ...(signal === undefined ? {} : { signal }), ...(advance === undefined ? {} : { advance }) };
}
