// Finds what is to be captured below `Users`, folder by folder, without following a link: a name is a link where the folder's own listing says so,
// which on Windows is every reparse point, online-only files of a cloud folder included.
import { lstat, readdir } from 'node:fs/promises';
import path from 'node:path';
import { checkManifestPath, foldCase } from '../content/manifest-path.ts';
import { nativeCodeOf } from '../durable/disk-fault.ts';
import { type FileChoice, isProfile } from './choose-files.ts';

interface Place {
  readonly profile: string;
  /** Relative to the profile, with `/`. */
  readonly path: string;
}

export type Found =
  | (Place & {
      readonly kind: 'file';
      /** As node:fs takes it. */
      readonly file: string;
      readonly size: number;
    })
  | (Place & { readonly kind: 'folder' })
  /** It is there and cannot be taken. */
  | (Place & { readonly kind: 'left-out'; readonly reason: string });

export interface Users {
  /** `C:\Users` */
  readonly folder: string;
  /** Names of the profiles' folders. */
  readonly profiles: readonly string[];
}

/** @returns the profiles of people in `folder`, sorted; none where there is no such folder or it cannot be read. */
export async function findProfiles(folder: string): Promise<Users> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const names = entries
    .filter(entry => entry.isDirectory() && isProfile(entry.name))
    .map(entry => entry.name);
  return { folder, profiles: names.sort() };
}

/** Yields a folder before what is in it. What cannot be listed is yielded as left out; nothing is thrown for it. */
export async function* walkProfiles(users: Users, choice: FileChoice): AsyncGenerator<Found, void, void> {
  for (const profile of users.profiles) {
    for (const folder of choice.folders) {
      const at = { profile, path: '' };
      yield* walkInto(path.join(users.folder, profile), at, folder.split('/'), choice);
    }
  }
}

/** Goes down to a chosen folder by the names that it really has on the disk. */
async function* walkInto(
  parent: string,
  at: Place,
  [name, ...rest]: readonly string[],
  choice: FileChoice,
): AsyncGenerator<Found, void, void> {
  if (name === undefined) {
    yield* walkFolder(parent, at, choice);
    return;
  }
  const entries = await readdir(parent, { withFileTypes: true }).catch(() => []);
  const entry = entries.find(each => foldCase(each.name) === foldCase(name));
  if (!entry?.isDirectory()) return;
  const below = inside(at, entry.name);
  if (choice.isExcluded(below.path)) return;
  yield* walkInto(path.join(parent, entry.name), below, rest, choice);
}

async function* walkFolder(folder: string, at: Place, choice: FileChoice): AsyncGenerator<Found, void, void> {
  yield { kind: 'folder', ...at };
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => reasonOf(error));
  if (typeof entries === 'string') {
    yield { kind: 'left-out', ...at, reason: entries };
    return;
  }
  const names = new Set<string>();
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const here = inside(at, entry.name);
    if (entry.isSymbolicLink() || choice.isExcluded(here.path)) continue;
    const problem =
      checkManifestPath(entry.name) ??
      (names.has(foldCase(entry.name)) ? 'differs only by case from another' : undefined);
    names.add(foldCase(entry.name));
    if (problem !== undefined) {
      yield { kind: 'left-out', ...here, reason: `its name ${problem}` };
    } else if (entry.isDirectory()) {
      yield* walkFolder(path.join(folder, entry.name), here, choice);
    } else if (entry.isFile()) {
      yield await look(path.join(folder, entry.name), here);
    }
  }
}

async function look(file: string, at: Place): Promise<Found> {
  try {
    return { kind: 'file', ...at, file, size: (await lstat(file)).size };
  } catch (error) {
    return { kind: 'left-out', ...at, reason: reasonOf(error) };
  }
}

function inside({ profile, path: parent }: Place, name: string): Place {
  return { profile, path: parent === '' ? name : `${parent}/${name}` };
}

/** In words for the list of what was left out. */
export function reasonOf(error: unknown): string {
  const native = nativeCodeOf(error);
  if (native === undefined) throw error;
  if (native === 'EBUSY' || native === 'ETXTBSY') return 'in use';
  if (native === 'EACCES' || native === 'EPERM') return 'not readable';
  return native === 'ENOENT' ? 'gone' : native;
}
