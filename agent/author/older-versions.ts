// The versions of an item that its point had last, as far as they can be read: what a pack from them is made with.
import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { type ChunkIndex, decodeChunkIndex } from '../content/chunk-index.ts';
import { decodeManifest } from '../content/decode-manifest.ts';
import { onDistributionPoint } from '../content/layout.ts';
import { contentVersion, type ManifestFile } from '../content/manifest.ts';
import type { IndexedVersion } from '../content/pack-plan.ts';
import { onPoint, publishedManifestBytes } from './published-content.ts';

/** From so many versions an update is packed: computers that are further behind are few, and each costs the point room. */
const OLDER_VERSIONS = 2;

export interface OlderVersion extends IndexedVersion {
  readonly version: string;
  /** Its manifest, as published. */
  readonly manifest: Uint8Array;
  /** Absolute folder of its files. */
  readonly folder: string;
}

/**
 * @param wanted only these; without it those that were written last.
 * @returns them, newest first. What is damaged is left out: nothing but a smaller pack depends on it.
 */
export async function olderVersions(
  point: string,
  { id, version }: { readonly id: string; readonly version: string },
  wanted?: ReadonlySet<string>,
): Promise<readonly OlderVersion[]> {
  const folder = path.dirname(path.dirname(onPoint(point, onDistributionPoint.manifest(id, version))));
  const names = await readdir(folder).catch(() => []); // Absent: this is the first version.
  const written = await Promise.all(
    names
      .filter(name => name !== version && contentVersion.safeParse(name).success)
      .filter(name => wanted?.has(name) ?? true)
      .map(async name => {
        const found = await stat(onPoint(point, onDistributionPoint.manifest(id, name))).catch(
          () => undefined,
        );
        return found === undefined ? [] : [{ name, at: found.mtimeMs }];
      }),
  );
  const newest = written.flat().toSorted((a, b) => b.at - a.at || (a.name < b.name ? 1 : -1));
  const read = [];
  for (const { name } of wanted === undefined ? newest.slice(0, OLDER_VERSIONS) : newest)
    read.push(await readVersion(point, id, name).catch(() => undefined));
  return read.filter(each => each !== undefined);
}

async function readVersion(point: string, id: string, version: string): Promise<OlderVersion | undefined> {
  const bytes = await publishedManifestBytes(point, id, version);
  if (bytes === undefined) return undefined;
  const digest = createHash('sha256').update(bytes).digest('hex');
  const { files } = decodeManifest(bytes, { id, version, digest });
  const indexes = await readIndexes(files, sha256 =>
    onPoint(point, onDistributionPoint.chunkIndex(id, version, sha256)),
  );
  return {
    version,
    manifest: bytes,
    files,
    indexes,
    folder: path.join(path.dirname(onPoint(point, onDistributionPoint.manifest(id, version))), 'files'),
  };
}

/** @returns the chunk index of each large file, by the file's SHA-256. Fault TRUST-12 for one that is damaged; errors of node:fs. */
export async function readIndexes(
  files: readonly ManifestFile[],
  place: (sha256: string) => string,
): Promise<ReadonlyMap<string, ChunkIndex>> {
  const indexes = new Map<string, ChunkIndex>();
  for (const file of files)
    if (file.chunks !== undefined && !indexes.has(file.sha256))
      indexes.set(file.sha256, decodeChunkIndex(await readFile(place(file.sha256)), file));
  return indexes;
}
