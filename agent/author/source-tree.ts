// The files of a content item's source folder: which they are, whether Windows can store their names, and whether they stay as they were.
import { type BigIntStats, lstatSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import { isSettled, LOOK_NUMBERS, lookAtStamp, writeLook } from '../content/file-stamp.ts';
import { checkManifestPaths, PATH_MAX_UNITS } from '../content/manifest-path.ts';
import { nativeCodeOf } from '../durable/disk-fault.ts';
import { Fault } from '../fault/fault.ts';

/** One file. `path` is relative with `/` between names; `stamp` as `stampOf` gives it. */
export interface SourceFile {
  readonly path: string;
  readonly absolute: string;
  readonly size: number;
  readonly stamp: string;
}

/** A source folder as one look found it. */
export interface SourceTree {
  readonly folder: string;
  /** Of every file, relative with `/` between names; folder by folder, names in order, so that the same tree gives the same list. */
  readonly paths: readonly string[];
  /** LOOK_NUMBERS of every file, in the order of `paths`. */
  readonly looks: BigUint64Array;
  /** The folders that hold files, themselves or further below; `` is the source itself. */
  readonly folders: readonly string[];
}

/** After so many files signals and the screen get their turn. */
const FILES_BETWEEN_BREATHS = 2000;

/**
 * Looks at every file below `folder` once, without reading any. Folders without files are not content and are left out. Synchronous calls: on a
 * local disk they are several times as fast as asking in turns.
 * Faults: USAGE-08 unreadable or neither file nor folder (links are not followed: what they lead to may be another thing tomorrow), USAGE-07 a name
 * that is no text, folders in folders without end, USAGE-13 gone between the listing and the look.
 */
export async function lookAtSource(folder: string): Promise<SourceTree> {
  const paths: string[] = [];
  let looks = new BigUint64Array(1024 * LOOK_NUMBERS);
  const folders: string[] = [];
  const waiting = [''];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    const absolute = path.join(folder, at);
    const before = paths.length;
    const below: string[] = [];
    const entries = readable(absolute, () => readdirSync(absolute, { withFileTypes: true }));
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const relative = at === '' ? entry.name : `${at}/${entry.name}`;
      if (entry.isDirectory()) below.push(enterable(relative, folder));
      else {
        const from = paths.length * LOOK_NUMBERS;
        if (from === looks.length) looks = doubled(looks);
        writeLook(look(`${absolute}${path.sep}${entry.name}`), looks, from);
        paths.push(relative);
        if (paths.length % FILES_BETWEEN_BREATHS === 0) await breathe();
      }
    }
    waiting.push(...below.reverse());
    if (paths.length > before) folders.push(at);
  }
  return {
    folder,
    paths,
    looks: looks.subarray(0, paths.length * LOOK_NUMBERS),
    folders: withParents(folders),
  };
}

