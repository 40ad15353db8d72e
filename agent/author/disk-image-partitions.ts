// The partition table of a disk image: GPT by sgdisk, or the MBR that BIOS machines start from.
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { DurableFiles } from '../durable/durable-files.ts';
import { Fault } from '../fault/fault.ts';
import { missingTool } from '../machine/host-tools.ts';
import { DISK, type Workshop } from './disk-image-tools.ts';
import { type DiskLayout, type DiskPartition, SECTOR_BYTES } from './disk-layout.ts';

/** Type codes of sgdisk, for Microsoft's type GUIDs, and the names that Windows gives. */
const GPT_TYPES = {
  esp: { code: 'ef00', name: 'EFI system partition' },
  msr: { code: '0c01', name: 'Microsoft reserved partition' },
  volume: { code: '0700', name: 'Basic data partition' },
} as const;

/** FAT32 with LBA, and NTFS. */
const MBR_TYPES = { esp: 0x0c, volume: 0x07 } as const;

/** Of syslinux: finds the active partition and starts its boot sector. */
const MBR_CODE = '/usr/lib/syslinux/mbr/mbr.bin';

/** Faults: DISK-05, USAGE-20. */
export async function writePartitions(
  layout: DiskLayout,
  workshop: Workshop,
  durable: DurableFiles,
): Promise<void> {
  if (layout.scheme === 'gpt') return writeGpt(layout, workshop);
  const code = await readFile(MBR_CODE).catch(() => {
    throw missingTool(MBR_CODE, 'syslinux-common');
  });
  const disk = await durable.openPartial(path.join(workshop.folder, DISK));
  try {
    await disk.write(makeMbr(layout, code, randomBytes(4)), 0);
  } finally {
    await disk.close();
  }
}

async function writeGpt({ esp, msr, volume }: DiskLayout, workshop: Workshop): Promise<void> {
  const partitions = [esp, msr, volume].filter(each => each !== undefined);
  const words = partitions.flatMap((partition, index) => {
    const { first, last } = sectorsOf(partition);
    const { code, name } = GPT_TYPES[partition.kind];
    const number = index + 1;
    return ['-n', `${number}:${first}:${last}`, '-t', `${number}:${code}`, '-c', `${number}:${name}`];
  });
  await workshop.run('sgdisk', '-a', 2048, ...words, DISK);
}

/**
 * The first sector of a disk with two partitions, the first one active. Pure.
 * @param code up to 440 bytes that start the active partition. @param signature 4 bytes by which Windows knows the disk.
 */
export function makeMbr({ esp, volume }: DiskLayout, code: Uint8Array, signature: Uint8Array): Uint8Array {
  if (code.length > 440)
    throw new Fault('USAGE-20', MBR_CODE, { expected: 'at most 440 bytes', found: code.length });
  const sector = Buffer.alloc(SECTOR_BYTES);
  sector.set(code);
  sector.set(signature, 440);
  sector.set(mbrEntry(esp, MBR_TYPES.esp, 0x80), 446);
  sector.set(mbrEntry(volume, MBR_TYPES.volume, 0), 462);
  sector.writeUInt16LE(0xaa55, 510);
  return sector;
}

function mbrEntry(partition: DiskPartition, type: number, status: number): Uint8Array {
  const { first, last } = sectorsOf(partition);
  // Cylinder, head and sector at their end: the numbers in sectors count.
  const entry = Buffer.from([status, 0xfe, 0xff, 0xff, type, 0xfe, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0]);
  entry.writeUInt32LE(first, 8);
  entry.writeUInt32LE(last - first + 1, 12);
  return entry;
}

function sectorsOf({ startBytes, lengthBytes }: DiskPartition): {
  readonly first: number;
  readonly last: number;
} {
  return { first: startBytes / SECTOR_BYTES, last: (startBytes + lengthBytes) / SECTOR_BYTES - 1 };
}
