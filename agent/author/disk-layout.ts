// Where what lies in a disk image for prestaged media, as data: partitions to the sector, and how large each must be. Pure.
import { Fault } from '../fault/fault.ts';
import { requireFat32Sizes } from './fat32-limit.ts';

export type Firmware = 'uefi' | 'bios';

export const SECTOR_BYTES = 512;
const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

/** Partitions begin and end on whole MiB, as diskpart lays them, which suits every disk and flash block. */
const ALIGNMENT_BYTES = MIB;

/** Fewer clusters make it FAT16 by definition (Microsoft FAT specification, "FAT Type Determination"). */
const FAT32_MIN_CLUSTERS = 65_525;
const FAT32_RESERVED_SECTORS = 32;
/** The smallest that has so many clusters of 512 bytes. */
const ESP_MIN_BYTES = 33 * MIB;
/** Large enough for a boot image with its drivers. */
const ESP_DEFAULT_BYTES = 1500 * MIB;
/** What bcdboot adds for Windows, a receipt, and a boot image that is serviced. */
const ESP_RESERVE_BYTES = 64 * MIB;
/** Long name entries of one file, at most (20 of 13 letters, and the short one). */
const FAT_NAME_BYTES = 21 * 32;

/** As Microsoft lays it for disks of 16 GB and more. */
const MSR_BYTES = 16 * MIB;

/** $LogFile and $MFT with room to grow. */
const NTFS_OWN_BYTES = 96 * MIB;
/** A record, its place in an index, and half a cluster that is lost at the end of each file. */
const NTFS_FILE_BYTES = 4096;
/** What Windows takes beyond its files: page file, updates, records of the file system. */
const WINDOWS_FACTOR = 1.1;
const WINDOWS_RESERVE_BYTES = 4 * GIB;
/** How many times its size an OS image of unknown contents becomes. */
const UNKNOWN_IMAGE_FACTOR = 3;

/** An MBR counts sectors in 32 bits; ext4 and NTFS with 4096-byte clusters end at 16 TiB. */
const DISK_MAX_BYTES: Readonly<Record<Firmware, number>> = { uefi: 16 * 1024 * GIB, bios: 2 * 1024 * GIB };

/** One partition; both numbers are multiples of 1 MiB. */
export interface DiskPartition {
  readonly kind: 'esp' | 'msr' | 'volume';
  readonly startBytes: number;
  readonly lengthBytes: number;
}

export interface DiskLayout {
  readonly firmware: Firmware;
  readonly scheme: 'gpt' | 'mbr';
  readonly sizeBytes: number;
  readonly esp: DiskPartition;
  readonly msr: DiskPartition | undefined;
  readonly volume: DiskPartition;
  /** False where Windows will not fit beside the media on the volume; the media itself does. */
  readonly holdsWindows: boolean;
  /** The size of disk that holds both. */
  readonly recommendedBytes: number;
}

export interface LayoutNeeds {
  /** Named in faults. */
  readonly subject: string;
  readonly firmware: Firmware;
  /** Of the disk and its ESP; left out: what the media needs and room for Windows. */
  readonly sizeBytes?: number;
  readonly espBytes?: number;
  readonly espFiles: readonly { readonly path: string; readonly size: number }[];
  readonly volume: { readonly totalBytes: number; readonly fileCount: number };
  /** What the OS image takes when it is applied, or only how large its WIM is. */
  readonly osImage: { readonly appliedBytes: number } | { readonly wimBytes: number };
}

