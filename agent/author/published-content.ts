// One version of one content item on a distribution point folder: is it there, is it whole, and what does it consist of.
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import pLimit from 'p-limit';
import { chunkIndexBytes } from '../content/chunk-index.ts';
import { decodeManifest } from '../content/decode-manifest.ts';
import { onDistributionPoint } from '../content/layout.ts';
import type { ContentManifest, ManifestFile } from '../content/manifest.ts';
import { nativeCodeOf } from '../durable/disk-fault.ts';
import { Fault } from '../fault/fault.ts';
import { type DigestWorld, sha256OfFiles } from './digest-files.ts';

const LOOKS_AT_ONCE = 16;

/** @returns the absolute path of something on a distribution point folder. */
export function onPoint(point: string, relative: string): string {
  return path.join(point, ...relative.split('/'));
}

/** @returns the bytes of the published manifest; undefined when this version was never published. Fault: USAGE-08. */
export async function publishedManifestBytes(
  point: string,
  id: string,
  version: string,
): Promise<Uint8Array | undefined> {
  const file = onPoint(point, onDistributionPoint.manifest(id, version));
  try {
    return await readFile(file);
  } catch (cause) {
    if (nativeCodeOf(cause) === 'ENOENT') return undefined;
    throw new Fault('USAGE-08', file, {}, { cause });
  }
}

/**
 * @returns the files of a published version that are absent or of another size; with `world`, also those whose bytes differ. A file
 * whose chunk index is absent or of another size counts.
 */
export async function badPublishedFiles(
  point: string,
  manifest: ContentManifest,
  world?: DigestWorld,
): Promise<readonly ManifestFile[]> {
  const limit = pLimit(LOOKS_AT_ONCE);
  const place = (file: ManifestFile) =>
    onPoint(point, onDistributionPoint.file(manifest.id, manifest.version, file.path));
  const looked = await Promise.all(
    manifest.files.map(file =>
      limit(async () => {
        const index =
          file.chunks &&
          onPoint(point, onDistributionPoint.chunkIndex(manifest.id, manifest.version, file.sha256));
        return (
          (await sizeOf(place(file))) === file.size &&
          (index === undefined || (await sizeOf(index)) === chunkIndexBytes(file.chunks?.count ?? 0))
        );
      }),
    ),
  );
  const bad = new Set(manifest.files.filter((_, at) => !looked[at]));
  if (world !== undefined) {
    const rest = manifest.files.filter(file => !bad.has(file));
    const digests = await sha256OfFiles(
      rest.map(file => ({ path: file.path, absolute: place(file), size: file.size })),
      world,
    );
    for (const file of rest) if (digests.get(file.path) !== file.sha256) bad.add(file);
  }
  return [...bad];
}

/** The differences that make USAGE-06, first ones first, in words. */
export function differences(
  published: Uint8Array,
  publishedDigest: string,
  wanted: ContentManifest,
): readonly string[] {
  let old: ContentManifest;
  try {
    old = decodeManifest(published, { digest: publishedDigest });
  } catch {
    // The published manifest itself is damaged; that it differs is all that can be said.
    return ['the published manifest is not readable'];
  }
  const before = new Map(old.files.map(file => [file.path, file.sha256]));
  const after = new Map(wanted.files.map(file => [file.path, file.sha256]));
  const lines = [
    ...wanted.files.flatMap(file => (before.has(file.path) ? [] : [`${file.path} is new`])),
    ...wanted.files.flatMap(file =>
      before.has(file.path) && before.get(file.path) !== file.sha256 ? [`${file.path} has other bytes`] : [],
    ),
    ...old.files.flatMap(file => (after.has(file.path) ? [] : [`${file.path} is gone`])),
  ];
  return lines.length > 0
    ? lines.slice(0, 20)
    : ['content.yaml says something else (name, type, install, detection or dependencies)'];
}

async function sizeOf(file: string): Promise<number | undefined> {
  const found = await stat(file).catch(() => undefined); // Absent and unreadable alike have to be written again.
  return found?.isFile() ? found.size : undefined;
}
