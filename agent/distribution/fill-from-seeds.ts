// Copies chunks from local files into the file being put together. Each is proven in memory first: a seed may be damaged or may have
// changed since it was looked at; then the next place is tried, and after the last one the chunk simply stays missing.
import { createHash } from 'node:crypto';
import type { ChunkIndex } from '../content/chunk-index.ts';
import type { DurableFiles, PartialFile } from '../durable/durable-files.ts';
import { type FileWork, settleMissing } from './file-work.ts';
import type { SeedPlace, SeedPlaces } from './seed-map.ts';
import { openSeedReader, type SeedReader } from './seed-reader.ts';

/** Neighbours in both files are read and written together. */
const GROUP_BYTES = 2 * 1024 * 1024;
const FLUSH_EVERY_BYTES = 64 * 1024 * 1024;

/** Where so many copies are bad, the disk is, and a source is faster. */
const PLACES_TRIED = 8;

/** @returns how many bytes were reused; they are durable. */
export async function fillFromSeeds(
  work: FileWork,
  places: SeedPlaces,
  world: { readonly durable: DurableFiles; readonly stopIfAsked: () => void },
): Promise<number> {
  const { index, missing } = work;
  if (index === undefined || !(missing instanceof Uint8Array) || !hasAny(index, missing, places)) return 0;
  const seeds = openSeedReader();
  const partial = await world.durable.openPartial(work.assemble);
  const scratch = new Uint8Array(GROUP_BYTES);
  let reusedBytes = 0;
  let unflushedBytes = 0;
  try {
    for (let nth = 0; nth < PLACES_TRIED; nth++) {
      let tried = false;
      for (const group of groupsOf(index, missing, places, nth)) {
        tried = true;
        world.stopIfAsked();
        const copied = await copyGroup({ index, missing, group, partial, scratch, seeds });
        reusedBytes += copied;
        unflushedBytes += copied;
        if (unflushedBytes < FLUSH_EVERY_BYTES) continue;
        await partial.flush();
        unflushedBytes = 0;
      }
      if (!tried) break;
    }
    await partial.flush();
  } finally {
    await partial.close();
    await seeds.close();
  }
  settleMissing(work);
  return reusedBytes;
}

/** Whether there is anything to try: a file that is only to be fetched is not opened here. */
function hasAny(index: ChunkIndex, missing: Uint8Array, places: SeedPlaces): boolean {
  for (let chunk = missing.indexOf(1); chunk >= 0; chunk = missing.indexOf(1, chunk + 1))
    if (nthPlace(places(index.digest(chunk)), 0) !== undefined) return true;
  return false;
}

/** Chunks `[first, last)` of the target that lie one after the other in one seed as well. */
interface Group extends SeedPlace {
  readonly first: number;
  readonly last: number;
}

/** Of each chunk that is still missing its `nth` place. */
function* groupsOf(
  index: ChunkIndex,
  missing: Uint8Array,
  places: SeedPlaces,
  nth: number,
): Generator<Group, void, undefined> {
  const placeOf = (chunk: number): SeedPlace | undefined =>
    chunk < index.count && missing[chunk] !== 0 ? nthPlace(places(index.digest(chunk)), nth) : undefined;
  for (let first = 0; first < index.count; ) {
    const place = placeOf(first);
    let last = first + 1;
    if (place) {
      const follows = (next: SeedPlace | undefined): boolean =>
        next?.path === place.path &&
        next.offset - place.offset === index.offset(last) - index.offset(first) &&
        index.offset(last + 1) - index.offset(first) <= GROUP_BYTES;
      while (follows(placeOf(last))) last++;
      yield { ...place, first, last };
    }
    first = last;
  }
}

function nthPlace(places: Iterable<SeedPlace>, nth: number): SeedPlace | undefined {
  let at = 0;
  for (const place of places) if (at++ === nth) return place;
  return undefined;
}

interface GroupCopy {
  readonly index: ChunkIndex;
  readonly missing: Uint8Array;
  readonly group: Group;
  readonly partial: PartialFile;
  readonly scratch: Uint8Array;
  readonly seeds: SeedReader;
}

async function copyGroup(copy: GroupCopy): Promise<number> {
  const { index, missing, group, partial, scratch, seeds } = copy;
  const { first, last, path, offset } = group;
  const start = index.offset(first);
  const bytes = scratch.subarray(0, index.offset(last) - start);
  if (!(await seeds.read({ path, offset }, bytes))) {
    if (last - first === 1) return 0;
    // A bad sector or an early end: the chunks before and after it are as good as any.
    const middle = (first + last) >>> 1;
    const after = { path, offset: offset + index.offset(middle) - start, first: middle, last };
    return (
      (await copyGroup({ ...copy, group: { ...group, last: middle } })) +
      (await copyGroup({ ...copy, group: after }))
    );
  }
  let copied = 0;
  for (let chunk = first; chunk < last; chunk++) {
    const at = index.offset(chunk) - start;
    const part = bytes.subarray(at, at + index.length(chunk));
    if (!createHash('sha256').update(part).digest().equals(index.digest(chunk))) continue;
    await partial.write(part, start + at);
    missing[chunk] = 0;
    copied += part.length;
  }
  return copied;
}