/** @returns the files of a tree, sorted by path. */
export function sourceFiles({ folder, paths, looks }: SourceTree): readonly SourceFile[] {
  return paths
    .map((relative, at) => ({
      path: relative,
      absolute: path.join(folder, relative),
      size: Number(looks[at * LOOK_NUMBERS]),
      stamp: looks.subarray(at * LOOK_NUMBERS, (at + 1) * LOOK_NUMBERS).join('-'),
    }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** @returns the bytes of all files of a tree. */
export function sourceBytes({ paths, looks }: SourceTree): number {
  return paths.reduce((sum, _, at) => sum + Number(looks[at * LOOK_NUMBERS]), 0);
}

/** @returns paths of files that may change after `momentNs` and still look the same: they were changed about then. */
export function unsettledFiles({ paths, looks }: SourceTree, momentNs: bigint): readonly string[] {
  return paths.filter((_, at) => !isSettled(looks[at * LOOK_NUMBERS + 2]!, momentNs));
}

/** Fault: USAGE-07 with every name that Windows cannot store. */
export function requireStorable({ folder, paths }: SourceTree, subject: string): void {
  const problems = checkManifestPaths(paths);
  if (problems.length > 0) {
    throw new Fault('USAGE-07', subject, {
      folder,
      paths: problems.map(({ path: name, reason }) => `${onOneLine(name)} ${reason}`),
    });
  }
}

/** A name with a line feed in it would be read as two. */
function onOneLine(name: string): string {
  return name.replace(
    /[\u0000-\u001f\u007f]/g,
    each => `\\x${each.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}

/**
 * Looks again after everything was read: what was read one after the other was there at one moment only when nothing has changed meanwhile. Files
 * that came while it was read are noticed by this alone. Faults: USAGE-13 with the first differences, those of lookAtSource.
 */
export async function requireSameTree(tree: SourceTree): Promise<void> {
  const now = await lookAtSource(tree.folder);
  if (bytesOf(now.looks).equals(bytesOf(tree.looks)) && now.paths.join('\0') === tree.paths.join('\0'))
    return;
  const [before, after] = [stampsOf(tree), stampsOf(now)];
  const changes = [
    ...now.paths.flatMap(file => (before.has(file) ? [] : [`${file} is new`])),
    ...tree.paths.flatMap(file => {
      const stamp = after.get(file);
      if (stamp === undefined) return [`${file} is gone`];
      return stamp === before.get(file) ? [] : [`${file} was changed`];
    }),
  ];
  if (changes.length > 0)
    throw new Fault('USAGE-13', tree.folder, {
      expected: 'the files that were there at first',
      found: changes.slice(0, 20),
    });
}

/** Fault: USAGE-13 when the file is no longer the one that was listed. */
export function requireUnchanged(file: SourceFile): void {
  const stamp = readable(file.absolute, () => lookAtStamp(file.absolute));
  if (stamp !== file.stamp)
    throw new Fault('USAGE-13', file.absolute, { expected: file.stamp, found: stamp ?? 'no file' });
}

/** Systems end at some length of a path with an error of their own, which says nothing of the name. Fault: USAGE-07. */
function enterable(relative: string, folder: string): string {
  if (relative.length > PATH_MAX_UNITS)
    throw new Fault('USAGE-07', folder, {
      paths: [`${relative} has ${relative.length} characters, more than ${PATH_MAX_UNITS}`],
    });
  if (relative.includes(NO_TEXT)) requireText(path.join(folder, relative));
  return relative;
}

/** What Node puts for bytes that are no UTF-8; a name may have it, too. */
const NO_TEXT = '\ufffd';

/** Fault: USAGE-07 for a name that Linux has but nobody can write: asked for by what Node made of it, it is not there. */
function requireText(absolute: string): void {
  const found = readable(absolute, () => lstatSync(absolute, { throwIfNoEntry: false }));
  if (found === undefined) throw new Fault('USAGE-07', absolute, { found: 'a name that is not UTF-8' });
}

function look(absolute: string): BigIntStats {
  const stats = readable(absolute, () => lstatSync(absolute, { bigint: true, throwIfNoEntry: false }));
  if (stats === undefined) {
    if (absolute.includes(NO_TEXT)) requireText(absolute);
    throw new Fault('USAGE-13', absolute, { expected: 'a file', found: 'no file' });
  }
  if (stats.isFile()) return stats;
  const found = stats.isSymbolicLink() ? 'a link' : stats.isDirectory() ? 'a folder' : 'a device or pipe';
  throw new Fault('USAGE-08', absolute, { expected: 'a plain file', found });
}

function bytesOf({ buffer, byteOffset, byteLength }: BigUint64Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

function stampsOf(tree: SourceTree): ReadonlyMap<string, string> {
  return new Map(sourceFiles(tree).map(({ path: file, stamp }) => [file, stamp]));
}

function doubled(table: BigUint64Array): BigUint64Array<ArrayBuffer> {
  const larger = new BigUint64Array(table.length * 2);
  larger.set(table);
  return larger;
}

function withParents(folders: readonly string[]): readonly string[] {
  const all = new Set<string>();
  for (const folder of folders)
    for (let at = folder; !all.has(at); at = path.posix.dirname(at) === '.' ? '' : path.posix.dirname(at))
      all.add(at);
  return [...all].sort();
}

/** Faults: USAGE-13 for what was listed a moment ago and is not there, USAGE-08. */
function readable<T>(subject: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    if (nativeCodeOf(cause) === 'ENOENT')
      throw new Fault('USAGE-13', subject, { found: 'nothing by this name' }, { cause });
    throw new Fault('USAGE-08', subject, {}, { cause });
  }
}
