// Where the bytes of a non-resident attribute lie: mapping pairs to runs of clusters, parts put together, runs to extents of the image.
// Source: Linux-NTFS documentation, Data Runs; ntfs-3g runlist.c.
import type { Extent } from './disk-image.ts';
import type { Attribute } from './ntfs-record.ts';
import type { NtfsShape } from './ntfs-shape.ts';

/** `cluster` undefined: zeros that lie nowhere. */
export interface Run {
  readonly cluster: number | undefined;
  readonly clusters: number;
}

/** One part of an attribute's bytes. Sizes count only with the part that begins at cluster 0. */
export interface DataPart {
  readonly lowest: number;
  readonly runs: readonly Run[];
  readonly size: number;
  readonly initialized: number;
  readonly flags: number;
}

const COMPRESSED = 0x00ff;
const ENCRYPTED = 0x4000;

/** @returns why the runs cannot be so, or the part. */
export function dataPart(
  { outside, flags }: Attribute,
  shape: NtfsShape,
): DataPart | { readonly broken: string } {
  if (outside === undefined) return { broken: 'its bytes lie nowhere' };
  const { lowest, highest, mapping, size, initialized } = outside;
  const runs = decodeRuns(mapping, shape.clusterCount);
  if (runs === undefined) return { broken: 'its data runs leave the volume or have no end' };
  const clusters = runs.reduce((sum, run) => sum + run.clusters, 0);
  if (clusters !== highest - lowest + 1) return { broken: 'its data runs have another length than it says' };
  return { lowest, runs, size, initialized, flags };
}

function decodeRuns(mapping: Buffer, clusterCount: number): readonly Run[] | undefined {
  const runs: Run[] = [];
  let cluster = 0;
  for (let at = 0; at < mapping.length; ) {
    const head = mapping[at] ?? 0;
    if (head === 0) return runs;
    const lengthBytes = head & 0x0f;
    const offsetBytes = head >> 4;
    const end = at + 1 + lengthBytes + offsetBytes;
    // Six bytes are more clusters than a volume can have.
    if (lengthBytes < 1 || lengthBytes > 6 || offsetBytes > 6 || end > mapping.length) return undefined;
    const clusters = mapping.readIntLE(at + 1, lengthBytes);
    if (clusters < 1) return undefined;
    if (offsetBytes === 0) runs.push({ cluster: undefined, clusters });
    else {
      cluster += mapping.readIntLE(at + 1 + lengthBytes, offsetBytes);
      if (cluster < 0 || cluster + clusters > clusterCount) return undefined;
      runs.push({ cluster, clusters });
    }
    at = end;
  }
  return undefined;
}

/** The bytes that an attribute has, as extents of the image file. */
export interface PlacedBytes {
  readonly size: number;
  readonly extents: readonly Extent[];
  /** How many clusters of the volume they take. */
  readonly clusters: number;
}

/** @returns the attribute's bytes, or why they cannot be had. `parts` in any order. */
export function placeBytes(
  parts: readonly DataPart[],
  shape: NtfsShape,
): PlacedBytes | { readonly broken: string } {
  const [first, ...others] = parts.toSorted((a, b) => a.lowest - b.lowest);
  if (first === undefined || first.lowest !== 0)
    return { broken: 'the beginning of its data runs is missing' };
  if (parts.some(part => (part.flags & ENCRYPTED) !== 0)) return { broken: 'encrypted' };
  if (parts.some(part => (part.flags & COMPRESSED) !== 0)) return { broken: 'compressed' };
  let next = first.runs.reduce((sum, run) => sum + run.clusters, 0);
  for (const part of others) {
    if (part.lowest !== next) return { broken: 'a part of its data runs is missing' };
    next += part.runs.reduce((sum, run) => sum + run.clusters, 0);
  }
  const { size, initialized } = first;
  if (size > next * shape.clusterBytes || initialized > size)
    return { broken: 'its data runs are shorter than it says' };
  const runs = parts.length === 1 ? first.runs : [first, ...others].flatMap(part => part.runs);
  const clusters = runs.reduce((sum, run) => sum + (run.cluster === undefined ? 0 : run.clusters), 0);
  return { size, extents: extentsOf(runs, size, initialized, shape), clusters };
}

/** Bytes behind `initialized` were never written: whatever lies there reads as zeros. */
function extentsOf(
  runs: readonly Run[],
  size: number,
  initialized: number,
  shape: NtfsShape,
): readonly Extent[] {
  const extents: Extent[] = [];
  const add = (extent: Extent): void => {
    const last = extents.at(-1);
    const joins =
      last !== undefined &&
      last.sparse === extent.sparse &&
      (extent.sparse === true || last.offset + last.length === extent.offset);
    if (joins) extents[extents.length - 1] = { ...last, length: last.length + extent.length };
    else if (extent.length > 0) extents.push(extent);
  };
  let at = 0;
  for (const { cluster, clusters } of runs) {
    const length = Math.min(clusters * shape.clusterBytes, size - at);
    if (length <= 0) break;
    const written = cluster === undefined ? 0 : Math.max(0, Math.min(length, initialized - at));
    if (written > 0) add({ offset: shape.offset + (cluster ?? 0) * shape.clusterBytes, length: written });
    if (length > written) add({ offset: 0, length: length - written, sparse: true });
    at += length;
  }
  return extents;
}
