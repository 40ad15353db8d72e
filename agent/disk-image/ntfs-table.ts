// The master file table as a stream of its records. It is a file of the volume itself, described by its own first record.
import type { Extent } from './disk-image.ts';
import { cannotBeRead, type ImageBytes } from './image-bytes.ts';
import { readAttributeList } from './ntfs-attribute-list.ts';
import { ATTRIBUTE, type MftRecord, readRecord } from './ntfs-record.ts';
import { type DataPart, dataPart, placeBytes } from './ntfs-runs.ts';
import type { NtfsShape } from './ntfs-shape.ts';
import { readExtents } from './read-extents.ts';

export interface RecordTable {
  readonly count: number;
  /** @returns undefined for a record that is not in use. Faults: DISK-03, DISK-09. */
  record(number: number): Promise<MftRecord | undefined>;
  /** Every record in use; each is good until the next is asked for. */
  records(): AsyncGenerator<MftRecord>;
}

/** 32 million files: a table of 32 GB. */
const RECORDS_MAX = 32 * 1024 * 1024;
const PIECE_BYTES = 4 * 1024 * 1024;

/** Faults: DISK-03, DISK-09. */
export async function openRecordTable(image: ImageBytes, shape: NtfsShape): Promise<RecordTable> {
  const first = { offset: shape.offset + shape.mftCluster * shape.clusterBytes, length: shape.recordBytes };
  const own = await tableAt(image, shape, [first]).record(0);
  if (own === undefined) throw cannotBeRead(image, shape.where, 'a master file table', 'none at its place');
  const parts = dataParts(image, own, shape);
  let table = tableAt(image, shape, placed(image, parts, shape));
  // A table in very many pieces describes the later ones in records that lie in the earlier ones.
  const list = await readAttributeList(image, own, shape);
  const later = (list ?? [])
    .filter(entry => entry.type === ATTRIBUTE.data && !entry.named && entry.record.number !== 0)
    .toSorted((a, b) => a.lowest - b.lowest);
  const seen = new Set([0]);
  for (const { record } of later) {
    if (seen.has(record.number)) continue;
    seen.add(record.number);
    const holder = await table.record(record.number);
    if (holder?.base?.number !== 0)
      throw cannotBeRead(image, shape.where, `record ${record.number} of the file table`, 'another');
    parts.push(...dataParts(image, holder, shape));
    table = tableAt(image, shape, placed(image, parts, shape));
  }
  const size = parts.find(part => part.lowest === 0)?.initialized ?? 0;
  const covered = table.count * shape.recordBytes;
  if (covered + shape.recordBytes <= size)
    throw cannotBeRead(image, shape.where, `a file table of ${size} bytes`, `${covered} bytes`);
  return table;
}

function dataParts(image: ImageBytes, record: MftRecord, shape: NtfsShape): DataPart[] {
  return record.attributes
    .filter(attribute => attribute.type === ATTRIBUTE.data && !attribute.named)
    .map(attribute => {
      const part = dataPart(attribute, shape);
      if ('broken' in part) throw cannotBeRead(image, shape.where, 'a master file table', part.broken);
      return part;
    });
}

/** While parts are still missing the table reaches as far as those that there are. */
function placed(image: ImageBytes, parts: readonly DataPart[], shape: NtfsShape): readonly Extent[] {
  const known = parts.reduce(
    (sum, part) => sum + part.runs.reduce((inner, run) => inner + run.clusters, 0),
    0,
  );
  if (known > shape.clusterCount)
    throw cannotBeRead(image, shape.where, 'a file table that fits on it', 'a larger one');
  const bytes = placeBytes(
    parts.map(part => {
      const size = Math.min(part.initialized, known * shape.clusterBytes);
      return { ...part, size, initialized: size };
    }),
    shape,
  );
  if ('broken' in bytes) throw cannotBeRead(image, shape.where, 'a master file table', bytes.broken);
  if (bytes.extents.some(extent => extent.sparse === true))
    throw cannotBeRead(image, shape.where, 'a master file table', 'holes in it');
  if (bytes.size / shape.recordBytes > RECORDS_MAX)
    throw cannotBeRead(image, shape.where, `at most ${RECORDS_MAX} records`, bytes.size / shape.recordBytes);
  return bytes.extents;
}

function tableAt(image: ImageBytes, shape: NtfsShape, extents: readonly Extent[]): RecordTable {
  const { recordBytes, where } = shape;
  const size = extents.reduce((sum, extent) => sum + extent.length, 0);
  const count = Math.floor(size / recordBytes);
  return {
    count,
    async record(number) {
      if (number >= count) return undefined;
      const bytes = await readExtents(image, extents, number * recordBytes, recordBytes, where);
      return readRecord(image, where, bytes, number);
    },
    async *records() {
      const perPiece = PIECE_BYTES / recordBytes;
      for (let first = 0; first < count; first += perPiece) {
        const records = Math.min(perPiece, count - first);
        const piece = await readExtents(image, extents, first * recordBytes, records * recordBytes, where);
        for (let at = 0; at < records; at += 1) {
          const bytes = piece.subarray(at * recordBytes, (at + 1) * recordBytes);
          const record = readRecord(image, where, bytes, first + at);
          if (record !== undefined) yield record;
        }
      }
    },
  };
}
