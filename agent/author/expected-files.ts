// Every file that the signed media manifest says applying leaves: its own lists, and what the content manifests on the media name.
import { createHash } from 'node:crypto';
import { decodeManifest } from '../content/decode-manifest.ts';
import { cacheLayout } from '../content/layout.ts';
import { MANIFEST_MAX_BYTES } from '../content/manifest.ts';
import { asFault } from '../fault/fault.ts';
import type { MediaFileEntry, MediaManifest } from '../media/media-manifest.ts';
import { volumePath } from '../media/media-paths.ts';
import type { AppliedTree, MediaPath } from './applied-tree.ts';

/** A file that has to be there. */
export interface ExpectedFile extends MediaPath {
  readonly entry: Pick<MediaFileEntry, 'size' | 'sha256'>;
  /** The content item it belongs to. */
  readonly id?: string;
  /** Set where it had to be read already: its digest, so that it is not read again. */
  readonly found?: string;
}

export interface ExpectedFiles {
  readonly files: readonly ExpectedFile[];
  /** Folders of items whose manifest is missing or damaged: what belongs in them is not known. */
  readonly unknownFolders: readonly string[];
}

/** The ESP's files only where it is reached. Faults: those of reading, but for a manifest that is damaged: its own row says so. */
export async function expectedFiles(manifest: MediaManifest, tree: AppliedTree): Promise<ExpectedFiles> {
  const layout = cacheLayout('');
  const listed = new Set(manifest.volume.map(entry => entry.path));
  const content: ExpectedFile[] = [];
  const read = new Map<string, string>();
  const unknownFolders: string[] = [];
  for (const reference of manifest.content) {
    const own = volumePath(layout.manifest(reference.digest));
    const folder = volumePath(layout.item(reference.id));
    const bytes = await tree.read({ part: 'volume', path: own }, MANIFEST_MAX_BYTES).catch(notTooLarge);
    if (bytes !== undefined) read.set(own, createHash('sha256').update(bytes).digest('hex'));
    // Without its manifest nothing of an item is proven, so that it has to be there even if the list left it out.
    if (!listed.has(own))
      content.push({
        part: 'volume',
        path: own,
        entry: { size: reference.manifestBytes, sha256: reference.digest },
      });
    const decoded = bytes === undefined ? undefined : decodedOrDamaged(bytes, reference);
    if (decoded === undefined) unknownFolders.push(folder);
    for (const file of decoded?.files ?? [])
      content.push({ part: 'volume', path: `${folder}/${file.path}`, entry: file, id: reference.id });
  }
  const volume = manifest.volume.map((entry): ExpectedFile => {
    const found = read.get(entry.path);
    return { part: 'volume', path: entry.path, entry, ...(found !== undefined && { found }) };
  });
  const esp = tree.esp === undefined ? [] : manifest.esp;
  return {
    files: [
      ...volume,
      ...content,
      ...esp.map((entry): ExpectedFile => ({ part: 'esp', path: entry.path, entry })),
    ],
    unknownFolders,
  };
}

/** A manifest on the disk that is larger than any, or no plain file, is a damaged one. */
function notTooLarge(thrown: unknown): undefined {
  const { code } = asFault(thrown);
  if (code === 'TRUST-08' || code === 'DISK-09') return undefined;
  throw thrown;
}

/** @returns undefined for a manifest that is damaged on the disk; its own row says so. */
function decodedOrDamaged(bytes: Uint8Array, reference: MediaManifest['content'][number]) {
  try {
    return decodeManifest(bytes, reference);
  } catch (thrown) {
    if (asFault(thrown).code === 'TRUST-07') return undefined;
    throw thrown;
  }
}
