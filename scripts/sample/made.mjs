// Makes a folder of material once and again only when what it is made from changes, so that a second run reuses it.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { at, OUT, WINDOWS, WINE } from '../setup/place.mjs';
import { say, timed } from '../setup/say.mjs';

/** Where the sample material lies; may be deleted at any time. */
export const SAMPLE = join(OUT, 'sample');

/**
 * Makes `folder` by `make(staging)` unless it is there and was made from the same `key`. A cut leaves the staging folder, never half of `folder`.
 * @returns true when it was made now.
 */
export async function madeOnce(what, folder, key, make) {
  const stamp = `${folder}.made`;
  if (existsSync(folder) && existsSync(stamp) && readFileSync(stamp, 'utf8') === key) {
    say(`  (there)   ${what}`);
    return false;
  }
  const staging = `${folder}.making`;
  rmSync(stamp, { force: true });
  rmSync(folder, { recursive: true, force: true });
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(staging, { recursive: true });
  await timed(what, () => make(staging));
  renameSync(staging, folder);
  writeFileSync(stamp, key);
  return true;
}

/** What material is made from: the scripts named (of this folder), the installed Wine, the locked npm packages. */
export function materialKey(...scripts) {
  return digestOfFiles([
    ...scripts.map(name => at('scripts', 'sample', name)),
    join(WINE, 'installed'),
    join(WINDOWS, 'package-lock.json'),
    at('package-lock.json'),
  ]);
}

/** One SHA-256 over the bytes of several files, in order, and some words; hex. */
export function digestOfFiles(files, words = []) {
  const hash = createHash('sha256').update(words.join('\n'));
  for (const file of files) hash.update(`${file}\0`).update(readFileSync(file)).update('\0');
  return hash.digest('hex');
}

/** Writes a file and the folders above it. */
export function lay(file, content) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

/** Text as Windows programs write it: CRLF. */
export const crlf = text => text.replaceAll('\r\n', '\n').replaceAll('\n', '\r\n');
