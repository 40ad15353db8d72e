// Which ranges of a file are to be fetched: missing chunks joined into runs of neighbours, and runs dealt out in portions. Pure.

/** Chunks `[first, last)` of one file; neighbours in the file, so one range of bytes. */
export interface ChunkRun {
  readonly first: number;
  readonly last: number;
}

/** What a run needs to know of an index. */
interface Offsets {
  offset(chunk: number): number;
  /** The chunk that holds the byte at `offset`. */
  chunkAt(offset: number): number;
}

/** How large one portion may be. */
export interface PortionLimits {
  readonly bytes: number;
  /** Towards the end they become smaller: `timesLeft` times what one holds is left, as long as it holds `toBytes`. */
  readonly shrinking?: { readonly toBytes: number; readonly timesLeft: number };
  /** So many at the beginning are smaller: nobody knows yet how fast each source is. */
  readonly first?: { readonly bytes: number; readonly portions: number };
  /** Each run is a request of its own, so many small ones are dealt out too. */
  readonly runs: number;
}

/** @param missing one flag a chunk: 1 where it is missing, else 0. */
export function runsOf(missing: Uint8Array): readonly ChunkRun[] {
  const runs: ChunkRun[] = [];
  for (let first = missing.indexOf(1); first >= 0; ) {
    const end = missing.indexOf(0, first);
    const last = end < 0 ? missing.length : end;
    runs.push({ first, last });
    first = missing.indexOf(1, last);
  }
  return runs;
}

/**
 * The ranges to ask for: runs, joined where the gap between two is of at most `gapBytes`, because the gap's bytes cost less than another request does.
 * @param runs ascending
 */
export function joinedRuns(runs: readonly ChunkRun[], index: Offsets, gapBytes: number): readonly ChunkRun[] {
  const joined: ChunkRun[] = [];
  for (const { first, last } of runs) {
    const before = joined.at(-1);
    if (before !== undefined && index.offset(first) - index.offset(before.last) <= gapBytes)
      joined[joined.length - 1] = { first: before.first, last };
    else joined.push({ first, last });
  }
  return joined;
}

/** @returns how many bytes of the file the runs are. */
export function bytesOf(runs: readonly ChunkRun[], index: Offsets): number {
  return runs.reduce((sum, { first, last }) => sum + index.offset(last) - index.offset(first), 0);
}

/** Deals runs out in order; a run longer than a portion is split between two chunks. Every portion has at least one chunk. */
export function portionsOf(
  runs: readonly ChunkRun[],
  index: Offsets,
  limits: PortionLimits,
): readonly (readonly ChunkRun[])[] {
  const portions: ChunkRun[][] = [];
  let room = 0;
  let left = bytesOf(runs, index);
  for (const run of runs) {
    for (let first = run.first; first < run.last; ) {
      let portion = portions.at(-1);
      if (portion === undefined || room <= 0 || portion.length >= limits.runs) {
        portion = [];
        portions.push(portion);
        room = roomIn(limits, left, portions.length);
      }
      const end = index.offset(first) + room;
      const last = index.offset(run.last) <= end ? run.last : Math.max(first + 1, index.chunkAt(end));
      portion.push({ first, last });
      const bytes = index.offset(last) - index.offset(first);
      room -= bytes;
      left -= bytes;
      first = last;
    }
  }
  return portions;
}

/** @param number of the portion, from 1. */
function roomIn({ bytes, shrinking, first }: PortionLimits, leftBytes: number, number: number): number {
  if (first !== undefined && number <= first.portions) return Math.min(bytes, first.bytes);
  if (shrinking === undefined) return bytes;
  return Math.min(bytes, Math.max(shrinking.toBytes, leftBytes / shrinking.timesLeft));
}
