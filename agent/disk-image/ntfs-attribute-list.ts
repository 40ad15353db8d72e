// The list of attributes that a file has in several records. What it does not name is no part of the file, even if a record claims it.
// Source: ntfs-3g layout.h, ATTR_LIST_ENTRY.
import { cannotBeRead, type ImageBytes, readUInt64 } from './image-bytes.ts';
import { ATTRIBUTE, type MftRecord, type RecordReference, readReference } from './ntfs-record.ts';
import { dataPart, placeBytes } from './ntfs-runs.ts';
import type { NtfsShape } from './ntfs-shape.ts';
import { readExtents } from './read-extents.ts';

export interface ListedAttribute {
  readonly type: number;
  readonly named: boolean;
  readonly lowest: number;
  readonly record: RecordReference;
  readonly instance: number;
}

/** Windows makes none that is longer. */
const LIST_MAX_BYTES = 256 * 1024;
const ENTRY_MIN_BYTES = 26;

/** @returns undefined where the file has no list: then all its attributes are in its record. Faults: DISK-03, DISK-09. */
export async function readAttributeList(
  image: ImageBytes,
  record: MftRecord,
  shape: NtfsShape,
): Promise<readonly ListedAttribute[] | undefined> {
  const attribute = record.attributes.find(each => each.type === ATTRIBUTE.attributeList);
  if (attribute === undefined) return undefined;
  const where = `${shape.where}, attribute list of record ${record.number}`;
  if (attribute.value !== undefined) return decodeList(image, attribute.value, where);
  const part = dataPart(attribute, shape);
  const bytes = 'broken' in part ? part : placeBytes([part], shape);
  if ('broken' in bytes) throw cannotBeRead(image, where, 'its bytes', bytes.broken);
  if (bytes.size > LIST_MAX_BYTES)
    throw cannotBeRead(image, where, `at most ${LIST_MAX_BYTES} bytes`, bytes.size);
  return decodeList(image, await readExtents(image, bytes.extents, 0, bytes.size, where), where);
}

function decodeList(image: ImageBytes, bytes: Buffer, where: string): readonly ListedAttribute[] {
  const entries: ListedAttribute[] = [];
  for (let at = 0; at + ENTRY_MIN_BYTES <= bytes.length; ) {
    const length = bytes.readUInt16LE(at + 4);
    if (length < ENTRY_MIN_BYTES || at + length > bytes.length)
      throw cannotBeRead(image, where, 'entries inside it', `${length} bytes at ${at}`);
    entries.push({
      type: bytes.readUInt32LE(at),
      named: bytes[at + 6] !== 0,
      lowest: readUInt64(bytes, at + 8),
      record: readReference(bytes, at + 16),
      instance: bytes.readUInt16LE(at + 24),
    });
    at += length;
  }
  return entries;
}
