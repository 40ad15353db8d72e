// The files of a content item's source folder: which they are, whether Windows can store their names, and whether they stay as they were.
import type { BigIntStats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import path from 'node:path';
import pLimit from 'p-limit';
import { checkManifestPaths } from '../content/manifest-path.ts';
import { Fault } from '../fault/fault.ts';

/** One file. `path` is relative with `/` between names; `stamp` changes when the file is written or replaced (size, time in nanoseconds, inode). */
export interface SourceFile {
  readonly path: string;
  readonly absolute: string;
  readonly size: number;
  readonly stamp: string;
}

/** Looks at a few files at once: more gain nothing on a disk, and a share answers slowly. */
const LOOKS_AT_ONCE = 16;

/**
 * @returns every file below `folder`, sorted by path. Folders without files are not content and are left out.
 * Faults: USAGE-07 with every name that Windows cannot store, USAGE-08 unreadable or neither file nor folder (links are not followed:
 * what they lead to may be another thing tomorrow).
 */
export async function listSource(folder: string, subject: string): Promise<readonly SourceFile[]> {
  const limit = pLimit(LOOKS_AT_ONCE);
  const names = await readable(folder, () => readdir(folder, { recursive: true, withFileTypes: true }));
  const entries = names.filter(entry => !entry.isDirectory());
  const found = await Promise.all(
    entries.map(entry => {
      const absolute = path.join(entry.parentPath, entry.name);
      const relative = path.relative(folder, absolute).split(path.sep).join('/');
      return limit(async () => ({ path: relative, absolute, ...sizeAndStamp(await look(absolute)) }));
    }),
  );
  const problems = checkManifestPaths(found.map(file => file.path));
  if (problems.length > 0) {
    throw new Fault('USAGE-07', subject, {
      folder,
      paths: problems.map(problem => `${problem.path} ${problem.reason}`),
    });
  }
  return found.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

/** Fault: USAGE-13 when the file is no longer the one that was listed. */
export async function requireUnchanged(file: SourceFile): Promise<void> {
  const { stamp } = sizeAndStamp(await look(file.absolute));
  if (stamp !== file.stamp)
    throw new Fault('USAGE-13', file.absolute, { expected: file.stamp, found: stamp });
}

async function look(absolute: string): Promise<BigIntStats> {
  const stats = await readable(absolute, () => lstat(absolute, { bigint: true }));
  if (stats.isFile()) return stats;
  const found = stats.isSymbolicLink() ? 'a link' : stats.isDirectory() ? 'a folder' : 'a device or pipe';
  throw new Fault('USAGE-08', absolute, { expected: 'a plain file', found });
}

function sizeAndStamp(stats: BigIntStats): Pick<SourceFile, 'size' | 'stamp'> {
  return { size: Number(stats.size), stamp: `${stats.size}-${stats.mtimeNs}-${stats.ino}` };
}

async function readable<T>(subject: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new Fault('USAGE-08', subject, {}, { cause });
  }
}
