// Cluster chains of a FAT volume, followed once each: as no cluster belongs to two files, all chains together have at most as many links as the
// volume has clusters. That ends every loop.
import type { Extent } from './disk-image.ts';
import type { FatShape } from './fat-volume.ts';
import { cannotBeRead, type ImageBytes } from './image-bytes.ts';

/** Counted down by every chain of one walk. */
export interface ChainBudget {
  clustersLeft: number;
}

export interface FatTable {
  /** The extents of a file of `size` bytes, or why there are none. */
  file(
    cluster: number,
    size: number,
  ): Promise<{ readonly extents: readonly Extent[] } | { readonly broken: string }>;
  /** The extents of a folder. Fault: DISK-09. */
  folder(cluster: number, path: string): Promise<readonly Extent[]>;
}

/** A folder has at most 65,536 entries of 32 bytes (fatgen103). */
const FOLDER_MAX_BYTES = 65_536 * 32;
const PAGE_BYTES = 64 * 1024;
/** Of the table so much is kept at a time: enough for files that grew beside each other. */
const PAGES_KEPT = 64;

/** @returns the table of `shape`, read in pages as it is asked. Its faults: DISK-03. */
export function openFatTable(image: ImageBytes, shape: FatShape, budget: ChainBudget): FatTable {
  const next = nextCluster(image, shape);
  const lastCluster = shape.clusterCount + 1;

  async function chain(
    first: number,
    clusters: number | undefined,
    maxClusters: number,
  ): Promise<{ readonly extents: Extent[] } | { readonly broken: string }> {
    const extents: Extent[] = [];
    let cluster: number | 'end' = first;
    for (let count = 0; cluster !== 'end'; count += 1) {
      if (cluster < 2 || cluster > lastCluster)
        return { broken: `cluster ${cluster} of its chain is none of the volume` };
      if (count >= maxClusters) return { broken: 'its cluster chain is longer than it may be' };
      budget.clustersLeft -= 1;
      if (budget.clustersLeft < 0)
        return { broken: 'its cluster chain is a loop, or shared with another file' };
      const offset = shape.dataOffset + (cluster - 2) * shape.clusterBytes;
      const last = extents.at(-1);
      if (last !== undefined && last.offset + last.length === offset)
        extents[extents.length - 1] = { offset: last.offset, length: last.length + shape.clusterBytes };
      else extents.push({ offset, length: shape.clusterBytes });
      cluster = await next(cluster);
      if (cluster === 'end' && clusters !== undefined && count + 1 < clusters)
        return { broken: 'its cluster chain ends before the file does' };
    }
    return { extents };
  }

  return {
    async file(cluster, size) {
      if (size === 0) return { extents: [] };
      const clusters = Math.ceil(size / shape.clusterBytes);
      if (clusters > shape.clusterCount) return { broken: 'it is larger than its volume' };
      const found = await chain(cluster, clusters, clusters);
      return 'broken' in found ? found : { extents: cutTo(found.extents, size) };
    },
    async folder(cluster, path) {
      const found = await chain(cluster, undefined, Math.ceil(FOLDER_MAX_BYTES / shape.clusterBytes));
      if ('broken' in found)
        throw cannotBeRead(image, `folder ${path}`, 'a sound cluster chain', found.broken);
      return found.extents;
    },
  };
}

/** The last cluster is rarely full. */
function cutTo(extents: readonly Extent[], size: number): readonly Extent[] {
  let left = size;
  return extents.map(({ offset, length }) => {
    const used = Math.min(length, left);
    left -= used;
    return { offset, length: used };
  });
}

function nextCluster(image: ImageBytes, shape: FatShape): (cluster: number) => Promise<number | 'end'> {
  const entryBytes = shape.kind === 'fat32' ? 4 : 2;
  const tableBytes = (shape.clusterCount + 2) * entryBytes;
  const pages = new Map<number, Buffer>();
  return async cluster => {
    const at = cluster * entryBytes;
    const number = Math.floor(at / PAGE_BYTES);
    let page = pages.get(number);
    if (page === undefined) {
      const [oldest] = pages.keys();
      if (pages.size >= PAGES_KEPT && oldest !== undefined) pages.delete(oldest);
      const start = number * PAGE_BYTES;
      page = await image.read(shape.tableOffset + start, Math.min(PAGE_BYTES, tableBytes - start), 'FAT');
      pages.set(number, page);
    }
    // The upper four bits of a FAT32 entry are reserved.
    const value =
      entryBytes === 4
        ? page.readUInt32LE(at % PAGE_BYTES) & 0x0fff_ffff
        : page.readUInt16LE(at % PAGE_BYTES);
    return value >= (entryBytes === 4 ? 0x0fff_fff8 : 0xfff8) ? 'end' : value;
  };
}
