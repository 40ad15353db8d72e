// Chunk indexes of the item being acquired: from the cache where they are whole, else from a source; proven by the manifest either way.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import pLimit from 'p-limit';
import { type ChunkIndex, chunkIndexBytes, decodeChunkIndex } from '../content/chunk-index.ts';
import { type CacheLayout, onDistributionPoint } from '../content/layout.ts';
import type { ContentReference, ManifestFile } from '../content/manifest.ts';
import { nativeCodeOf } from '../durable/disk-fault.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import { Fault } from '../fault/fault.ts';
import type { SourceChoice } from './source-choice.ts';
import type { TransferSettings } from './transfer-settings.ts';

export interface ChunkIndexes {
  /** Faults: CONTENT-01 when no source has it, DISK-*, STOP-01. */
  of(file: ManifestFile): Promise<ChunkIndex>;
  /** The same for every large file of these, several at once. All have ended before a fault is told. */
  all(files: readonly ManifestFile[]): Promise<void>;
  /** Bytes of index that crossed the wire. */
  fetchedBytes(): number;
}

/** Indexes are looked for when first asked for, each once. */
export function openChunkIndexes(
  { id, version }: ContentReference,
  world: {
    readonly layout: CacheLayout;
    readonly durable: DurableFiles;
    readonly choice: SourceChoice;
    readonly settings: Pick<TransferSettings, 'connections'>;
    readonly signal?: AbortSignal;
  },
): ChunkIndexes {
  const { layout, durable, choice, settings, signal } = world;
  const limit = pLimit(settings.connections);
  const known = new Map<string, Promise<ChunkIndex>>();
  let fetchedBytes = 0;

  async function find(file: ManifestFile): Promise<ChunkIndex> {
    const stored = await readStoredIndex(layout, file);
    if (stored) return stored;
    return choice.first(async source => {
      const bytes = await source.readDocument(onDistributionPoint.chunkIndex(id, version, file.sha256), {
        maxBytes: chunkIndexBytes(file.chunks?.count ?? 0),
        ...(signal ? { signal } : {}),
      });
      fetchedBytes += bytes.length;
      const index = decodeChunkIndex(bytes, file);
      const place = layout.chunkIndex(file.sha256);
      await durable.makeFolder(path.dirname(place));
      await durable.replaceFile(place, bytes);
      return index;
    });
  }

  const of = (file: ManifestFile): Promise<ChunkIndex> => {
    // Two files of an item may have the same bytes, and then the same index.
    const asked = known.get(file.sha256) ?? limit(() => find(file));
    known.set(file.sha256, asked);
    return asked;
  };

  return {
    of,
    async all(files) {
      const asked = await Promise.allSettled(files.filter(file => file.chunks !== undefined).map(of));
      const failure = asked.find(each => each.status === 'rejected');
      if (failure !== undefined) throw failure.reason;
    },
    fetchedBytes: () => fetchedBytes,
  };
}

/** @returns undefined when it is absent or not the one that the manifest names: then it is as good as absent. */
export async function readStoredIndex(
  layout: CacheLayout,
  file: ManifestFile,
): Promise<ChunkIndex | undefined> {
  try {
    return decodeChunkIndex(await readFile(layout.chunkIndex(file.sha256)), file);
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.code === 'TRUST-12') return undefined;
    if (nativeCodeOf(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}
