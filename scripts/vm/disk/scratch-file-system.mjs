// A file system for scratch files whose copies share their blocks (XFS), in a sparse file: the copy of an image of any size takes some
// hundredths of a second. Where none can be made, a folder, and copies take their time.
import { closeSync, ftruncateSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { asRoot } from './as-root.mjs';
import { unmountAtTheEnd } from './unmount-at-the-end.mjs';

/** XFS wants 300 MB at least. */
const LEAST_BYTES = 2 * 1024 ** 3;

/**
 * Calls `work` with a folder on such a file system, which is gone when `work` has ended, with everything in it.
 * @param folder where it is made
 * @param bytes room for so much; none of it is taken before it is used
 */
export async function withScratchFileSystem(folder, bytes, work) {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'scratch.xfs');
  const root = join(folder, 'scratch');
  mkdirSync(root, { recursive: true });
  const forget = unmountAtTheEnd(root);
  try {
    const isMounted = await mountNew(file, root, Math.max(bytes, LEAST_BYTES));
    try {
      return await work(root);
    } finally {
      if (isMounted && (await asRoot('umount', [root])).code !== 0) await asRoot('umount', ['--lazy', root]);
    }
  } finally {
    forget();
    rmSync(root, { recursive: true, force: true });
    rmSync(file, { force: true });
  }
}

/** @returns whether it could be done */
async function mountNew(file, root, bytes) {
  const handle = openSync(file, 'w');
  ftruncateSync(handle, bytes);
  closeSync(handle);
  try {
    if ((await asRoot('mkfs.xfs', ['-q', '-m', 'reflink=1', file])).code !== 0) return false;
    if ((await asRoot('mount', ['-t', 'xfs', '-o', 'loop,noatime', file, root])).code !== 0) return false;
  } catch {
    return false; // no mkfs.xfs, or no right to mount: only time is lost
  }
  const owner = `${process.getuid()}:${process.getgid()}`;
  return (await asRoot('chown', [owner, root])).code === 0;
}
