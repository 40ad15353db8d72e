// Lays a new version of a content item beside its final place on the distribution point, read once and digested as it is written. Not durable and
// not visible yet: all staged trees are flushed together, then each appears in one rename.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { MAX_CHUNK_BYTES } from '../content/chunking.ts';
import { encodeManifest } from '../content/encode-manifest.ts';
import { onDistributionPoint } from '../content/layout.ts';
import type { ContentManifest, ContentReference, ManifestFile } from '../content/manifest.ts';
import type { CopiedFile } from '../content/worker-pool.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import { Fault } from '../fault/fault.ts';
import { batches, boundariesOf, type DigestWorld, inParallel } from './digest-files.ts';
import { onPoint } from './published-content.ts';
import type { SiteContent } from './read-site.ts';
import type { SourceFile } from './source-tree.ts';

export interface StageWorld extends DigestWorld {
  readonly point: string;
  readonly durable: DurableFiles;
}

/** Faults: USAGE-08, USAGE-13 the source changed, DISK-*, STOP-01. */
export async function stageItem(
  item: SiteContent,
  files: readonly SourceFile[],
  world: StageWorld,
): Promise<{ readonly reference: ContentReference; readonly staging: string }> {
  const { durable } = world;
  const staging = stagingFolder(world.point, item);
  await durable.makeFolder(staging);
  const entries = new Map<string, ManifestFile>();
  const indexes = new Set<string>();
  const keep = async (file: SourceFile, { size, sha256, chunks, index }: CopiedFile): Promise<void> => {
    const entry = { path: file.path, size, sha256 };
    if (index === undefined || chunks === undefined) {
      entries.set(file.path, entry);
      return;
    }
    const digest = createHash('sha256').update(index).digest('hex');
    entries.set(file.path, { ...entry, chunks: { count: chunks, sha256: digest } });
    // Two files of the same bytes have one index.
    if (indexes.has(sha256)) return;
    indexes.add(sha256);
    await durable.writeUnflushed(path.join(staging, 'chunks', `${sha256}.chunks`), index);
  };
  const large = files.filter(file => file.size > MAX_CHUNK_BYTES).toSorted((a, b) => b.size - a.size);
  const small = files.filter(file => file.size <= MAX_CHUNK_BYTES);
  const work = [
    // Largest first, so that no thread is left alone with the image at the end.
    ...batches(large),
    ...batches(small),
  ].map(batch => async () => {
    const input = {
      files: await Promise.all(
        batch.map(async file => ({
          from: file.absolute,
          to: path.join(staging, 'files', ...file.path.split('/')),
          stamp: file.stamp,
          ...(file.size > MAX_CHUNK_BYTES && { boundaries: await boundariesOf(file.absolute) }),
        })),
      ),
    };
    const copied = await world.pool.run('copy-files', input, optionsOf(world));
    for (const [at, file] of batch.entries()) {
      const found = copied.files[at];
      if (found === undefined) throw new Fault('BUG-01', 'copy-files', { expected: file.path });
      await keep(file, found);
    }
  });
  await inParallel(work, world.pool.size);
  const rows = files.map(file => entries.get(file.path)).filter(entry => entry !== undefined);
  const encoded = encodeManifest(manifestOf(item, rows));
  await durable.writeUnflushed(path.join(staging, 'manifest.json'), encoded.bytes);
  return { reference: encoded.reference, staging };
}

/** Lets a staged version appear. Its tree is flushed. What has its place without a manifest is no version, and goes. Faults: DISK-*. */
export async function revealItem(
  item: SiteContent,
  staging: string,
  { point, durable }: Pick<StageWorld, 'point' | 'durable'>,
): Promise<void> {
  const final = versionFolder(point, item);
  const rest = path.join(path.dirname(final), `.${item.version}.rest.staging`);
  if (existsSync(final)) await durable.rename(final, rest);
  await durable.rename(staging, final);
  await durable.remove(rest);
}

/** Removes what a stopped run may have left for this item. */
export async function removeStaging(
  item: SiteContent,
  { point, durable }: Pick<StageWorld, 'point' | 'durable'>,
): Promise<void> {
  const folder = itemFolder(point, item);
  const names = await readdir(folder).catch(() => []); // Absent: nothing was ever staged.
  for (const name of names)
    if (name.startsWith('.') && name.endsWith('.staging')) await durable.remove(path.join(folder, name));
}

/** @returns the folder of all versions of an item on a distribution point. */
export function itemFolder(point: string, item: SiteContent): string {
  return path.dirname(versionFolder(point, item));
}

/** @returns the manifest of an item that consists of these files. */
export function manifestOf(
  { id, version, type, name, install, detection, dependencies }: SiteContent,
  files: readonly ManifestFile[],
): ContentManifest {
  return {
    format: 'prestage-content/1',
    id,
    version,
    type,
    name,
    files: [...files],
    ...(install && { install }),
    ...(detection && { detection }),
    ...(dependencies && { dependencies }),
  };
}

function stagingFolder(point: string, item: SiteContent): string {
  const final = versionFolder(point, item);
  return path.join(path.dirname(final), `.${item.version}.staging`);
}

function versionFolder(point: string, { id, version }: SiteContent): string {
  return path.dirname(onPoint(point, onDistributionPoint.manifest(id, version)));
}

function optionsOf({ signal, advance }: DigestWorld): Pick<DigestWorld, 'signal' | 'advance'> {
  return { ...(signal && { signal }), ...(advance && { advance }) };
}
