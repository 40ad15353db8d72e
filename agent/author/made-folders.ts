// Folders that a run makes on its way, and takes away again when it fails: nothing is left of it, and nobody else's folder goes.
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { DurableFiles } from '../durable/durable-files.ts';

/** @returns of a folder and those above it what is not there yet, the innermost first. */
export function absentFolders(folder: string): readonly string[] {
  if (existsSync(folder) || path.dirname(folder) === folder) return [];
  return [folder, ...absentFolders(path.dirname(folder))];
}

/** Removes those of `folders` that are there and empty, in this order. Faults: DISK-*. */
export async function removeEmpty(
  folders: readonly string[],
  { remove }: Pick<DurableFiles, 'remove'>,
): Promise<void> {
  for (const folder of folders) {
    const names = await readdir(folder).catch(() => undefined); // Never made.
    if (names?.length === 0) await remove(folder);
  }
}
