// Digests of files, read in pieces: SHA-256 for the report, SHA-1 because a WIM knows its files by that.
import { createHash } from 'node:crypto';
import { createReadStream, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** @returns hex */
export async function digestOfFile(file, algorithm = 'sha256') {
  const hash = createHash(algorithm);
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

/** The files below a folder, as paths with `/`, sorted; a link to a file counts as one. */
export function filesBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() || (entry.isSymbolicLink() && isFile(join(entry.parentPath, entry.name))))
    .map(entry =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .replaceAll('\\', '/'),
    )
    .sort();
}

const isFile = path => statSync(path, { throwIfNoEntry: false })?.isFile() === true;

/** @returns SHA-256 of every file below a folder, by path */
export async function digestsBelow(folder) {
  const digests = {};
  for (const file of filesBelow(folder)) digests[file] = await digestOfFile(join(folder, file));
  return digests;
}
