// What the boot sector of an NTFS volume says. Sources: Linux-NTFS documentation ($Boot); ntfs-3g layout.h, NTFS_BOOT_SECTOR.
import { cannotBeRead, type ImageBytes, readUInt64 } from './image-bytes.ts';
import type { Partition } from './partitions.ts';

export interface NtfsShape {
  /** Names the volume in faults. */
  readonly where: string;
  /** The volume's place in the image, in bytes. */
  readonly offset: number;
  readonly clusterBytes: number;
  readonly clusterCount: number;
  readonly recordBytes: number;
  /** The cluster at which the master file table begins. */
  readonly mftCluster: number;
}

const CLUSTER_MAX_BYTES = 2 * 1024 * 1024;
const RECORD_MAX_BYTES = 4096;

/** @returns undefined where the partition has another file system. Faults: DISK-03, DISK-09 BitLocker, or what cannot be so. */
export async function readNtfsShape(image: ImageBytes, partition: Partition): Promise<NtfsShape | undefined> {
  const where = `NTFS volume on partition ${partition.number}`;
  const sector = await image.read(partition.offset, 512, where);
  const bad = (expected: string, found: string | number) => cannotBeRead(image, where, expected, found);
  const oem = sector.toString('latin1', 3, 11);
  if (oem === '-FVE-FS-') throw bad('NTFS in clear', 'BitLocker');
  if (oem !== 'NTFS    ') return undefined;
  const sectorBytes = sector.readUInt16LE(11);
  if (![512, 1024, 2048, 4096].includes(sectorBytes)) throw bad('sectors of 512 to 4096 bytes', sectorBytes);
  const clusterBytes = sectorBytes * sectorsPerCluster(sector[13] ?? 0);
  if (!isPowerOfTwo(clusterBytes) || clusterBytes > CLUSTER_MAX_BYTES)
    throw bad(`clusters of at most ${CLUSTER_MAX_BYTES} bytes`, clusterBytes);
  const volumeBytes = readUInt64(sector, 40) * sectorBytes;
  if (volumeBytes > partition.length) throw bad(`at most ${partition.length} bytes`, `${volumeBytes} bytes`);
  // A negative number is the exponent of two of the size in bytes.
  const perRecord = sector.readInt8(64);
  const recordBytes = perRecord > 0 ? perRecord * clusterBytes : 2 ** -perRecord;
  if (!isPowerOfTwo(recordBytes) || recordBytes < 512 || recordBytes > RECORD_MAX_BYTES)
    throw bad(`records of 512 to ${RECORD_MAX_BYTES} bytes`, recordBytes);
  const clusterCount = Math.floor(volumeBytes / clusterBytes);
  const mftCluster = readUInt64(sector, 48);
  if (mftCluster >= clusterCount) throw bad(`a file table below cluster ${clusterCount}`, mftCluster);
  return { where, offset: partition.offset, clusterBytes, clusterCount, recordBytes, mftCluster };
}

/** Above 0x80 it is the negative of an exponent, for clusters over 64 KiB (ntfs-3g bootsect.c). */
function sectorsPerCluster(value: number): number {
  return value > 0x80 ? 2 ** (256 - value) : value;
}

function isPowerOfTwo(value: number): boolean {
  return value > 0 && Number.isInteger(Math.log2(value));
}
