// One record of the master file table: its fixups proven and taken out, its attributes one after the other.
// Source: ntfs-3g layout.h, MFT_RECORD and ATTR_RECORD; Linux-NTFS documentation, Fixup.
import { cannotBeRead, type ImageBytes, readUInt64 } from './image-bytes.ts';

export const ATTRIBUTE = {
  attributeList: 0x20,
  fileName: 0x30,
  volumeName: 0x60,
  data: 0x80,
  indexRoot: 0x90,
  indexAllocation: 0xa0,
  reparsePoint: 0xc0,
} as const;

/** A reference to a record: its number, and how often it had been used then. */
export interface RecordReference {
  readonly number: number;
  readonly sequence: number;
}

export interface MftRecord {
  readonly number: number;
  readonly sequence: number;
  readonly folder: boolean;
  /** Set in a record that only holds attributes for which another one had no room. */
  readonly base: RecordReference | undefined;
  readonly attributes: readonly Attribute[];
}

export interface Attribute {
  readonly type: number;
  readonly named: boolean;
  readonly flags: number;
  /** Its number in its record. */
  readonly instance: number;
  /** Resident: what it holds; a view that lasts no longer than the record's bytes. */
  readonly value?: Buffer;
  /** Not resident: where its bytes lie; sizes only with the part whose `lowest` is 0. */
  readonly outside?: {
    readonly lowest: number;
    readonly highest: number;
    readonly mapping: Buffer;
    readonly size: number;
    readonly initialized: number;
  };
}

const IN_USE = 1;
const FOLDER = 2;
const END = 0xffffffff;
/** Fixups guard each 512 bytes, whatever the sector's size (ntfs-3g layout.h, NTFS_BLOCK_SIZE). */
const GUARDED_BYTES = 512;
/** Head of an attribute whose bytes lie outside of the record. */
const OUTSIDE_MIN_BYTES = 64;

/** @returns undefined for a record that is not in use. `bytes` are changed. Faults: DISK-09 one that contradicts itself. */
export function readRecord(
  image: ImageBytes,
  where: string,
  bytes: Buffer,
  number: number,
): MftRecord | undefined {
  if (bytes.toString('latin1', 0, 4) !== 'FILE' || (bytes.readUInt16LE(22) & IN_USE) === 0) return undefined;
  const bad = (expected: string, found: string | number) =>
    cannotBeRead(image, `${where}, record ${number}`, expected, found);
  const broken = removeFixups(bytes);
  if (broken !== undefined) throw bad('a record written whole', broken);
  const used = bytes.readUInt32LE(24);
  if (used > bytes.length) throw bad(`at most ${bytes.length} bytes in use`, used);
  const attributes: Attribute[] = [];
  for (let at = bytes.readUInt16LE(20); ; ) {
    if (at + 4 > used) throw bad('an end of its attributes', 'none');
    if (bytes.readUInt32LE(at) === END) break;
    const length = at + 8 > used ? 0 : bytes.readUInt32LE(at + 4);
    if (length < 24 || length % 8 !== 0 || at + length > used)
      throw bad('attributes inside the record', `${length} bytes at ${at}`);
    const attribute = readAttribute(bytes.subarray(at, at + length));
    if (attribute === undefined) throw bad('an attribute inside its bounds', `one at ${at}`);
    attributes.push(attribute);
    at += length;
  }
  const base = readReference(bytes, 32);
  return {
    number,
    sequence: bytes.readUInt16LE(16),
    folder: (bytes.readUInt16LE(22) & FOLDER) !== 0,
    base: base.number === 0 && base.sequence === 0 ? undefined : base,
    attributes,
  };
}

/** A record's number has 48 bits, how often it was used 16. */
export function readReference(bytes: Buffer, at: number): RecordReference {
  return { number: bytes.readUIntLE(at, 6), sequence: bytes.readUInt16LE(at + 6) };
}

/** For records and for blocks of an index; @returns why they are not whole. The last two bytes of every 512 were exchanged for a number that shows whether all of them were written; they lie at the record's head. */
export function removeFixups(bytes: Buffer): string | undefined {
  const at = bytes.readUInt16LE(4);
  const count = bytes.readUInt16LE(6);
  if (count !== bytes.length / GUARDED_BYTES + 1 || at + count * 2 > GUARDED_BYTES - 2)
    return `${count} fixups at ${at}`;
  const mark = bytes.readUInt16LE(at);
  for (let part = 1; part < count; part += 1) {
    const end = part * GUARDED_BYTES - 2;
    if (bytes.readUInt16LE(end) !== mark) return `an old part ${part}`;
    bytes.writeUInt16LE(bytes.readUInt16LE(at + part * 2), end);
  }
  return undefined;
}

function readAttribute(bytes: Buffer): Attribute | undefined {
  const facts = {
    type: bytes.readUInt32LE(0),
    named: bytes[9] !== 0,
    flags: bytes.readUInt16LE(12),
    instance: bytes.readUInt16LE(14),
  };
  if (bytes[8] === 0) {
    const length = bytes.readUInt32LE(16);
    const at = bytes.readUInt16LE(20);
    return at + length > bytes.length ? undefined : { ...facts, value: bytes.subarray(at, at + length) };
  }
  if (bytes.length < OUTSIDE_MIN_BYTES) return undefined;
  const mapping = bytes.readUInt16LE(32);
  if (mapping > bytes.length) return undefined;
  return {
    ...facts,
    outside: {
      lowest: readUInt64(bytes, 16),
      // All ones where there is not one cluster.
      highest: Number(bytes.readBigInt64LE(24)),
      mapping: bytes.subarray(mapping),
      size: readUInt64(bytes, 48),
      initialized: readUInt64(bytes, 56),
    },
  };
}
