// Removes a name and everything below it, never what a link points to. After a cut some names may be back; removing again is safe.
import path from 'node:path';
import type { Disk } from './disk.ts';
import { nativeCodeOf } from './disk-fault.ts';
import { withPatience } from './patience.ts';

/** @returns false when there was nothing. Errors are those of node:fs. */
export async function removeTree(disk: Disk, target: string, pausesMs: readonly number[]): Promise<boolean> {
  const kind = await disk.kind(target);
  if (kind === 'absent') return false;
  if (kind === 'folder') {
    for (const name of await disk.list(target)) await removeTree(disk, path.join(target, name), pausesMs);
    await withPatience(() => disk.removeFolder(target), pausesMs);
  } else {
    await withPatience(() => removeName(disk, target, kind === 'link'), pausesMs);
  }
  return true;
}

async function removeName(disk: Disk, target: string, isLink: boolean): Promise<void> {
  try {
    await disk.unlink(target);
  } catch (error) {
    const native = nativeCodeOf(error);
    if (native === 'ENOENT') return;
    if (native !== 'EPERM' && native !== 'EACCES') throw error;
    // A junction is a folder to Windows: removing the folder removes the junction and leaves its target alone.
    if (isLink) return disk.removeFolder(target);
    // Windows refuses to remove what carries the read-only attribute.
    await disk.makeWritable(target);
    await disk.unlink(target);
  }
}
