// Gives a misbehaving server the files of a published distribution point.
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

/** Replaces what `files` holds by the point's files as they are now. */
export async function servePoint(point: string, files: Map<string, Uint8Array>): Promise<void> {
  files.clear();
  for (const entry of await readdir(point, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    files.set(path.relative(point, file).split(path.sep).join('/'), await readFile(file));
  }
}
