// Which file of an older version a file was made from: the one of its path, or the one that it was before it was renamed or moved. Pure.
import { uniqueChunks } from './chunks-in-step.ts';
import type { IndexedVersion } from './pack-plan.ts';

/** Names that have less than this in common at their begin have it by chance. */
const LEAST_COMMON_LETTERS = 4;

/** So many of the names before and behind one in the alphabet are looked at: builds give one name many endings. */
const NEIGHBOURS = 16;

export interface OlderFiles {
  /** @returns the number of the older file; undefined where none is like it. */
  olderOf(file: number): number | undefined;
}

/** A wrong guess costs nothing but a dictionary that does not help. */
export function openOlderFiles(version: IndexedVersion, older: IndexedVersion): OlderFiles {
  const byPath = new Map(older.files.map((file, at) => [file.path, at]));
  /** What was looked for once: a large file is asked for with each of its frames. */
  const found = new Map<number, number | undefined>();
  let gone: Gone | undefined;
  return {
    olderOf(file) {
      const same = byPath.get(version.files[file]?.path ?? '');
      if (same !== undefined) return same;
      if (!found.has(file)) {
        gone ??= openGone(version, older);
        found.set(file, gone.withChunksOf(file) ?? gone.namedLike(file));
      }
      return found.get(file);
    },
  };
}

interface Gone {
  withChunksOf(file: number): number | undefined;
  namedLike(file: number): number | undefined;
}

interface NamedFile {
  readonly at: number;
  readonly name: string;
  readonly size: number;
}

/** Files of the older version whose paths the newer does not have: what was renamed is among them. */
function openGone(version: IndexedVersion, older: IndexedVersion): Gone {
  const paths = new Set(version.files.map(file => file.path));
  const files = older.files.flatMap(({ path, size }, at): readonly NamedFile[] =>
    paths.has(path) || size === 0 ? [] : [{ at, name: nameOf(path), size }],
  );
  const sorted = files.toSorted((a, b) => compare(a.name, b.name));
  const owners = new Map<string, number>();
  for (const { at } of files) {
    const index = older.indexes.get(older.files[at]?.sha256 ?? '');
    if (index !== undefined) for (const digest of uniqueChunks(index).keys()) owners.set(digest, at);
  }
  return {
    withChunksOf(file) {
      const index = version.indexes.get(version.files[file]?.sha256 ?? '');
      if (index === undefined || owners.size === 0) return undefined;
      const shared = new Map<number, number>();
      for (const digest of uniqueChunks(index).keys()) {
        const owner = owners.get(digest);
        if (owner !== undefined) shared.set(owner, (shared.get(owner) ?? 0) + 1);
      }
      return [...shared].toSorted(([, a], [, b]) => b - a)[0]?.[0];
    },
    namedLike(file) {
      const { path = '', size = 0 } = version.files[file] ?? {};
      const name = nameOf(path);
      const place = placeOf(name, sorted);
      const near = sorted
        .slice(Math.max(0, place - NEIGHBOURS), place + NEIGHBOURS)
        .filter(other => extensionOf(other.name) === extensionOf(name))
        .map(other => ({ ...other, common: commonLetters(name, other.name) }))
        .filter(({ common }) => common >= LEAST_COMMON_LETTERS);
      return near.toSorted(
        (a, b) => b.common - a.common || Math.abs(a.size - size) - Math.abs(b.size - size),
      )[0]?.at;
    },
  };
}

/** Without its folders, as file systems compare names. */
function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1).toLowerCase();
}

function extensionOf(name: string): string {
  const dot = name.lastIndexOf('.');
  return dot < 0 ? '' : name.slice(dot);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** @returns where the name is, or would be. */
function placeOf(name: string, sorted: readonly NamedFile[]): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compare(sorted[middle]?.name ?? '', name) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function commonLetters(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
}