/** Faults: DISK-08 with `neededBytes`, DISK-07 a file that FAT32 cannot hold. */
export function planDiskLayout(needs: LayoutNeeds): DiskLayout {
  const { subject, firmware, osImage } = needs;
  requireFat32Sizes(needs.espFiles);
  const espNeeded = espBytesFor(needs.espFiles);
  const espBytes = needs.espBytes ?? usualEspBytes(needs.espFiles);
  if (espBytes < espNeeded || espBytes % ALIGNMENT_BYTES !== 0)
    throw new Fault('DISK-08', subject, {
      partition: 'EFI system partition',
      neededBytes: espNeeded,
      found: espBytes,
      expected: `whole MiB, ${espNeeded / MIB}M or more`,
    });
  const msrBytes = firmware === 'uefi' ? MSR_BYTES : 0;
  // Before the first partition, and after the last one, where GPT has its second table.
  const around = 2 * ALIGNMENT_BYTES;
  const volumeNeeded = wholeMib(ntfsBytesFor(needs.volume));
  const neededBytes = around + espBytes + msrBytes + volumeNeeded;
  const windowsBytes =
    'appliedBytes' in osImage ? osImage.appliedBytes : osImage.wimBytes * UNKNOWN_IMAGE_FACTOR;
  const recommendedBytes =
    Math.ceil((neededBytes + windowsBytes * WINDOWS_FACTOR + WINDOWS_RESERVE_BYTES) / GIB) * GIB;
  const sizeBytes = needs.sizeBytes ?? recommendedBytes;
  const most = DISK_MAX_BYTES[firmware];
  if (sizeBytes < neededBytes || sizeBytes > most || sizeBytes % SECTOR_BYTES !== 0)
    throw new Fault('DISK-08', subject, {
      neededBytes,
      recommendedBytes,
      found: sizeBytes,
      expected: `${neededBytes} to ${most} bytes, a multiple of ${SECTOR_BYTES}`,
    });
  const esp = { kind: 'esp', startBytes: ALIGNMENT_BYTES, lengthBytes: espBytes } as const;
  const afterEsp = esp.startBytes + espBytes;
  const startBytes = afterEsp + msrBytes;
  const lengthBytes =
    Math.floor((sizeBytes - ALIGNMENT_BYTES - startBytes) / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
  return {
    firmware,
    scheme: firmware === 'uefi' ? 'gpt' : 'mbr',
    sizeBytes,
    esp,
    msr: firmware === 'uefi' ? { kind: 'msr', startBytes: afterEsp, lengthBytes: msrBytes } : undefined,
    volume: { kind: 'volume', startBytes, lengthBytes },
    holdsWindows: lengthBytes >= volumeNeeded + windowsBytes,
    recommendedBytes,
  };
}

/** How large an EFI system partition is made for these files where nobody says so: whole MiB. */
export function usualEspBytes(files: readonly { readonly path: string; readonly size: number }[]): number {
  return Math.max(ESP_DEFAULT_BYTES, espBytesFor(files) + ESP_RESERVE_BYTES);
}

/** Sectors of one FAT32 cluster by the size of its volume, as Microsoft's format chooses them (fatgen103, DskTableFAT32). */
export function fat32ClusterSectors(volumeBytes: number): number {
  const steps = [
    [64 * MIB, 1],
    [128 * MIB, 2],
    [256 * MIB, 4],
    [8 * GIB, 8],
    [16 * GIB, 16],
    [32 * GIB, 32],
  ] as const;
  return steps.find(([upTo]) => volumeBytes <= upTo)?.[1] ?? 64;
}

/** The smallest FAT32 volume, in whole MiB, that holds these files and their folders. */
function espBytesFor(files: LayoutNeeds['espFiles']): number {
  const folders = new Set(files.flatMap(({ path }) => foldersOf(path))).size;
  let volumeBytes = ESP_MIN_BYTES;
  // A larger volume may have larger clusters, and then need more; it grows until it holds what it needs.
  for (;;) {
    const clusterBytes = fat32ClusterSectors(volumeBytes) * SECTOR_BYTES;
    const clusters =
      files.reduce((sum, { size }) => sum + Math.ceil(size / clusterBytes), 0) +
      folders +
      1 +
      Math.ceil((files.length * FAT_NAME_BYTES) / clusterBytes);
    const counted = Math.max(clusters, FAT32_MIN_CLUSTERS);
    const tables = 2 * Math.ceil((4 * (counted + 2)) / SECTOR_BYTES) * SECTOR_BYTES;
    const needed = wholeMib(
      clusters * clusterBytes + tables + FAT32_RESERVED_SECTORS * SECTOR_BYTES + ALIGNMENT_BYTES,
    );
    if (needed <= volumeBytes) return volumeBytes;
    volumeBytes = needed;
  }
}

function foldersOf(file: string): readonly string[] {
  const names = file.split('/').slice(0, -1);
  return names.map((_, index) => names.slice(0, index + 1).join('/'));
}

function ntfsBytesFor({ totalBytes, fileCount }: LayoutNeeds['volume']): number {
  return totalBytes * 1.01 + fileCount * NTFS_FILE_BYTES + NTFS_OWN_BYTES;
}

function wholeMib(bytes: number): number {
  return Math.ceil(bytes / MIB) * MIB;
}
