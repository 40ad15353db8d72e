// Where in an older version the bytes lie that are most like those of a frame: in the file of the same name, or what it was called before, at the same
// place between the chunks that both have. A dictionary of them makes a relinked program a fraction of its size. Pure.
import type { ChunkIndex } from './chunk-index.ts';
import { chunksInStep } from './chunks-in-step.ts';
import { openOlderFiles } from './older-files.ts';
import { type DictionarySegment, MAX_DICTIONARY_BYTES } from './pack-index.ts';
import type { FramePart, IndexedVersion } from './pack-plan.ts';

export interface OlderPlaces {
  /** @returns segments of the older version's files, at most MAX_DICTIONARY_BYTES; ordered, none twice. */
  dictionaryFor(frame: {
    readonly parts: readonly FramePart[];
    readonly rawBytes: number;
  }): readonly DictionarySegment[];
}

/** Both versions have the bytes before `[newOffset, oldOffset]` and from `newEnd`, `oldEnd` on. */
interface Gap {
  readonly newOffset: number;
  readonly oldOffset: number;
  readonly newEnd: number;
  readonly oldEnd: number;
}

/** A range between two chunks that both have is widened by so much: compilers repeat themselves nearby. */
const CONTEXT_BYTES = 64 * 1024;

export function openOlderPlaces(version: IndexedVersion, older: IndexedVersion): OlderPlaces {
  const olderFiles = openOlderFiles(version, older);
  const gapsOf = new Map<number, readonly Gap[]>();

  /** The gaps of a large file, ascending; made once. */
  function gaps(file: number, oldFile: number): readonly Gap[] {
    const found = gapsOf.get(file) ?? findGaps(version, file, older, oldFile);
    gapsOf.set(file, found);
    return found;
  }

  function segmentFor(part: FramePart, roomBytes: number): DictionarySegment | undefined {
    const oldFile = olderFiles.olderOf(part.file);
    const oldSize = oldFile === undefined ? 0 : (older.files[oldFile]?.size ?? 0);
    if (oldFile === undefined || oldSize === 0) return undefined;
    const gap = gaps(part.file, oldFile).findLast(each => each.newOffset <= part.offset);
    if (gap === undefined) return undefined;
    const scale = (gap.oldEnd - gap.oldOffset) / Math.max(1, gap.newEnd - gap.newOffset);
    const from = gap.oldOffset + (part.offset - gap.newOffset) * scale;
    const middle = from + (part.length * scale) / 2;
    const widest = { start: gap.oldOffset - CONTEXT_BYTES, end: gap.oldEnd + CONTEXT_BYTES };
    const start = Math.floor(
      Math.max(0, widest.start, Math.min(middle - roomBytes / 2, widest.end - roomBytes)),
    );
    const end = Math.floor(Math.min(oldSize, widest.end, start + roomBytes));
    return end > start ? { file: oldFile, offset: start, length: end - start } : undefined;
  }

  return {
    dictionaryFor({ parts, rawBytes }) {
      const segments = parts
        .map(part => segmentFor(part, Math.floor((MAX_DICTIONARY_BYTES * part.length) / rawBytes)))
        .filter(segment => segment !== undefined);
      return merged(segments);
    },
  };
}

/** What lies between the chunks that both have. */
function findGaps(
  version: IndexedVersion,
  file: number,
  older: IndexedVersion,
  oldFile: number,
): readonly Gap[] {
  const [newIndex, oldIndex] = [indexOf(version, file), indexOf(older, oldFile)];
  const [newSize, oldSize] = [version.files[file]?.size ?? 0, older.files[oldFile]?.size ?? 0];
  const gaps: Gap[] = [];
  let [newOffset, oldOffset] = [0, 0];
  if (newIndex !== undefined && oldIndex !== undefined) {
    for (const { chunk, older: same } of chunksInStep(newIndex, oldIndex)) {
      const [newEnd, oldEnd] = [newIndex.offset(chunk), oldIndex.offset(same)];
      if (newEnd > newOffset) gaps.push({ newOffset, oldOffset, newEnd, oldEnd });
      newOffset = newIndex.offset(chunk + 1);
      oldOffset = oldIndex.offset(same + 1);
    }
  }
  gaps.push({ newOffset, oldOffset, newEnd: newSize, oldEnd: oldSize });
  return gaps;
}

function indexOf({ files, indexes }: IndexedVersion, file: number): ChunkIndex | undefined {
  return indexes.get(files[file]?.sha256 ?? '');
}

/** Ordered, and what overlaps or touches made one. */
function merged(segments: readonly DictionarySegment[]): readonly DictionarySegment[] {
  const all: { file: number; offset: number; length: number }[] = [];
  for (const segment of segments.toSorted((a, b) => a.file - b.file || a.offset - b.offset)) {
    const last = all.at(-1);
    if (last !== undefined && last.file === segment.file && segment.offset <= last.offset + last.length)
      last.length = Math.max(last.length, segment.offset + segment.length - last.offset);
    else all.push({ ...segment });
  }
  return all;
}
