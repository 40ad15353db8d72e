// Makes names durable after a file was made, linked or renamed, by what the system allows: its folder's flush, or the file's own under its
// new name. Silence about a refusal is right here alone, for the reasons given at each.
import path from 'node:path';
import type { Disk, OpenFile, OpenMode } from './disk.ts';
import { nativeCodeOf } from './disk-fault.ts';

/** Flushes names just made: each folder once; where folders cannot be flushed, each file. */
export async function flushNames(disk: Disk, files: readonly string[]): Promise<void> {
  const byFolder = Map.groupBy(files, file => path.dirname(file));
  for (const [folder, inFolder] of byFolder) {
    if (await flushFolder(disk, folder)) continue;
    for (const file of inFolder) await flushName(disk, file);
  }
}

/** Flushes a file under its present name, which makes that name durable (ext4 and NTFS commit the file's directory entry with it). */
export async function flushName(disk: Disk, file: string): Promise<void> {
  try {
    await withOpen(disk, file, 'existing', open => open.flush());
  } catch (error) {
    // A read-only file cannot be opened for writing, and Windows flushes only what is. The folder's flush covers Linux; on NTFS the next
    // flush of any file carries the metadata log up to there, and the journal's line that tells of this step is such a flush.
    if (!isRefusal(error)) throw error;
  }
}

/**
 * Flushes the names in a folder where the system can. Windows refuses (EPERM, or EISDIR at opening): there the flush of a file under its
 * new name does it, and for a folder's own name the next flush of any file (NTFS logs metadata in order); readers accept either name.
 * @returns false where it was refused.
 */
export async function flushFolder(disk: Disk, folder: string): Promise<boolean> {
  try {
    await disk.flushFolder(folder);
    return true;
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return false;
  }
}

function isRefusal(error: unknown): boolean {
  return ['EPERM', 'EACCES', 'EISDIR', 'EINVAL', 'EBADF', 'ENOTSUP', 'EROFS'].includes(
    nativeCodeOf(error) ?? '',
  );
}

/** Opens a file for `work` and closes it, whatever happens. */
export async function withOpen(
  disk: Disk,
  file: string,
  mode: OpenMode,
  work: (open: OpenFile) => Promise<void>,
): Promise<void> {
  const open = await disk.open(file, mode);
  try {
    await work(open);
  } finally {
    await open.close();
  }
}
