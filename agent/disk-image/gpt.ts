// The GUID partition table. Source: UEFI Specification 2.10, 5.3.2 (header) and 5.3.3 (entries).
import { crc32 } from 'node:zlib';
import { asFault, Fault } from '../fault/fault.ts';
import { cannotBeRead, type ImageBytes, readUInt64 } from './image-bytes.ts';
import type { Partition, PartitionTable } from './partitions.ts';

const ESP = 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b';
const BASIC_DATA = 'ebd0a0a2-b9e5-4433-87c0-68b6b72699c7';
const HEADER_MIN_BYTES = 92;
/** 16 KiB are usual (128 entries). */
const ENTRIES_MAX_BYTES = 1024 * 1024;
const SECTOR_SIZES = [512, 4096] as const;

/** Both sector sizes are tried; the copy in the last sector stands in for a damaged table. Faults: DISK-09. */
export async function readGpt(image: ImageBytes): Promise<PartitionTable> {
  await requireOneTable(image);
  const attempts = [
    ...SECTOR_SIZES.map(sectorBytes => ({ sectorBytes, lba: 1, copy: false })),
    ...SECTOR_SIZES.map(sectorBytes => ({
      sectorBytes,
      lba: Math.floor(image.size / sectorBytes) - 1,
      copy: true,
    })),
  ];
  let reason: Fault | undefined;
  for (const { sectorBytes, lba, copy } of attempts) {
    try {
      const partitions = await readTable(image, sectorBytes, lba);
      return { scheme: 'gpt', partitions, warnings: copy ? [DAMAGED_TABLE] : [] };
    } catch (thrown) {
      const fault = asFault(thrown);
      if (fault.code !== 'DISK-09') throw thrown;
      // A header that is there and wrong tells more than one that is not there.
      if (reason === undefined || (reason.detail.what === 'GPT' && fault.detail.what !== 'GPT'))
        reason = fault;
    }
  }
  throw reason ?? new Fault('DISK-09', image.file, { expected: 'a GPT', found: 'none' });
}

/** A disk has sectors of one size: with a table for each, another disk would show other partitions. */
async function requireOneTable(image: ImageBytes): Promise<void> {
  // One is the rule, and what is wrong with none is told later.
  const tables = SECTOR_SIZES.map(sectorBytes => readTable(image, sectorBytes, 1).catch(() => undefined));
  if ((await Promise.all(tables)).every(table => table !== undefined))
    throw cannotBeRead(image, 'GPT', 'one table', 'one for each size of sectors');
}

const DAMAGED_TABLE = 'The partition table is damaged; its copy at the end of the disk was read.';

async function readTable(image: ImageBytes, sectorBytes: number, lba: number): Promise<readonly Partition[]> {
  const header = await image.read(lba * sectorBytes, sectorBytes, 'GPT');
  if (header.toString('latin1', 0, 8) !== 'EFI PART')
    throw cannotBeRead(image, 'GPT', 'the mark EFI PART', 'none');
  const headerBytes = header.readUInt32LE(12);
  if (headerBytes < HEADER_MIN_BYTES || headerBytes > sectorBytes)
    throw cannotBeRead(
      image,
      'GPT header',
      `${HEADER_MIN_BYTES} to ${sectorBytes} bytes`,
      `${headerBytes} bytes`,
    );
  const covered = Buffer.from(header.subarray(0, headerBytes));
  covered.writeUInt32LE(0, 16);
  requireCrc(image, 'GPT header', header.readUInt32LE(16), covered);
  if (readUInt64(header, 24) !== lba)
    throw cannotBeRead(image, 'GPT header', `its own place, sector ${lba}`, readUInt64(header, 24));
  const count = header.readUInt32LE(80);
  const entryBytes = header.readUInt32LE(84);
  if (
    entryBytes < 128 ||
    entryBytes > 4096 ||
    entryBytes % 128 !== 0 ||
    count * entryBytes > ENTRIES_MAX_BYTES
  )
    throw cannotBeRead(
      image,
      'GPT entries',
      `at most ${ENTRIES_MAX_BYTES} bytes`,
      `${count} entries of ${entryBytes} bytes`,
    );
  const entries = await image.read(readUInt64(header, 72) * sectorBytes, count * entryBytes, 'GPT entries');
  requireCrc(image, 'GPT entries', header.readUInt32LE(88), entries);
  const partitions: Partition[] = [];
  for (let slot = 0; slot < count; slot += 1) {
    const partition = partitionOf(
      image,
      entries.subarray(slot * entryBytes, (slot + 1) * entryBytes),
      slot + 1,
      sectorBytes,
    );
    if (partition !== undefined) partitions.push(partition);
  }
  return partitions;
}

function requireCrc(image: ImageBytes, what: string, expected: number, bytes: Buffer): void {
  const found = crc32(bytes);
  if (found !== expected)
    throw cannotBeRead(image, what, `CRC32 ${expected.toString(16)}`, found.toString(16));
}

function partitionOf(
  image: ImageBytes,
  entry: Buffer,
  number: number,
  sectorBytes: number,
): Partition | undefined {
  const type = guidText(entry, 0);
  if (/^[0-]+$/.test(type)) return undefined;
  const first = readUInt64(entry, 32);
  const last = readUInt64(entry, 40);
  if (!(last >= first) || last === Number.POSITIVE_INFINITY)
    throw cannotBeRead(image, `partition ${number}`, 'a first and a last sector', `${first} to ${last}`);
  return {
    number,
    type,
    name: entry.toString('utf16le', 56, 128).replace(/\0.*$/s, ''),
    offset: first * sectorBytes,
    length: (last - first + 1) * sectorBytes,
    use: type === ESP ? 'esp' : type === BASIC_DATA ? 'data' : 'other',
    id: guidText(entry, 16),
  };
}

/** The first three parts are little-endian (UEFI Specification, appendix A). */
function guidText(bytes: Buffer, at: number): string {
  const part = (...places: readonly number[]) =>
    places.map(place => (bytes[at + place] ?? 0).toString(16).padStart(2, '0')).join('');
  return [part(3, 2, 1, 0), part(5, 4), part(7, 6), part(8, 9), part(10, 11, 12, 13, 14, 15)].join('-');
}
