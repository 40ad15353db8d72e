// What is missing of an item, by digest: tells what a frame of a pack would bring, and where each of its units is missing.
import type { ChunkIndex } from '../../content/chunk-index.ts';
import type { ContentManifest } from '../../content/manifest.ts';
import type { PackFrame } from '../../content/pack-index.ts';
import { type UnitBytes, unitBytes, unitNumbers } from '../../content/pack-units.ts';
import type { UnitToPlace } from '../../content/worker-pool.ts';
import { runsOf } from '../chunk-runs.ts';
import { type FileWork, missingBytes } from '../file-work.ts';
import type { FrameOffer } from './choose-frames.ts';

export interface WantedUnits {
  readonly units: number;
  /** What is missing now: its bytes, and the requests that plain files would take. */
  plain(): { readonly bytes: number; readonly requests: number };
  /** undefined for a chunk of a file whose index is not at hand, because nothing of it is missing. */
  lengthOf(unit: number): number | undefined;
  offerOf(frame: PackFrame): FrameOffer;
  /** What of the frame's units is missing now. */
  wantedOf(frame: PackFrame): WantedOfFrame;
}

/** Units of a frame, for the job that places them. */
export interface WantedOfFrame {
  readonly units: readonly UnitToPlace[];
  /** The first so many units are in place. @returns their bytes, those that meanwhile came another way left out. */
  placed(units: number): number;
}

/** Where a unit is missing; `chunk` is undefined for a small file. */
interface MissingPlace {
  readonly work: FileWork;
  readonly chunk: number | undefined;
  readonly offset: number;
}

/** @param works those of `manifest` that may be missing; large ones with their index. */
export function wantedUnits(
  { files }: Pick<ContentManifest, 'files'>,
  works: readonly FileWork[],
): WantedUnits {
  const numbers = unitNumbers({ files });
  const indexes = new Map<string, ChunkIndex>();
  for (const { file, index } of works) if (index !== undefined) indexes.set(file.sha256, index);
  // Only where a pack offers something.
  let places: ReturnType<typeof missingPlaces> | undefined;

  const bytesOf = (unit: number): UnitBytes | undefined => {
    const { file, chunk } = numbers.placeOf(unit);
    const row = files[file]!;
    return unitBytes(row, chunk, indexes.get(row.sha256));
  };
  function* unitsOf({ runs }: PackFrame): Generator<UnitBytes & { readonly at: number }> {
    let at = 0;
    for (const { first, count } of runs) {
      for (let unit = first; unit < first + count; unit++) {
        const bytes = bytesOf(unit);
        // Where the next one begins cannot be told.
        if (bytes === undefined) return;
        yield { ...bytes, at };
        at += bytes.length;
      }
    }
  }
  const missingAt = (digest: string): readonly MissingPlace[] => {
    places ??= missingPlaces(works);
    return (places.get(digest) ?? []).filter(isMissing);
  };

  return {
    units: numbers.count,
    plain: () => plainCost(works),
    lengthOf: unit => bytesOf(unit)?.length,
    offerOf(frame) {
      let [plainBytes, plainRequests] = [0, 0];
      let before: MissingPlace | undefined;
      for (const { digest, length } of unitsOf(frame)) {
        for (const place of missingAt(digest)) {
          plainBytes += length;
          if (!follows(place, before)) plainRequests++;
          before = place;
        }
      }
      return { frame, plainBytes, plainRequests };
    },
    wantedOf(frame) {
      const wanted: { readonly unit: UnitToPlace; readonly places: readonly MissingPlace[] }[] = [];
      for (const { digest, length, at } of unitsOf(frame)) {
        const places = missingAt(digest);
        if (places.length > 0)
          wanted.push({ unit: { at, length, digest, targets: places.map(targetOf) }, places });
      }
      return {
        units: wanted.map(({ unit }) => unit),
        placed(units) {
          let bytes = 0;
          for (const { unit, places } of wanted.slice(0, units)) {
            for (const place of places) if (isMissing(place)) bytes += unit.length;
            for (const { work, chunk } of places) {
              if (chunk === undefined) work.missing = 'nothing';
              else if (work.missing instanceof Uint8Array) work.missing[chunk] = 0;
            }
          }
          return bytes;
        },
      };
    },
  };
}

/** What is missing, by digest, each in the order of the files. */
function missingPlaces(works: readonly FileWork[]): ReadonlyMap<string, readonly MissingPlace[]> {
  const places = new Map<string, MissingPlace[]>();
  for (const work of works) {
    for (const chunk of missingUnits(work)) {
      const unit = unitBytes(work.file, chunk ?? 0, work.index);
      if (unit === undefined) continue;
      const place = { work, chunk, offset: unit.offset };
      const same = places.get(unit.digest);
      if (same === undefined) places.set(unit.digest, [place]);
      else same.push(place);
    }
  }
  return places;
}

/** Bytes and requests of everything that is missing, neighbours in one. */
function plainCost(works: readonly FileWork[]): ReturnType<WantedUnits['plain']> {
  let [bytes, requests] = [0, 0];
  for (const work of works) {
    const { missing } = work;
    bytes += missingBytes(work);
    if (missing instanceof Uint8Array) requests += runsOf(missing).length;
    else if (missing === 'whole') requests++;
  }
  return { bytes, requests };
}

/** The missing chunks of a large file; undefined, once, for a small one. */
function* missingUnits({ file, index, missing }: FileWork): Generator<number | undefined> {
  if (missing === 'nothing') return;
  if (file.chunks === undefined) yield undefined;
  else if (index !== undefined)
    for (let chunk = 0; chunk < index.count; chunk++)
      if (missing === 'whole' || missing[chunk] !== 0) yield chunk;
}

function isMissing({ work: { missing }, chunk }: MissingPlace): boolean {
  if (missing === 'nothing') return false;
  return missing === 'whole' || (chunk !== undefined && missing[chunk] !== 0);
}

/** One range of a plain file would bring both. */
function follows({ work, chunk }: MissingPlace, before: MissingPlace | undefined): boolean {
  return chunk !== undefined && before?.work === work && before.chunk === chunk - 1;
}

/** A small file goes to its place, a chunk to where its file is put together. */
function targetOf({
  work: { place, assemble, live },
  chunk,
  offset,
}: MissingPlace): UnitToPlace['targets'][number] {
  return chunk === undefined ? { path: place, live } : { path: assemble, offset, live };
}
