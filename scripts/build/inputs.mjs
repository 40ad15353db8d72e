// The digest of everything an executable is made from: equal digests mean that there is nothing to build.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { ROOT } from '../setup/place.mjs';

/** @returns SHA-256 (hex) over the names and bytes of files and folders, given relative to the checkout. */
export function digestOf(...paths) {
  const hash = createHash('sha256');
  for (const file of paths.flatMap(path => filesOf(join(ROOT, path)))) {
    const bytes = readFileSync(file);
    hash.update(`${relative(ROOT, file).split(sep).join('/')}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest('hex');
}

function filesOf(path) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap(name => filesOf(join(path, name)));
}
