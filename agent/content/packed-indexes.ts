// All chunk indexes of a version in one file, one behind the other, so that thousands of large files are not thousands of requests. Where each lies follows from
// the manifest, which proves each of them; so the file needs neither an index nor trust.
import { type ChunkIndex, chunkIndexBytes } from './chunk-index.ts';
import type { ManifestFile } from './manifest.ts';

/** A version with more index than this (some 30 GB of large files) has no such file: a request for each is little beside its bytes then. */
const MOST_BYTES = 16 * 1024 * 1024;

export interface PackedIndexes {
  readonly sizeBytes: number;
  /** By the SHA-256 of the file whose index it is; in the order of the manifest, each once. */
  readonly places: ReadonlyMap<string, { readonly offset: number; readonly length: number }>;
}

/** @returns undefined where there is no such file: with fewer than two large files, or too many. */
export function packedIndexes(files: readonly ManifestFile[]): PackedIndexes | undefined {
  const together = indexesTogether(files);
  return together.places.size < 2 || together.sizeBytes > MOST_BYTES ? undefined : together;
}

/** However many there are. */
export function indexesTogether(files: readonly ManifestFile[]): PackedIndexes {
  const places = new Map<string, { readonly offset: number; readonly length: number }>();
  let sizeBytes = 0;
  for (const { sha256, chunks } of files) {
    if (chunks === undefined || places.has(sha256)) continue;
    const length = chunkIndexBytes(chunks.count);
    places.set(sha256, { offset: sizeBytes, length });
    sizeBytes += length;
  }
  return { sizeBytes, places };
}

/** @param version with all its indexes, by the SHA-256 of their files. @returns the bytes of such a file. */
export function joinIndexes({
  files,
  indexes,
}: {
  readonly files: readonly ManifestFile[];
  readonly indexes: ReadonlyMap<string, Pick<ChunkIndex, 'bytes'>>;
}): Uint8Array {
  const { sizeBytes, places } = indexesTogether(files);
  const joined = new Uint8Array(sizeBytes);
  for (const [sha256, { offset }] of places) joined.set(indexes.get(sha256)?.bytes ?? [], offset);
  return joined;
}
