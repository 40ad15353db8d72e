// Which frames a pack has: units one behind the other in the order of the manifest, small files and chunks apart, nothing twice. Pure.
import type { ChunkIndex } from './chunk-index.ts';
import type { ManifestFile } from './manifest.ts';
import { openOlderPlaces } from './pack-dictionary.ts';
import { type DictionarySegment, MAX_FRAME_BYTES, type UnitRun } from './pack-index.ts';
import { unitBytes, unitNumbers } from './pack-units.ts';

/** A version, with the chunk index of each large file by the file's SHA-256. */
export interface IndexedVersion {
  readonly files: readonly ManifestFile[];
  readonly indexes: ReadonlyMap<string, ChunkIndex>;
}

/** Bytes of one file that follow each other, in a frame. */
export interface FramePart {
  /** Counts the manifest's files. */
  readonly file: number;
  readonly offset: number;
  readonly length: number;
}

export interface PlannedFrame {
  readonly runs: readonly UnitRun[];
  readonly parts: readonly FramePart[];
  readonly rawBytes: number;
  /** It holds small files: worth a frame also where it does not compress, for the requests that it saves. */
  readonly small: boolean;
  readonly dictionary: readonly DictionarySegment[];
}

/** A frame has no more units: those of small files are each looked up in the older version. */
const MAX_UNITS = 2048;

/** @returns the frames of all that the version holds. */
export function planFullPack(version: IndexedVersion): readonly PlannedFrame[] {
  return planFrames(version, new Set()).map(frame => ({ ...frame, dictionary: [] }));
}

/** @returns the frames of what `older` does not hold, each with its dictionary: bytes of `older` that are likely to be much the same. */
export function planPackFrom(version: IndexedVersion, older: IndexedVersion): readonly PlannedFrame[] {
  const places = openOlderPlaces(version, older);
  return planFrames(version, digestsOf(older)).map(frame => ({
    ...frame,
    dictionary: places.dictionaryFor(frame),
  }));
}

function digestsOf({ files, indexes }: IndexedVersion): Set<string> {
  const digests = new Set<string>();
  for (const file of files) {
    const index = indexes.get(file.sha256);
    for (let chunk = 0; chunk < (file.chunks?.count ?? 1); chunk++) {
      const unit = unitBytes(file, chunk, index);
      if (unit !== undefined) digests.add(unit.digest);
    }
  }
  return digests;
}

interface Draft {
  readonly runs: { first: number; count: number }[];
  readonly parts: { file: number; offset: number; length: number }[];
  rawBytes: number;
  readonly small: boolean;
  units: number;
}

/** @param known digests that are left out; those of the version join them. */
function planFrames(version: IndexedVersion, known: Set<string>): readonly Draft[] {
  const numbers = unitNumbers(version);
  const frames: Draft[] = [];
  for (const [at, file] of version.files.entries()) {
    const index = version.indexes.get(file.sha256);
    const small = file.chunks === undefined;
    for (let chunk = 0; chunk < (file.chunks?.count ?? 1); chunk++) {
      const bytes = unitBytes(file, chunk, index);
      if (bytes === undefined || bytes.length === 0 || known.has(bytes.digest)) continue;
      known.add(bytes.digest);
      let frame = frames.at(-1);
      if (
        frame === undefined ||
        frame.small !== small ||
        frame.rawBytes + bytes.length > MAX_FRAME_BYTES ||
        frame.units >= MAX_UNITS
      ) {
        frame = { runs: [], parts: [], rawBytes: 0, small, units: 0 };
        frames.push(frame);
      }
      append(frame, numbers.first(at) + chunk, { file: at, offset: bytes.offset, length: bytes.length });
    }
  }
  return frames;
}

function append(frame: Draft, unit: number, part: FramePart): void {
  const run = frame.runs.at(-1);
  if (run !== undefined && run.first + run.count === unit) run.count++;
  else frame.runs.push({ first: unit, count: 1 });
  const last = frame.parts.at(-1);
  if (last !== undefined && last.file === part.file && last.offset + last.length === part.offset)
    last.length += part.length;
  else frame.parts.push({ ...part });
  frame.rawBytes += part.length;
  frame.units++;
}
