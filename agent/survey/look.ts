// What lies in an item's folder, without following links: a junction planted in the cache must not lend its target's bytes.
import { type Dirent, lstatSync, readdirSync, type Stats } from 'node:fs';
import path from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import { foldCase } from '../content/manifest-path.ts';
import { Fault } from '../fault/fault.ts';

/** So many names are looked at before others get their turn; synchronous calls are several times faster than promises here. */
const NAMES_AT_ONCE = 512;

/** @returns the size of each file in bytes, in the order of `paths`; undefined for one that is absent, no plain file or behind a link. */
export async function sizesOf(
  folder: string,
  paths: readonly string[],
): Promise<readonly (number | undefined)[]> {
  const folders = new Map<string, boolean>();
  const sizes: (number | undefined)[] = [];
  for (const file of paths) {
    if (sizes.length % NAMES_AT_ONCE === NAMES_AT_ONCE - 1) await breathe();
    const status = isPlainWay(folder, parentOf(file), folders) ? lookAt(path.join(folder, file)) : undefined;
    sizes.push(status?.isFile() === true ? status.size : undefined);
  }
  return sizes;
}

/** @returns names below `folder` that are not among `paths` (compared as NTFS does): files, links and others, `/` between parts, sorted. Fault: DISK-03. */
export async function extrasOf(folder: string, paths: readonly string[]): Promise<readonly string[]> {
  const known = new Set(paths.map(foldCase));
  const extras: string[] = [];
  const waiting = lookAt(folder)?.isDirectory() === true ? [''] : [];
  for (let below = waiting.pop(); below !== undefined; below = waiting.pop()) {
    for (const entry of entriesOf(path.join(folder, below))) {
      const name = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) waiting.push(name);
      else if (!known.has(foldCase(name))) extras.push(name);
    }
    await breathe();
  }
  return extras.sort();
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (cause) {
    throw new Fault('DISK-03', folder, { operation: 'list' }, { cause });
  }
}

/** @returns true when there is a folder of this name, and not a link to one. */
export function isFolder(folder: string): boolean {
  return lookAt(folder)?.isDirectory() === true;
}

/** Whether every folder from the item's own down to `parent` is a real one. */
function isPlainWay(root: string, parent: string, seen: Map<string, boolean>): boolean {
  const known = seen.get(parent);
  if (known !== undefined) return known;
  const plain =
    (parent === '' || isPlainWay(root, parentOf(parent), seen)) && isFolder(path.join(root, parent));
  seen.set(parent, plain);
  return plain;
}

function parentOf(file: string): string {
  return file.slice(0, Math.max(0, file.lastIndexOf('/')));
}

function lookAt(name: string): Stats | undefined {
  try {
    return lstatSync(name, { throwIfNoEntry: false });
  } catch {
    // Below a file, refused, or broken: not there for our purposes; what is read later tells more.
    return undefined;
  }
}
