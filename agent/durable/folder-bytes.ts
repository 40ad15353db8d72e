// How much room a folder takes: an estimate, for progress and for the question whether there is room.
import { lstat, readdir } from 'node:fs/promises';
import path from 'node:path';

/**
 * @returns bytes below a folder, as its files count them; links are not followed. What goes, or is replaced, while it is counted, and what cannot be looked at,
 * counts nothing: others write there at the same time.
 */
export async function folderBytes(folder: string): Promise<number> {
  let total = 0;
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    const name = path.join(folder, entry.name);
    if (entry.isDirectory()) total += await folderBytes(name);
    else if (entry.isFile()) total += (await lstat(name).catch(() => undefined))?.size ?? 0;
  }
  return total;
}
