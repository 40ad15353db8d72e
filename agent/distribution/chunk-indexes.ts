// Chunk indexes of the item being acquired: from the cache where they are whole, else from a source; proven by the manifest either way.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import pLimit from 'p-limit';
import { type ChunkIndex, chunkIndexBytes, decodeChunkIndex } from '../content/chunk-index.ts';
import { type CacheLayout, onDistributionPoint } from '../content/layout.ts';
import type { ContentManifest, ContentReference, ManifestFile } from '../content/manifest.ts';
import { packedIndexes } from '../content/packed-indexes.ts';
import { nativeCodeOf } from '../durable/disk-fault.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import { Fault } from '../fault/fault.ts';
import type { Source } from './source.ts';
import type { SourceChoice } from './source-choice.ts';
import { isOurOwn } from './source-failure.ts';
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
  manifest: Pick<ContentManifest, 'files'>,
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
  const unflushed: string[] = [];

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
      await keep(file, bytes);
      return index;
    });
  }

  /** Where it is torn by a cut it does not prove right any more, and is as good as absent. */
  async function keep(file: ManifestFile, bytes: Uint8Array): Promise<void> {
    const place = layout.chunkIndex(file.sha256);
    await durable.makeFolder(path.dirname(place));
    await durable.writeUnflushed(place, bytes);
    unflushed.push(place);
  }

  /** Those that are not stored, in one request where that costs less. Nothing but time depends on it: what does not come this way is asked for alone. */
  async function fetchTogether(files: readonly ManifestFile[]): Promise<void> {
    const [source] = choice.remaining();
    const together = packedIndexes(manifest.files);
    if (source === undefined || together === undefined) return;
    const lacking = await lackingOf(files);
    const bytes = lacking.reduce((sum, file) => sum + (together.places.get(file.sha256)?.length ?? 0), 0);
    const requestBytes = choice.health.requestCostBytes(source);
    // As many requests as there are connections wait together.
    const turns = lacking.length / settings.connections;
    if (bytes + turns * requestBytes <= together.sizeBytes + requestBytes) return;
    const encoded = await readTogether(source, together.sizeBytes);
    if (encoded === undefined) return;
    for (const file of lacking) {
      const { offset, length } = together.places.get(file.sha256)!;
      const part = encoded.subarray(offset, offset + length);
      const index = decodedOrNot(part, file);
      if (index === undefined) continue;
      await keep(file, part);
      known.set(file.sha256, Promise.resolve(index));
    }
  }

  /** Each once. */
  async function lackingOf(files: readonly ManifestFile[]): Promise<readonly ManifestFile[]> {
    const distinct = new Map(files.map(file => [file.sha256, file]));
    const lacking: ManifestFile[] = [];
    for (const file of distinct.values())
      if (!known.has(file.sha256) && (await readStoredIndex(layout, file)) === undefined) lacking.push(file);
    return lacking;
  }

  /** A point without such a file is none to blame; one that fails will show it with the next request. */
  async function readTogether(source: Source, sizeBytes: number): Promise<Uint8Array | undefined> {
    try {
      const place = onDistributionPoint.packedIndexes(id, version);
      const asked = { maxBytes: sizeBytes, ...(signal ? { signal } : {}) };
      const encoded = await source.readDocument(place, asked);
      fetchedBytes += encoded.length;
      return encoded;
    } catch (thrown) {
      if (!(thrown instanceof Fault) || isOurOwn(thrown)) throw thrown;
      return undefined;
    }
  }

  async function flush(): Promise<void> {
    await durable.flushFiles(unflushed.splice(0));
  }

  const ask = (file: ManifestFile): Promise<ChunkIndex> => {
    // Two files of an item may have the same bytes, and then the same index.
    const asked = known.get(file.sha256) ?? limit(() => find(file));
    known.set(file.sha256, asked);
    return asked;
  };

  return {
    async of(file) {
      const index = await ask(file);
      await flush();
      return index;
    },
    async all(files) {
      const large = files.filter(file => file.chunks !== undefined);
      await fetchTogether(large);
      const asked = await Promise.allSettled(large.map(ask));
      await flush();
      const failure = asked.find(each => each.status === 'rejected');
      if (failure !== undefined) throw failure.reason;
    },
    fetchedBytes: () => fetchedBytes,
  };
}

/** @returns undefined when it is not the one that the manifest names. */
function decodedOrNot(bytes: Uint8Array, file: ManifestFile): ChunkIndex | undefined {
  try {
    return decodeChunkIndex(bytes, file);
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.code === 'TRUST-12') return undefined;
    throw thrown;
  }
}

/** @returns undefined when it is absent or not the one that the manifest names: then it is as good as absent. */
export async function readStoredIndex(
  layout: CacheLayout,
  file: ManifestFile,
): Promise<ChunkIndex | undefined> {
  try {
    return decodedOrNot(await readFile(layout.chunkIndex(file.sha256)), file);
  } catch (thrown) {
    if (nativeCodeOf(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}
