// The partitions of a disk image: GPT, from its copy at the end where the first is damaged, or the four entries of an MBR.
// Sources: UEFI Specification 2.10, 5.2.1 (legacy MBR), 5.2.3 (protective MBR).
import { readGpt } from './gpt.ts';
import { cannotBeRead, type ImageBytes } from './image-bytes.ts';

export interface Partition {
  /** As tools count them, from 1. */
  readonly number: number;
  /** GPT: the type's GUID. MBR: the type's byte in hex. */
  readonly type: string;
  readonly name: string;
  /** Bytes of the image. */
  readonly offset: number;
  readonly length: number;
  /** What it can be here: `esp` has the boot files, `data` may be the media volume. */
  readonly use: 'esp' | 'data' | 'other';
  /** GPT: its own GUID. */
  readonly id?: string;
}

export interface PartitionTable {
  readonly scheme: 'gpt' | 'mbr';
  readonly partitions: readonly Partition[];
  readonly warnings: readonly string[];
}

const PROTECTIVE = 0xee;
const MBR_SECTOR_BYTES = 512;

/** Faults: DISK-09. */
export async function readPartitions(image: ImageBytes): Promise<PartitionTable> {
  if (image.size < MBR_SECTOR_BYTES) throw cannotBeRead(image, 'size', 'a disk image', `${image.size} bytes`);
  const first = await image.read(0, MBR_SECTOR_BYTES, 'MBR');
  if (first.readUInt16LE(510) !== 0xaa55)
    throw cannotBeRead(image, 'MBR', 'the mark 55 AA of a disk image', 'none');
  if (isVolume(first))
    throw cannotBeRead(image, 'MBR', 'a disk with a partition table', 'one volume without a disk around it');
  const entries = [0, 1, 2, 3].map(slot => mbrEntry(first, slot));
  const isProtected = entries.some(entry => entry?.type === PROTECTIVE);
  // Windows goes by the MBR of such a disk, UEFI firmware by its GPT.
  if (isProtected && entries.filter(entry => entry !== undefined).length > 1)
    throw cannotBeRead(image, 'MBR', 'a GPT or an MBR', 'a hybrid of both');
  const table = isProtected
    ? await readGpt(image)
    : { scheme: 'mbr' as const, partitions: mbrPartitions(entries), warnings: [] };
  requirePlaces(image, table.partitions);
  return table;
}

/** A FAT or NTFS boot sector ends with the mark of an MBR, too. */
function isVolume(sector: Buffer): boolean {
  const text = (at: number, length: number) => sector.toString('latin1', at, at + length);
  return text(3, 8) === 'NTFS    ' || text(54, 3) === 'FAT' || text(82, 5) === 'FAT32';
}

interface MbrEntry {
  readonly number: number;
  readonly type: number;
  readonly offset: number;
  readonly length: number;
}

function mbrEntry(sector: Buffer, slot: number): MbrEntry | undefined {
  const at = 446 + slot * 16;
  const type = sector[at + 4] ?? 0;
  const sectors = sector.readUInt32LE(at + 12);
  if (type === 0 || sectors === 0) return undefined;
  return {
    number: slot + 1,
    type,
    offset: sector.readUInt32LE(at + 8) * MBR_SECTOR_BYTES,
    length: sectors * MBR_SECTOR_BYTES,
  };
}

/** On BIOS media the boot files lie on the FAT partition. Logical partitions are not looked into: they are listed as one. */
const MBR_USES: Readonly<Record<number, Partition['use']>> = {
  239: 'esp',
  6: 'esp',
  11: 'esp',
  12: 'esp',
  14: 'esp',
  7: 'data',
};

function mbrPartitions(entries: readonly (MbrEntry | undefined)[]): readonly Partition[] {
  return entries
    .filter(entry => entry !== undefined)
    .map(({ number, type, offset, length }) => ({
      number,
      type: type.toString(16).padStart(2, '0'),
      name: '',
      offset,
      length,
      use: MBR_USES[type] ?? 'other',
    }));
}

/** Each inside the image, none over another. */
function requirePlaces(image: ImageBytes, partitions: readonly Partition[]): void {
  let before: Partition | undefined;
  for (const partition of partitions.toSorted((a, b) => a.offset - b.offset)) {
    const end = partition.offset + partition.length;
    if (end > image.size)
      throw cannotBeRead(
        image,
        `partition ${partition.number}`,
        `an image of at least ${end} bytes`,
        `${image.size} bytes: cut short`,
      );
    if (before !== undefined && before.offset + before.length > partition.offset)
      throw cannotBeRead(
        image,
        `partition ${partition.number}`,
        `a beginning behind partition ${before.number}`,
        'an overlap',
      );
    before = partition;
  }
}
