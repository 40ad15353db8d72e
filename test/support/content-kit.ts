// Content items made from bytes: published to a folder as a distribution point holds them, laid into a cache as media does, and worlds to acquire them in.
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { encodeManifest } from '../../agent/content/encode-manifest.ts';
import { openInPlacePool } from '../../agent/content/in-place-pool.ts';
import { type CacheLayout, cacheLayout, onDistributionPoint } from '../../agent/content/layout.ts';
import type { ContentManifest, ContentReference, ManifestFile } from '../../agent/content/manifest.ts';
import type { AcquireWorld } from '../../agent/distribution/acquire.ts';
import type { Source } from '../../agent/distribution/source.ts';
import type { DurableFiles } from '../../agent/durable/durable-files.ts';
import { openDurableFiles } from '../../agent/durable/open-durable-files.ts';
import { jobs } from '../../agent/jobs.ts';
import { systemClock } from '../../agent/progress/clock.ts';
import { unobserved } from '../../agent/progress/event.ts';
import { impatient } from './sources.ts';

/** Files of an item by path. */
export type Files = Readonly<Record<string, Uint8Array>>;

export interface PublishedItem {
  readonly reference: ContentReference;
  readonly manifest: ContentManifest;
  readonly files: Files;
  /** Encoded chunk indexes by the SHA-256 of their file. */
  readonly indexes: ReadonlyMap<string, Uint8Array>;
}

/** Writes one version of one item below `folder` as a distribution point holds it. */
export async function publishItem(
  folder: string,
  files: Files,
  { id = 'ABC00012', version = '1' }: { readonly id?: string; readonly version?: string } = {},
): Promise<PublishedItem> {
  const pool = openInPlacePool({ jobs, durable: openDurableFiles() });
  const indexes = new Map<string, Uint8Array>();
  const described: ManifestFile[] = [];
  for (const [name, bytes] of Object.entries(files)) {
    const file = path.join(folder, onDistributionPoint.file(id, version, name));
    await write(file, bytes);
    const cut = await pool.run('chunk-file', { path: file });
    const chunked = bytes.length > 256 * 1024;
    if (chunked) indexes.set(cut.sha256, cut.index);
    const chunks = chunked ? { chunks: { count: cut.chunks, sha256: sha256Of(cut.index) } } : {};
    described.push({ path: name, size: cut.size, sha256: cut.sha256, ...chunks });
  }
  for (const [sha256, index] of indexes)
    await write(path.join(folder, onDistributionPoint.chunkIndex(id, version, sha256)), index);
  const manifest: ContentManifest = {
    format: 'prestage-content/1',
    id,
    version,
    type: 'package',
    name: `Item ${id}`,
    files: described,
  };
  const { bytes, reference } = encodeManifest(manifest);
  await write(path.join(folder, onDistributionPoint.manifest(id, version)), bytes);
  return { reference, manifest, files, indexes };
}

/** Lays an item into the cache as media does: its files and their chunk indexes. */
export async function layItem(
  layout: CacheLayout,
  { reference, files, indexes }: PublishedItem,
): Promise<void> {
  for (const [name, bytes] of Object.entries(files))
    await write(path.join(layout.item(reference.id), name), bytes);
  for (const [sha256, index] of indexes) await write(layout.chunkIndex(sha256), index);
}

/** Every file below a folder by path; an absent folder has none. */
export async function filesBelow(folder: string): Promise<Files> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const found: Record<string, Uint8Array> = {};
  for (const entry of entries) {
    if (entry.isDirectory()) continue;
    const full = path.join(entry.parentPath, entry.name);
    found[path.relative(folder, full).split(path.sep).join('/')] = await readFile(full);
  }
  return found;
}

/** The same bytes under the same names? Names of what differs. */
export function differences(found: Files, expected: Files): readonly string[] {
  const names = new Set([...Object.keys(found), ...Object.keys(expected)]);
  return [...names].filter(name => {
    const [a, b] = [found[name], expected[name]];
    return a === undefined || b === undefined || Buffer.compare(a, b) !== 0;
  });
}

/** A world to acquire in, on one thread, without patience. */
export function acquireWorld(
  volume: string,
  sources: readonly Source[],
  more: Partial<AcquireWorld> & { readonly durable?: DurableFiles } = {},
): AcquireWorld {
  const durable = more.durable ?? openDurableFiles();
  return {
    layout: cacheLayout(volume),
    durable,
    pool: openInPlacePool({ jobs, durable }),
    sources,
    clock: systemClock,
    random: () => 0.5,
    observe: unobserved,
    settings: impatient,
    ...more,
  };
}

async function write(file: string, bytes: Uint8Array): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, bytes);
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
