// Content items made for a test: manifests, chunk indexes and files, published by the product's own jobs and laid into a cache.
import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { MAX_CHUNK_BYTES } from '../../agent/content/chunking.ts';
import { encodeManifest } from '../../agent/content/encode-manifest.ts';
import { type CacheLayout, cacheLayout } from '../../agent/content/layout.ts';
import type { ContentManifest, ContentReference, ManifestFile } from '../../agent/content/manifest.ts';
import type { WorkerPool } from '../../agent/content/worker-pool.ts';

/** Path to bytes. */
export type Tree = Readonly<Record<string, Uint8Array>>;

/** One version of one item, published. */
export interface Item {
  readonly tree: Tree;
  readonly manifest: ContentManifest;
  readonly manifestBytes: Uint8Array;
  readonly reference: ContentReference;
  /** Encoded chunk indexes by SHA-256 of the file. */
  readonly indexes: ReadonlyMap<string, Uint8Array>;
}

/** @param scratch a folder to lay files in while they are cut. */
export async function makeItem(
  tree: Tree,
  {
    pool,
    scratch,
    version = '1.0',
    ...rest
  }: {
    readonly pool: WorkerPool;
    readonly scratch: string;
    readonly version?: string;
  } & Partial<ContentManifest>,
): Promise<Item> {
  const files: ManifestFile[] = [];
  const indexes = new Map<string, Uint8Array>();
  for (const [name, bytes] of Object.entries(tree)) {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    if (bytes.length <= MAX_CHUNK_BYTES) {
      files.push({ path: name, size: bytes.length, sha256 });
      continue;
    }
    const file = path.join(scratch, sha256);
    writeFileSync(file, bytes);
    const { index, chunks } = await pool.run('chunk-file', { path: file });
    rmSync(file);
    indexes.set(sha256, index);
    files.push({
      path: name,
      size: bytes.length,
      sha256,
      chunks: { count: chunks, sha256: createHash('sha256').update(index).digest('hex') },
    });
  }
  const manifest: ContentManifest = {
    format: 'prestage-content/1',
    id: 'CON00012',
    type: 'application',
    name: 'An application',
    files,
    ...rest,
    version,
  };
  const { bytes, reference } = encodeManifest(manifest);
  // What is published is sorted: take it as a reader would.
  return {
    tree,
    manifest: JSON.parse(Buffer.from(bytes).toString()),
    manifestBytes: bytes,
    reference,
    indexes,
  };
}

/** Writes a tree below a folder. */
export function layTree(folder: string, tree: Tree): void {
  for (const [name, bytes] of Object.entries(tree)) {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, bytes);
  }
}

/** An empty cache on a volume of its own below `root`, with the chunk indexes of these items. */
export function makeCache(root: string, items: readonly Item[] = []): CacheLayout {
  const layout = cacheLayout(root);
  mkdirSync(layout.packages, { recursive: true });
  mkdirSync(path.join(layout.own, 'chunks'), { recursive: true });
  for (const item of items)
    for (const [sha256, bytes] of item.indexes) writeFileSync(layout.chunkIndex(sha256), bytes);
  return layout;
}
