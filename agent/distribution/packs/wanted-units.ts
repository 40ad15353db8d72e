// What is missing of an item, by digest: tells what a frame of a pack would bring, proves each unit of one that came, and puts it wherever it is missing.
import { createHash } from 'node:crypto';
import type { ChunkIndex } from '../../content/chunk-index.ts';
import type { ContentManifest } from '../../content/manifest.ts';
import type { PackFrame } from '../../content/pack-index.ts';
import { type UnitBytes, unitBytes, unitNumbers } from '../../content/pack-units.ts';
import type { DurableFiles, PartialFile } from '../../durable/durable-files.ts';
import { Fault } from '../../fault/fault.ts';
import { type FileWork, placeSmallFile } from '../file-work.ts';
import type { FrameOffer } from './choose-frames.ts';

export interface WantedUnits {
  readonly units: number;
  /** What is missing now: its bytes, and the requests that plain files would take. */
  plain(): { readonly bytes: number; readonly requests: number };
  /** undefined for a chunk of a file whose index is not at hand, because nothing of it is missing. */
  lengthOf(unit: number): number | undefined;
  offerOf(frame: PackFrame): FrameOffer;
  /**
   * Proves what is wanted of a frame's units and puts it in place. Fault TRUST-17 at the first unit with other bytes than its digest says; units before it are in
   * place. Faults of the disk as they are.
   * @param subject for the fault: the pack.
   * @param advance told the bytes of each unit that is in place
   */
  take(frame: PackFrame, raw: Uint8Array, subject: string, advance: (bytes: number) => void): Promise<void>;
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
  durable: DurableFiles,
): WantedUnits {
  const numbers = unitNumbers({ files });
  const indexes = new Map<string, ChunkIndex>();
  for (const { file, index } of works) if (index !== undefined) indexes.set(file.sha256, index);
  const { places } = missingPlaces(works);

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
  const missingAt = (digest: string): readonly MissingPlace[] => (places.get(digest) ?? []).filter(isMissing);

  return {
    units: numbers.count,
    plain: () => missingPlaces(works).plain,
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
    async take(frame, raw, subject, advance) {
      const placing = openPlacing(durable);
      try {
        for (const { digest, length, at } of unitsOf(frame)) {
          const wanting = missingAt(digest);
          if (wanting.length === 0) continue;
          const bytes = raw.subarray(at, at + length);
          prove(bytes, digest, subject);
          for (const place of wanting) {
            await placing.place(place, bytes);
            advance(length);
          }
        }
      } finally {
        await placing.end();
      }
    },
  };
}

function missingPlaces(works: readonly FileWork[]): {
  readonly places: ReadonlyMap<string, readonly MissingPlace[]>;
  readonly plain: ReturnType<WantedUnits['plain']>;
} {
  const places = new Map<string, MissingPlace[]>();
  let [bytes, requests] = [0, 0];
  let before: MissingPlace | undefined;
  for (const work of works) {
    const { file, index, missing } = work;
    if (missing === 'nothing') continue;
    const small = file.chunks === undefined;
    for (let chunk = 0; chunk < (small ? 1 : (index?.count ?? 0)); chunk++) {
      const unit = unitBytes(file, chunk, index);
      const place = { work, chunk: small ? undefined : chunk, offset: unit?.offset ?? 0 };
      if (unit === undefined || !isMissing(place)) continue;
      const same = places.get(unit.digest);
      if (same === undefined) places.set(unit.digest, [place]);
      else same.push(place);
      bytes += unit.length;
      if (!follows(place, before)) requests++;
      before = place;
    }
  }
  return { places, plain: { bytes, requests } };
}

function isMissing({ work: { missing }, chunk }: MissingPlace): boolean {
  if (missing === 'nothing') return false;
  return missing === 'whole' || (chunk !== undefined && missing[chunk] !== 0);
}

/** One range of a plain file would bring both. */
function follows({ work, chunk }: MissingPlace, before: MissingPlace | undefined): boolean {
  return chunk !== undefined && before?.work === work && before.chunk === chunk - 1;
}

function prove(bytes: Uint8Array, digest: string, subject: string): void {
  const found = createHash('sha256').update(bytes).digest('binary');
  if (found === digest) return;
  const hex = (text: string): string => Buffer.from(text, 'latin1').toString('hex');
  throw new Fault('TRUST-17', subject, { field: 'unit', expected: hex(digest), found: hex(found) });
}

interface Placing {
  place(place: MissingPlace, bytes: Uint8Array): Promise<void>;
  end(): Promise<void>;
}

/** Partial files stay open while their chunks come. One of a staged item is not flushed: see placeSmallFile. */
function openPlacing(durable: DurableFiles): Placing {
  const open = new Map<FileWork, PartialFile>();
  return {
    async place({ work, chunk, offset }, bytes) {
      if (chunk === undefined) return await placeSmallFile(work, bytes, durable);
      const partial = open.get(work) ?? (await durable.openPartial(work.assemble));
      open.set(work, partial);
      await partial.write(bytes, offset);
      if (work.missing instanceof Uint8Array) work.missing[chunk] = 0;
    },
    async end() {
      for (const [work, partial] of open) {
        try {
          if (work.live) await partial.flush();
        } finally {
          await partial.close();
        }
      }
    },
  };
}
