// Makes whole trees durable that were written without flushing: by one flush of their file systems where there are many files, else file by file.
import path from 'node:path';
import pLimit from 'p-limit';
import { allEnded } from '../fault/all-ended.ts';
import type { Disk } from './disk.ts';
import { nativeCodeOf } from './disk-fault.ts';
import { flushFolder, flushName } from './flush-names.ts';

/** With fewer, waiting for what others have written to the same file system could cost more. */
const FILES_FOR_VOLUME_FLUSH = 64;

const FLUSHES_AT_ONCE = 16;

/** Data and names of everything below, and the folders' own names. Throws what the disk's steps throw. */
export async function flushTrees(disk: Disk, folders: readonly string[]): Promise<void> {
  const names = { files: [] as string[], folders: [] as string[] };
  for (const folder of folders) await collect(disk, folder, names);
  await flushAll(disk, names, folders);
  for (const parent of new Set(folders.map(folder => path.dirname(folder)))) await flushFolder(disk, parent);
}

/** Data and names of these files; the folders that they lie in are durable. */
export async function flushFiles(disk: Disk, files: readonly string[]): Promise<void> {
  const folders = [...new Set(files.map(file => path.dirname(file)))];
  await flushAll(disk, { files, folders }, folders);
}

async function flushAll(
  disk: Disk,
  { files, folders }: { readonly files: readonly string[]; readonly folders: readonly string[] },
  volumes: readonly string[],
): Promise<void> {
  if (files.length >= FILES_FOR_VOLUME_FLUSH && (await disk.flushVolumes(volumes))) return;
  const limit = pLimit(FLUSHES_AT_ONCE);
  await allEnded(files.map(file => limit(() => flushName(disk, file))));
  for (const folder of folders) await flushFolder(disk, folder);
}

async function collect(
  disk: Disk,
  folder: string,
  names: { readonly files: string[]; readonly folders: string[] },
): Promise<void> {
  for (const { name, kind } of await disk.list(folder)) {
    const at = path.join(folder, name);
    if (kind === 'folder') await collect(disk, at, names);
    else if (kind === 'file') names.files.push(at);
  }
  names.folders.push(folder);
}

/** Makes a folder and its parents; their names are durable with the flush of a tree above them. */
export async function makeFolderUnflushed(disk: Disk, folder: string): Promise<void> {
  if (await disk.leadsToFolder(folder)) return;
  const parent = path.dirname(folder);
  if (parent !== folder) await makeFolderUnflushed(disk, parent);
  try {
    await disk.makeFolder(folder);
  } catch (error) {
    // Another thread was faster; anything else at that name is an error.
    if (nativeCodeOf(error) !== 'EEXIST' || !(await disk.leadsToFolder(folder))) throw error;
  }
}

/** @returns the same things, at most `size` in a group. */
export function groupsOf<T>(things: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(things.length / size) }, (_, at) =>
    things.slice(at * size, (at + 1) * size),
  );
}
