// Removes names and everything below them, never what a link points to. After a cut some names may be back; removing again is safe.
import path from 'node:path';
import type { Disk, NameKind } from './disk.ts';
import { nativeCodeOf } from './disk-fault.ts';
import { withPatience } from './patience.ts';

/**
 * A folder whose path is longer is moved up before it is emptied: Linux takes no path of 4096 bytes and Windows none of 32,767 characters, but
 * either lets a deep folder be moved into a deep one, and then no path leads to what is in it.
 */
const LONG_PATH_BYTES = 3000;

/** @returns false when there was nothing. Errors are those of node:fs. */
export async function removeTree(disk: Disk, target: string, pausesMs: readonly number[]): Promise<boolean> {
  const kind = await disk.kind(target);
  if (kind === 'absent') return false;
  await removal(disk, target, pausesMs).remove(target, kind);
  return true;
}

/** Removes what is in `folder`, but the names that are spared. The folder stays. */
export async function removeFromFolder(
  disk: Disk,
  folder: string,
  spares: (name: string) => boolean,
  pausesMs: readonly number[],
): Promise<void> {
  for (const { name, kind } of await disk.list(folder)) {
    const target = path.join(folder, name);
    if (!spares(name)) await removal(disk, target, pausesMs).remove(target, kind);
  }
}

/** @param top the name that is to go: nothing outside of it is made writable, and what is moved up is moved into it. */
function removal(disk: Disk, top: string, pausesMs: readonly number[]) {
  let moved = 0;

  async function remove(target: string, kind: NameKind): Promise<void> {
    if (kind === 'folder') return removeFolder(target);
    await withPatience(() => removeName(target, kind), pausesMs);
  }

  async function removeFolder(target: string): Promise<void> {
    if (target !== top && Buffer.byteLength(target) > LONG_PATH_BYTES)
      return removeFolder(await moveUp(target));
    for (const { name, kind } of await despiteAttribute(target, () => disk.list(target)))
      await remove(path.join(target, name), kind);
    await withPatience(() => despiteAttribute(target, () => disk.removeFolder(target)), pausesMs);
  }

  async function moveUp(target: string): Promise<string> {
    let to: string;
    do {
      moved += 1;
      to = path.join(top, `prestage-removes-${moved}`);
    } while ((await disk.kind(to)) !== 'absent');
    await withPatience(() => despiteAttribute(target, () => disk.rename(target, to)), pausesMs);
    return to;
  }

  async function removeName(target: string, kind: NameKind): Promise<void> {
    try {
      await disk.unlink(target);
    } catch (error) {
      if (nativeCodeOf(error) === 'ENOENT') return;
      if (!isRefusal(error)) throw error;
      // A junction, or a folder under which a volume is mounted, is a folder to Windows: removing it removes the link and leaves its target alone.
      if (kind === 'link') return disk.removeFolder(target);
      await despiteAttribute(target, () => disk.unlink(target));
    }
  }

  /** Windows refuses what carries the read-only attribute; Linux, what lies in a folder that may not be written to. */
  async function despiteAttribute<T>(target: string, step: () => Promise<T>): Promise<T> {
    try {
      return await step();
    } catch (error) {
      if (!isRefusal(error)) throw error;
    }
    await disk.makeWritable(target);
    try {
      return await step();
    } catch (error) {
      if (!isRefusal(error) || target === top) throw error;
    }
    await disk.makeWritable(path.dirname(target));
    return step();
  }

  return { remove };
}

function isRefusal(error: unknown): boolean {
  return ['EPERM', 'EACCES'].includes(nativeCodeOf(error) ?? '');
}
