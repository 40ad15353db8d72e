// The files of a content item's source folder: which they are, whether Windows can store their names, and whether they stay as they were.
import { type BigIntStats, lstatSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import { isSettled, LOOK_NUMBERS, lookAtStamp, writeLook } from '../content/file-stamp.ts';
import { checkManifestPaths } from '../content/manifest-path.ts';
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
 * Faults: USAGE-08 unreadable or neither file nor folder (links are not followed: what they lead to may be another thing tomorrow).
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
      if (entry.isDirectory()) below.push(relative);
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
      paths: problems.map(problem => `${problem.path} ${problem.reason}`),
    });
  }
}

/** Fault: USAGE-13 when the file is no longer the one that was listed. */
export function requireUnchanged(file: SourceFile): void {
  const stamp = readable(file.absolute, () => lookAtStamp(file.absolute));
  if (stamp !== file.stamp)
    throw new Fault('USAGE-13', file.absolute, { expected: file.stamp, found: stamp ?? 'no file' });
}

function look(absolute: string): BigIntStats {
  const stats = readable(absolute, () => lstatSync(absolute, { bigint: true }));
  if (stats.isFile()) return stats;
  const found = stats.isSymbolicLink() ? 'a link' : stats.isDirectory() ? 'a folder' : 'a device or pipe';
  throw new Fault('USAGE-08', absolute, { expected: 'a plain file', found });
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

function readable<T>(subject: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw cause instanceof Fault ? cause : new Fault('USAGE-08', subject, {}, { cause });
  }
}
