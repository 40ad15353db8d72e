// The entries of one FAT folder, with their long names where these belong to them. Source: Microsoft FAT Specification (fatgen103), long directory entries.
import type { Extent } from './disk-image.ts';
import { cannotBeRead, type ImageBytes } from './image-bytes.ts';
import { imageKey } from './image-key.ts';

export interface FatEntry {
  readonly kind: 'file' | 'folder';
  readonly name: string;
  readonly cluster: number;
  readonly size: number;
  /** Another entry of the folder has this name too, as its long or its short one: who opens it gets whichever comes first. */
  readonly twin: boolean;
}

const ENTRY_BYTES = 32;
const LONG_NAME = 0x0f;
const VOLUME_LABEL = 0x08;
const FOLDER = 0x10;
const DELETED = 0xe5;
/** A long name has at most 255 units in entries of 13. */
const LONG_PARTS_MAX = 20;

/** @returns files and folders without `.` and `..`. Faults: DISK-03, DISK-09 a name that no file can have. */
export async function readFatFolder(
  image: ImageBytes,
  path: string,
  extents: readonly Extent[],
): Promise<readonly FatEntry[]> {
  const bytes = Buffer.concat(
    await Promise.all(extents.map(({ offset, length }) => image.read(offset, length, `folder ${path}`))),
  );
  const entries: Omit<FatEntry, 'twin'>[] = [];
  const names: string[][] = [];
  let long: LongName | undefined;
  for (let at = 0; at + ENTRY_BYTES <= bytes.length; at += ENTRY_BYTES) {
    const entry = bytes.subarray(at, at + ENTRY_BYTES);
    const attributes = entry[11] ?? 0;
    if (entry[0] === 0) break;
    if (entry[0] === DELETED) {
      long = undefined;
      continue;
    }
    if ((attributes & 0x3f) === LONG_NAME) {
      long = withPart(long, entry);
      continue;
    }
    const short = shortName(entry);
    const name = (long !== undefined && finished(long, entry)) || short;
    long = undefined;
    if ((attributes & VOLUME_LABEL) !== 0 || name === '.' || name === '..') continue;
    if (name === '' || /[\0/\\]/.test(name))
      throw cannotBeRead(image, `folder ${path}`, 'names of files', JSON.stringify(name));
    entries.push({
      kind: (attributes & FOLDER) === 0 ? 'file' : 'folder',
      name,
      cluster: entry.readUInt16LE(20) * 0x1_0000 + entry.readUInt16LE(26),
      size: entry.readUInt32LE(28),
    });
    names.push([...new Set([imageKey(name), imageKey(short)])]);
  }
  const owners = new Map<string, number>();
  for (const name of names.flat()) owners.set(name, (owners.get(name) ?? 0) + 1);
  return entries.map((entry, at) => ({
    ...entry,
    twin: names[at]?.some(name => (owners.get(name) ?? 0) > 1) ?? false,
  }));
}

/** The parts of a long name come last part first, each with the checksum of the short name that they belong to. */
interface LongName {
  readonly checksum: number;
  /** The number of the part that came last; the name is complete with part 1. */
  readonly part: number;
  readonly text: string;
}

function withPart(before: LongName | undefined, entry: Buffer): LongName | undefined {
  const order = entry[0] ?? 0;
  const part = order & 0x1f;
  const checksum = entry[13] ?? 0;
  const text =
    entry.toString('utf16le', 1, 11) + entry.toString('utf16le', 14, 26) + entry.toString('utf16le', 28, 32);
  if ((order & 0x40) !== 0) return part >= 1 && part <= LONG_PARTS_MAX ? { checksum, part, text } : undefined;
  if (before === undefined || before.part !== part + 1 || before.checksum !== checksum) return undefined;
  return { checksum, part, text: text + before.text };
}

/** @returns the long name of `entry`; undefined where the parts are another's, as Windows then goes by the short name. */
function finished({ checksum, part, text }: LongName, entry: Buffer): string | undefined {
  if (part !== 1 || checksum !== shortChecksum(entry)) return undefined;
  const end = text.indexOf('\0');
  return end === -1 ? text : text.slice(0, end);
}

/** fatgen103, ChkSum(). */
function shortChecksum(entry: Buffer): number {
  let sum = 0;
  for (let at = 0; at < 11; at += 1) sum = (((sum & 1) << 7) + (sum >> 1) + (entry[at] ?? 0)) & 0xff;
  return sum;
}

/** Two bits say that base or extension is written in lower case (Windows NT; fatgen103 keeps the byte reserved). */
function shortName(entry: Buffer): string {
  const lower = entry[12] ?? 0;
  const base = oemText(entry.subarray(0, 8), (lower & 0x08) !== 0);
  const extension = oemText(entry.subarray(8, 11), (lower & 0x10) !== 0);
  return extension === '' ? base : `${base}.${extension}`;
}

/** Which code page other letters are in is not written anywhere: they become private ones, so that different names stay different. */
function oemText(bytes: Buffer, lower: boolean): string {
  let text = '';
  for (const [at, byte] of bytes.entries()) {
    // 0x05 stands for 0xE5, which would mean deleted.
    const real = at === 0 && byte === 0x05 ? DELETED : byte;
    text += String.fromCharCode(real < 0x80 ? real : 0xf000 + real);
  }
  const trimmed = text.trimEnd();
  return lower ? trimmed.toLowerCase() : trimmed;
}
