// Digests every file of a folder without any of Prestage's own code: the outside view that a run is judged by.
import { createHash } from 'node:crypto';
import { createReadStream, readdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @param {string} root
 * @param {{ skip?: (path: string) => boolean }} options `skip` leaves out a file or a whole folder by its path below `root`
 * @returns {Promise<Map<string, string>>} path below `root` with `/` -> lower-case hex SHA-256; a folder -> 'folder', so that empty ones count
 */
export async function digestTree(root, { skip = () => false } = {}) {
  const found = new Map();
  const walk = async below => {
    for (const entry of readdirSync(join(root, below), { withFileTypes: true }).sort((a, b) =>
      a.name < b.name ? -1 : 1,
    )) {
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      if (skip(path)) continue;
      if (entry.isDirectory()) {
        found.set(path, 'folder');
        await walk(path);
      } else {
        found.set(path, entry.isFile() ? await digestFile(join(root, path)) : 'not a file');
      }
    }
  };
  await walk('');
  return found;
}

/** Lower-case hex SHA-256 of one file. */
export async function digestFile(file) {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(piece);
  return hash.digest('hex');
}

/** What differs between two digests of trees: lines for people, empty when they are the same. */
export function differences(expected, found) {
  const lines = [];
  for (const [path, digest] of expected) {
    const there = found.get(path);
    if (there === undefined) lines.push(`missing   ${path}`);
    else if (there !== digest) lines.push(`differs   ${path}: expected ${digest}, found ${there}`);
  }
  for (const path of found.keys()) if (!expected.has(path)) lines.push(`not asked ${path}`);
  return lines;
}
