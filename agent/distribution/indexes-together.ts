// All chunk indexes of a version in one answer: as a difference from those of the version in the cache, or as they are. Nothing but bytes and time depends on it:
// each index is proven by the manifest, and what does not come this way is asked for alone.
import type { ChunkIndex } from '../content/chunk-index.ts';
import { isDiffered, unpackDifference } from '../content/difference.ts';
import { onDistributionPoint } from '../content/layout.ts';
import type { ContentManifest, ContentReference, ManifestFile } from '../content/manifest.ts';
import { indexesTogether, joinIndexes, packedIndexes } from '../content/packed-indexes.ts';
import { Fault } from '../fault/fault.ts';
import type { Source } from './source.ts';
import { isAbsentOrWrong } from './source-failure.ts';

export interface TogetherWorld {
  readonly source: Source;
  /** What a further request costs there. */
  readonly requestBytes: number;
  readonly connections: number;
  /** @returns the index as it lies in the cache; undefined where it does not. */
  readonly stored: (file: ManifestFile) => Promise<ChunkIndex | undefined>;
  /** Told how many bytes came. */
  readonly fetched: (bytes: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/** `older` is the version in the cache. */
export interface TogetherWanted {
  readonly reference: Pick<ContentReference, 'id' | 'version'>;
  readonly files: readonly ManifestFile[];
  readonly lacking: readonly ManifestFile[];
  readonly older: Pick<ContentManifest, 'id' | 'version' | 'files'> | undefined;
}

/** @returns bytes of the lacking indexes by the SHA-256 of their files, unproven; none where that does not pay or is not to be had. Throws when the source fails. */
export async function readIndexesTogether(
  wanted: TogetherWanted,
  world: TogetherWorld,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const { lacking, files } = wanted;
  const { places } = indexesTogether(files);
  const all = (await readDifference(wanted, world)) ?? (await readAll(wanted, world));
  if (all === undefined) return new Map();
  return new Map(
    lacking.map(({ sha256 }) => {
      const { offset = 0, length = 0 } = places.get(sha256) ?? {};
      return [sha256, all.subarray(offset, offset + length)];
    }),
  );
}

async function readDifference(
  { reference: { id, version }, files, lacking, older }: TogetherWanted,
  world: TogetherWorld,
): Promise<Uint8Array | undefined> {
  if (older === undefined || older.id !== id || older.version === version) return undefined;
  const [bytes, olderBytes] = [files, older.files].map(each => indexesTogether(each).sizeBytes) as [
    number,
    number,
  ];
  if (!isDiffered(bytes, olderBytes) || !isDiffered(indexesTogether(lacking).sizeBytes, olderBytes))
    return undefined;
  const dictionary = await storedOf(older.files, world);
  if (dictionary === undefined) return undefined;
  const packed = await readOrNot(onDistributionPoint.indexesFrom(id, version, older.version), bytes, world);
  return packed && unpackDifference(packed, bytes, dictionary);
}

/** @returns undefined where one is not in the cache. */
async function storedOf(
  files: readonly ManifestFile[],
  { stored }: TogetherWorld,
): Promise<Uint8Array | undefined> {
  const indexes = new Map<string, ChunkIndex>();
  for (const file of files) {
    if (file.chunks === undefined || indexes.has(file.sha256)) continue;
    const index = await stored(file);
    if (index === undefined) return undefined;
    indexes.set(file.sha256, index);
  }
  return joinIndexes({ files, indexes });
}

/** Where that costs less than a request for each that is lacking. */
async function readAll(
  { reference: { id, version }, files, lacking }: TogetherWanted,
  world: TogetherWorld,
): Promise<Uint8Array | undefined> {
  const together = packedIndexes(files);
  if (together === undefined) return undefined;
  const { requestBytes, connections } = world;
  // As many requests as there are connections wait together.
  const turns = lacking.length / connections;
  const alone = indexesTogether(lacking).sizeBytes + turns * requestBytes;
  if (alone <= together.sizeBytes + requestBytes) return undefined;
  return await readOrNot(onDistributionPoint.packedIndexes(id, version), together.sizeBytes, world);
}

/** A point without such a file is none to blame. */
async function readOrNot(
  from: string,
  maxBytes: number,
  { source, fetched, signal }: TogetherWorld,
): Promise<Uint8Array | undefined> {
  try {
    const bytes = await source.readDocument(from, { maxBytes, ...(signal ? { signal } : {}) });
    fetched(bytes.length);
    return bytes;
  } catch (thrown) {
    if (thrown instanceof Fault && isAbsentOrWrong(thrown)) return undefined;
    throw thrown;
  }
}
