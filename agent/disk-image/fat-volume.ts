// A FAT16 or FAT32 volume: its boot sector judged, its folders walked, each file's cluster chain made into extents.
// Source: Microsoft FAT Specification (fatgen103), and for which kind it is Windows' own driver: fastfat, IsBpbFat32.
import type { ImageFile, ImageVolume } from './disk-image.ts';
import { type ChainBudget, openFatTable } from './fat-chains.ts';
import { type FatEntry, readFatFolder } from './fat-folder.ts';
import { cannotBeRead, type ImageBytes } from './image-bytes.ts';
import { imageKey } from './image-key.ts';
import type { Partition } from './partitions.ts';

/** What the boot sector says. Offsets in bytes of the image. */
export interface FatShape {
  readonly kind: 'fat16' | 'fat32';
  readonly clusterBytes: number;
  /** Clusters are numbered from 2. */
  readonly clusterCount: number;
  readonly tableOffset: number;
  readonly dataOffset: number;
  /** FAT32: the first cluster of the root. FAT16: its place and length. */
  readonly root: number | { readonly offset: number; readonly length: number };
  readonly label: string;
}

/** Deeper than any path that Windows opens on FAT. */
const MAX_DEPTH = 128;

/** Faults: DISK-03, DISK-09 another file system, or one that cannot be so. */
export async function openFatVolume(image: ImageBytes, partition: Partition): Promise<ImageVolume> {
  const shape = await readShape(image, partition);
  let files: ReturnType<ImageVolume['files']> | undefined;
  return {
    kind: 'fat',
    label: shape.label,
    partition: partition.number,
    files() {
      files ??= walk(image, shape);
      return files;
    },
  };
}

async function walk(image: ImageBytes, shape: FatShape): Promise<ReadonlyMap<string, ImageFile>> {
  const found = new Map<string, ImageFile>();
  const budget: ChainBudget = { clustersLeft: shape.clusterCount };
  const table = openFatTable(image, shape, budget);
  const open: { readonly path: string; readonly depth: number; readonly entries: readonly FatEntry[] }[] = [
    {
      path: '',
      depth: 0,
      entries: await readFatFolder(
        image,
        '/',
        typeof shape.root === 'number' ? await table.folder(shape.root, '/') : [shape.root],
      ),
    },
  ];
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    for (const entry of folder.entries) {
      const path = folder.path + entry.name;
      // On FAT16 the upper half of the number is something else.
      const cluster = shape.kind === 'fat16' ? entry.cluster % 0x1_0000 : entry.cluster;
      if (entry.kind === 'folder') {
        if (entry.twin) throw cannotBeRead(image, `folder ${path}`, 'one entry of this name', 'two');
        if (folder.depth >= MAX_DEPTH)
          throw cannotBeRead(image, path, `at most ${MAX_DEPTH} folders in each other`, 'more');
        const entries = await readFatFolder(image, path, await table.folder(cluster, path));
        open.push({ path: `${path}/`, depth: folder.depth + 1, entries });
        continue;
      }
      const key = imageKey(path);
      const chain = await table.file(cluster, entry.size);
      const file: ImageFile = entry.twin
        ? { path, size: entry.size, extents: [], unreadable: 'two files of one name' }
        : 'broken' in chain
          ? { path, size: entry.size, extents: [], unreadable: chain.broken }
          : { path, size: entry.size, extents: chain.extents };
      found.set(key, file);
    }
  }
  return found;
}

async function readShape(image: ImageBytes, partition: Partition): Promise<FatShape> {
  const where = `FAT volume on partition ${partition.number}`;
  const sector = await image.read(partition.offset, 512, where);
  const bad = (expected: string, found: string | number) => cannotBeRead(image, where, expected, found);
  const oem = sector.toString('latin1', 3, 11);
  if (oem === 'NTFS    ' || oem === 'EXFAT   ') throw bad('FAT16 or FAT32', oem.trim());
  const sectorBytes = sector.readUInt16LE(11);
  const sectorsPerCluster = sector[13] ?? 0;
  const reserved = sector.readUInt16LE(14);
  const tables = sector[16] ?? 0;
  const rootEntries = sector.readUInt16LE(17);
  const sectors = sector.readUInt16LE(19) || sector.readUInt32LE(32);
  const fat32 = sector.readUInt16LE(22) === 0;
  const tableSectors = fat32 ? sector.readUInt32LE(36) : sector.readUInt16LE(22);
  if (sector.readUInt16LE(510) !== 0xaa55 || ![512, 1024, 2048, 4096].includes(sectorBytes))
    throw bad('a FAT boot sector', 'none');
  if (sectorsPerCluster === 0 || (sectorsPerCluster & (sectorsPerCluster - 1)) !== 0)
    throw bad('a power of two as sectors of a cluster', sectorsPerCluster);
  if (reserved === 0 || tables === 0 || tables > 4 || tableSectors === 0)
    throw bad('a file allocation table', `${tables} of ${tableSectors} sectors`);
  if (sectors * sectorBytes > partition.length)
    throw bad(`at most ${partition.length} bytes`, sectors * sectorBytes);
  const rootBytes = Math.ceil((rootEntries * 32) / sectorBytes) * sectorBytes;
  const dataStart = (reserved + tables * tableSectors) * sectorBytes + rootBytes;
  const clusterBytes = sectorsPerCluster * sectorBytes;
  const clusterCount = Math.floor((sectors * sectorBytes - dataStart) / clusterBytes);
  if (clusterCount < 1) throw bad('room for files', 'none');
  if (!fat32 && clusterCount < 4085) throw bad('FAT16 or FAT32', 'FAT12');
  if ((clusterCount + 2) * (fat32 ? 4 : 2) > tableSectors * sectorBytes)
    throw bad(`a table for ${clusterCount} clusters`, `${tableSectors} sectors`);
  // Without mirroring one of the tables is in use (fatgen103: BPB_ExtFlags).
  const flags = fat32 ? sector.readUInt16LE(40) : 0;
  const active = (flags & 0x80) === 0 ? 0 : flags & 0x0f;
  if (active >= tables) throw bad(`one of ${tables} tables in use`, active);
  return {
    kind: fat32 ? 'fat32' : 'fat16',
    clusterBytes,
    clusterCount,
    tableOffset: partition.offset + (reserved + active * tableSectors) * sectorBytes,
    dataOffset: partition.offset + dataStart,
    root: fat32
      ? sector.readUInt32LE(44)
      : { offset: partition.offset + dataStart - rootBytes, length: rootBytes },
    label: labelOf(sector, fat32 ? 71 : 43),
  };
}

function labelOf(sector: Buffer, at: number): string {
  const label = sector.toString('latin1', at, at + 11).trimEnd();
  return label === 'NO NAME' ? '' : label;
}
