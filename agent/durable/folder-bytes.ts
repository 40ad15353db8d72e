// How much room a folder takes: an estimate, for progress and for the question whether there is room.
import type { Dirent } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import path from 'node:path';
import { diskFault, isAbsence } from './disk-fault.ts';

/**
 * @returns bytes below a folder, as its files count them; links are not followed. Others write there at the same time: what goes while it is counted, and a file
 * that cannot be looked at (Windows says so of one that is just being replaced), counts nothing. Faults: DISK-* for a folder that cannot be listed.
 */
export async function folderBytes(folder: string): Promise<number> {
  let total = 0;
  for (const entry of await entriesOf(folder)) {
    const name = path.join(folder, entry.name);
    if (entry.isDirectory()) total += await folderBytes(name);
    else if (entry.isFile()) total += (await lstat(name).catch(() => undefined))?.size ?? 0;
  }
  return total;
}

async function entriesOf(folder: string): Promise<readonly Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (cause) {
    if (isAbsence(cause)) return [];
    throw diskFault('list', folder, cause);
  }
}
