// Copies a file so that the copy can be changed and removed: what it is copied from may lie on a mounted disc, where all is read only.
import { chmodSync, copyFileSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/** Makes the folders above `to`. */
export function copyFile(from, to) {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
  chmodSync(to, 0o644);
}
