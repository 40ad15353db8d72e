// Copies chunks from local files into the file being put together. Each is proven in memory first: a seed may be damaged or may have
// changed since it was looked at, and then the chunk simply stays missing.
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import type { ChunkIndex } from '../content/chunk-index.ts';
import type { DurableFiles, PartialFile } from '../durable/durable-files.ts';
import { type FileWork, settleMissing } from './file-work.ts';
import { type ChunkPlace, type ChunkPlaces, chunkKey } from './seeds.ts';

/** Neighbours in both files are read and written together. */
const GROUP_BYTES = 2 * 1024 * 1024;
const FLUSH_EVERY_BYTES = 64 * 1024 * 1024;

/** @returns how many bytes were reused; they are durable. */
export async function fillFromSeeds(
  work: FileWork,
  places: ChunkPlaces,
  world: { readonly durable: DurableFiles; readonly stopIfAsked: () => void },
): Promise<number> {
  const { index, missing } = work;
  if (index === undefined || !(missing instanceof Uint8Array)) return 0;
  const groups = [...groupsOf(index, missing, places)];
  if (groups.length === 0) return 0;
  const handles = new Map<string, FileHandle>();
  const partial = await world.durable.openPartial(work.assemble);
  const scratch = new Uint8Array(GROUP_BYTES);
  let reusedBytes = 0;
  let unflushedBytes = 0;
  try {
    for (const group of groups) {
      world.stopIfAsked();
      const copied = await copyGroup({ index, missing, group, partial, scratch, handles });
      reusedBytes += copied;
      unflushedBytes += copied;
      if (unflushedBytes < FLUSH_EVERY_BYTES) continue;
      await partial.flush();
      unflushedBytes = 0;
    }
    await partial.flush();
  } finally {
    await partial.close();
    for (const handle of handles.values()) await handle.close();
  }
  settleMissing(work);
  return reusedBytes;
}

/** Chunks `[first, last)` of the target that lie one after the other in one seed as well. */
interface Group extends ChunkPlace {
  readonly first: number;
  readonly last: number;
}

function* groupsOf(
  index: ChunkIndex,
  missing: Uint8Array,
  places: ChunkPlaces,
): Generator<Group, void, undefined> {
  const placeOf = (chunk: number): ChunkPlace | undefined =>
    chunk < index.count && missing[chunk] !== 0 ? places.get(chunkKey(index.digest(chunk))) : undefined;
  for (let first = 0; first < index.count; ) {
    const place = placeOf(first);
    let last = first + 1;
    if (place) {
      const follows = (next: ChunkPlace | undefined): boolean =>
        next?.path === place.path &&
        next.offset - place.offset === index.offset(last) - index.offset(first) &&
        index.offset(last + 1) - index.offset(first) <= GROUP_BYTES;
      while (follows(placeOf(last))) last++;
      yield { ...place, first, last };
    }
    first = last;
  }
}

interface GroupCopy {
  readonly index: ChunkIndex;
  readonly missing: Uint8Array;
  readonly group: Group;
  readonly partial: PartialFile;
  readonly scratch: Uint8Array;
  readonly handles: Map<string, FileHandle>;
}

async function copyGroup({ index, missing, group, partial, scratch, handles }: GroupCopy): Promise<number> {
  const start = index.offset(group.first);
  const bytes = scratch.subarray(0, index.offset(group.last) - start);
  if (!(await readSeed(group, bytes, handles))) return 0;
  let copied = 0;
  for (let chunk = group.first; chunk < group.last; chunk++) {
    const at = index.offset(chunk) - start;
    const part = bytes.subarray(at, at + index.length(chunk));
    if (!createHash('sha256').update(part).digest().equals(index.digest(chunk))) continue;
    await partial.write(part, start + at);
    missing[chunk] = 0;
    copied += part.length;
  }
  return copied;
}

/** @returns false when the seed cannot be read or ends too early: then it is no seed. */
async function readSeed(
  { path, offset }: ChunkPlace,
  into: Uint8Array,
  handles: Map<string, FileHandle>,
): Promise<boolean> {
  try {
    const handle = handles.get(path) ?? (await open(path, 'r'));
    handles.set(path, handle);
    for (let got = 0; got < into.length; ) {
      const { bytesRead } = await handle.read(into, got, into.length - got, offset + got);
      if (bytesRead === 0) return false;
      got += bytesRead;
    }
    return true;
  } catch {
    // A bad sector or a file that has gone: a source has the same bytes.
    return false;
  }
}
