// What lies in a folder of the cache: plain files by relative path, and everything that has no business there.
import { lstat, readdir } from 'node:fs/promises';
import path from 'node:path';
import { isAbsence } from '../durable/disk-fault.ts';

/** A plain file. */
export interface LocalFile {
  readonly path: string;
  readonly size: number;
  /** More than one name leads to these bytes. */
  readonly linked: boolean;
}

export interface LocalTree {
  /** By path relative to the folder, `/` between names. */
  readonly files: ReadonlyMap<string, LocalFile>;
  /** Absolute paths of what is neither a wanted plain file nor a folder on the way to one: links, junctions, pipes, files and folders that nobody named. */
  readonly strays: readonly string[];
}

/** What may be there; undefined names nothing a stray but what is no plain file or folder. */
export interface WantedNames {
  readonly files: ReadonlySet<string>;
  readonly folders: ReadonlySet<string>;
}

/** @returns the files of a manifest by path and every folder on the way to one. */
export function wantedNames(paths: readonly string[]): WantedNames {
  const folders = new Set<string>();
  for (const file of paths) {
    for (
      let folder = path.posix.dirname(file);
      folder !== '.' && !folders.has(folder);
      folder = path.posix.dirname(folder)
    ) {
      folders.add(folder);
    }
  }
  return { files: new Set(paths), folders };
}

/** Never follows a link. A root that is absent or no folder has nothing in it. */
export async function listTree(root: string, wanted?: WantedNames): Promise<LocalTree> {
  const files = new Map<string, LocalFile>();
  const strays: string[] = [];
  if (await isFolder(root)) await walk('');
  return { files, strays };

  async function walk(folder: string): Promise<void> {
    for (const entry of await entriesOf(path.join(root, folder))) {
      const name = folder === '' ? entry.name : `${folder}/${entry.name}`;
      const full = path.join(root, name);
      if (entry.isDirectory() && (wanted?.folders.has(name) ?? true)) await walk(name);
      else if (entry.isFile() && (wanted?.files.has(name) ?? true)) {
        const { size, nlink } = await lstat(full);
        files.set(name, { path: full, size, linked: nlink > 1 });
      } else strays.push(full);
    }
  }
}

/** @returns true when `folder` is a folder itself, not a link to one. */
export async function isFolder(folder: string): Promise<boolean> {
  return (await kindOf(folder)) === 'folder';
}

/** What a name stands for, links not followed. */
export async function kindOf(name: string): Promise<'absent' | 'folder' | 'other'> {
  try {
    return (await lstat(name)).isDirectory() ? 'folder' : 'other';
  } catch (thrown) {
    if (isAbsence(thrown)) return 'absent';
    throw thrown;
  }
}

async function entriesOf(folder: string) {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (thrown) {
    if (isAbsence(thrown)) return [];
    throw thrown;
  }
}
