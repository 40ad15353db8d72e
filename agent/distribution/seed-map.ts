// Every byte on the machine that a manifest vouches for, by digest, whichever item it belongs to: read once in a run, when something is first
// missing. What it answers are hints: whoever copies from there proves what was copied, so a place that is out of date only costs a look.
import path from 'node:path';
import type { ChunkIndex } from '../content/chunk-index.ts';
import { type DigestList, type DigestTable, digestTable } from '../content/digest-table.ts';
import type { CacheLayout } from '../content/layout.ts';
import type { ContentManifest, ManifestFile } from '../content/manifest.ts';
import { readStoredIndex } from './chunk-indexes.ts';

/** A folder and the files that should lie in it. `id`: of the item that it belongs to, whose next acquisition replaces it. */
export interface VouchedFolder {
  readonly id?: string;
  readonly folder: string;
  readonly files: readonly ManifestFile[];
}

/** Where bytes may be found. */
export interface SeedPlace {
  readonly path: string;
  readonly offset: number;
}

/** Every place where the bytes of this SHA-256 may lie. */
export type SeedPlaces = (digest: Uint8Array) => Iterable<SeedPlace>;

export interface SeedMap {
  /** Whole files by their SHA-256 and chunks by theirs. */
  open(): Promise<SeedPlaces>;
  /** The item's folder is now what this manifest says, and whatever was known of it before is past. */
  holds(id: string, manifest: ContentManifest): Promise<void>;
}

/** Digests of which each has its place. */
export interface SeedList extends DigestList {
  place(n: number): SeedPlace;
}

/** @param vouched asked when the map is first opened. */
export function openSeedMap(layout: CacheLayout, vouched: () => Promise<readonly VouchedFolder[]>): SeedMap {
  const table = digestTable<SeedList>();
  const byItem = new Map<string, SeedList[]>();
  let opened: Promise<void> | undefined;

  async function add({ id, folder, files }: VouchedFolder): Promise<void> {
    const lists: SeedList[] = [filesIn(folder, files)];
    for (const file of files) {
      const index = file.chunks === undefined ? undefined : await readStoredIndex(layout, file);
      if (index !== undefined) lists.push(chunksOf(index, path.join(folder, file.path)));
    }
    for (const list of lists) table.add(list);
    if (id !== undefined) byItem.set(id, [...(byItem.get(id) ?? []), ...lists]);
  }

  async function read(): Promise<void> {
    for (const folder of await vouched()) await add(folder);
  }

  return {
    async open() {
      opened ??= read();
      await opened;
      return placesIn(table);
    },
    async holds(id, manifest) {
      // What is not read yet will be read as it lies then.
      if (opened === undefined) return;
      await opened;
      for (const list of byItem.get(id) ?? []) table.remove(list);
      byItem.delete(id);
      await add({ id, folder: layout.item(id), files: manifest.files });
    },
  };
}

/** @returns the chunks of a file that should be what its index says. */
export function chunksOf(index: ChunkIndex, file: string): SeedList {
  return {
    count: index.count,
    digest: n => index.digest(n),
    place: n => ({ path: file, offset: index.offset(n) }),
  };
}

/** @returns what these lists have, and nothing else. */
export function placesOf(lists: Iterable<SeedList>): SeedPlaces {
  const table = digestTable<SeedList>();
  for (const list of lists) table.add(list);
  return placesIn(table);
}

/** @returns what the table has at the moment when it is asked. */
export function placesIn(table: Pick<DigestTable<SeedList>, 'find'>): SeedPlaces {
  return function* (digest) {
    for (const { list, n } of table.find(digest)) yield list.place(n);
  };
}

/** Whole files. Empty ones are made, not copied. */
function filesIn(folder: string, files: VouchedFolder['files']): SeedList {
  const held = files.filter(file => file.size > 0);
  const digests = Buffer.alloc(held.length * 32);
  for (const [n, file] of held.entries()) digests.write(file.sha256, n * 32, 'hex');
  return {
    count: held.length,
    digest: n => digests.subarray(n * 32, n * 32 + 32),
    place: n => ({ path: path.join(folder, held[n]?.path ?? ''), offset: 0 }),
  };
}
