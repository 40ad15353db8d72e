// Where a file and its older version are in step: chunks that both have, in the same order in both. Pure.
import type { ChunkIndex } from './chunk-index.ts';

/** A chunk of the file, and the same one of the older file. */
export interface SameChunk {
  readonly chunk: number;
  readonly older: number;
}

/**
 * @returns as many as can be, ascending in both. One that either file has twice tells nothing: taken for its other place, it would put all that lies between out of step.
 * Code that was moved is passed over.
 */
export function chunksInStep(index: ChunkIndex, older: ChunkIndex): readonly SameChunk[] {
  const [own, olders] = [uniqueChunks(index), uniqueChunks(older)];
  const both: SameChunk[] = [];
  for (const [digest, chunk] of own) {
    const same = olders.get(digest);
    if (same !== undefined) both.push({ chunk, older: same });
  }
  return longestAscending(both);
}

/** @returns by digest (32 bytes as Latin-1 text), in the order of the file. */
export function uniqueChunks(index: ChunkIndex): ReadonlyMap<string, number> {
  const places = new Map<string, number>();
  const repeated = new Set<string>();
  for (let chunk = 0; chunk < index.count; chunk++) {
    const digest = Buffer.from(index.digest(chunk)).toString('latin1');
    if (places.has(digest)) repeated.add(digest);
    else places.set(digest, chunk);
  }
  for (const digest of repeated) places.delete(digest);
  return places;
}

/** The longest increasing subsequence by `older`, by patience sorting: n log n. @param both ascending by `chunk` */
function longestAscending(both: readonly SameChunk[]): readonly SameChunk[] {
  interface Link {
    readonly same: SameChunk;
    readonly before: Link | undefined;
  }
  /** `ends[n]` ends the sequence of n + 1 whose end is the smallest so far. */
  const ends: Link[] = [];
  for (const same of both) {
    let [low, high] = [0, ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((ends[middle]?.same.older ?? 0) < same.older) low = middle + 1;
      else high = middle;
    }
    ends[low] = { same, before: ends[low - 1] };
  }
  const longest: SameChunk[] = [];
  for (let link = ends.at(-1); link !== undefined; link = link.before) longest.push(link.same);
  return longest.toReversed();
}
