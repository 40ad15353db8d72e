// Chunk indexes of the item being acquired: from the cache where they are whole, else from a source; proven by the manifest either way.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import pLimit from 'p-limit';
import { type ChunkIndex, chunkIndexBytes, decodeChunkIndex } from '../content/chunk-index.ts';
import { type CacheLayout, onDistributionPoint } from '../content/layout.ts';
import type { ContentManifest, ContentReference, ManifestFile } from '../content/manifest.ts';
import { nativeCodeOf } from '../durable/disk-fault.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import { allEnded } from '../fault/all-ended.ts';
import { Fault } from '../fault/fault.ts';
import { readIndexesTogether } from './indexes-together.ts';
import type { Source } from './source.ts';
import type { SourceChoice } from './source-choice.ts';
import { isOurOwn } from './source-failure.ts';
import type { TransferSettings } from './transfer-settings.ts';

/** So many stored indexes are read at once: an item may have more large files than a process may open. */
const READ_AT_ONCE = 16;

export interface ChunkIndexes {
  /** Faults: CONTENT-01 when no source has it, DISK-*, STOP-01. */
  of(file: ManifestFile): Promise<ChunkIndex>;
  /** The same for every large file of these, several at once. All have ended before a fault is told. */
  all(files: readonly ManifestFile[]): Promise<void>;
  /** Bytes of index that crossed the wire. */
  fetchedBytes(): number;
  /** What was stored is flushed behind the work; this waits for it. Faults: DISK-*. */
  end(): Promise<void>;
}

/** Indexes are looked for when first asked for, each once. */
export function openChunkIndexes(
  reference: Pick<ContentReference, 'id' | 'version'>,
  manifest: Pick<ContentManifest, 'files'>,
  world: {
    /** What lies in the cache in its place. */
    readonly older?: ContentManifest | undefined;
    readonly layout: CacheLayout;
    readonly durable: DurableFiles;
    readonly choice: SourceChoice;
    readonly settings: Pick<TransferSettings, 'connections'>;
    readonly signal?: AbortSignal;
  },
): ChunkIndexes {
  const { id, version } = reference;
  const { older, layout, durable, choice, settings, signal } = world;
  const limit = pLimit(settings.connections);
  const known = new Map<string, Promise<ChunkIndex>>();
  let fetchedBytes = 0;
  const unflushed: string[] = [];
  let flushed = Promise.resolve();
  let folder: Promise<void> | undefined;

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
    folder ??= durable.makeFolder(path.dirname(place));
    await folder;
    await durable.writeUnflushed(place, bytes);
    unflushed.push(place);
  }

  /** Those that are not stored, in one request where that costs less. */
  async function fetchTogether(files: readonly ManifestFile[]): Promise<void> {
    const [source] = choice.remaining();
    const lacking = await lackingOf(files);
    if (source === undefined || lacking.length === 0) return;
    const encoded = await fromSource(source, lacking);
    await allEnded(
      lacking.map(async file => {
        const part = encoded.get(file.sha256);
        const index = part && decodedOrNot(part, file);
        if (index === undefined) return;
        await keep(file, index.bytes);
        known.set(file.sha256, Promise.resolve(index));
      }),
    );
  }

  /** One that fails is not waited for once more with each index: another has its turn. */
  async function fromSource(
    source: Source,
    lacking: readonly ManifestFile[],
  ): Promise<ReadonlyMap<string, Uint8Array>> {
    try {
      return await readIndexesTogether(
        { reference, files: manifest.files, lacking, older },
        {
          source,
          requestBytes: choice.health.requestCostBytes(source),
          connections: settings.connections,
          stored: file => readStoredIndex(layout, file),
          fetched(bytes) {
            fetchedBytes += bytes;
          },
          signal,
        },
      );
    } catch (thrown) {
      if (!(thrown instanceof Fault) || isOurOwn(thrown)) throw thrown;
      choice.failed(source, thrown);
      return new Map();
    }
  }

  /** Each once. */
  async function lackingOf(files: readonly ManifestFile[]): Promise<readonly ManifestFile[]> {
    const distinct = new Map(files.map(file => [file.sha256, file]));
    const unknown = [...distinct.values()].filter(file => !known.has(file.sha256));
    const reading = pLimit(READ_AT_ONCE);
    const stored = await allEnded(unknown.map(file => reading(() => readStoredIndex(layout, file))));
    return unknown.filter((_, at) => stored[at] === undefined);
  }

  /** Nobody waits for it: an index that a cut takes is fetched again. */
  function flushBehind(): void {
    const places = unflushed.splice(0);
    if (places.length > 0) flushed = flushed.then(() => durable.flushFiles(places));
    // Told at the end.
    flushed.catch(() => {});
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
      flushBehind();
      return index;
    },
    async all(files) {
      const large = files.filter(file => file.chunks !== undefined);
      await fetchTogether(large);
      await allEnded(large.map(ask));
      flushBehind();
    },
    fetchedBytes: () => fetchedBytes,
    async end() {
      // What came before a failure, too.
      flushBehind();
      await flushed;
    },
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

/** @returns undefined when it is absent, cannot be read or is not the one that the manifest names: then it is as good as absent. */
export async function readStoredIndex(
  layout: CacheLayout,
  file: ManifestFile,
): Promise<ChunkIndex | undefined> {
  try {
    return decodedOrNot(await readFile(layout.chunkIndex(file.sha256)), file);
  } catch (thrown) {
    // A bad sector, or somebody who holds it: whatever keeps it from being read, it can be had again.
    if (nativeCodeOf(thrown) !== undefined) return undefined;
    throw thrown;
  }
}
