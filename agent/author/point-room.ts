// Whether a distribution point has room for what is about to be copied to it: told before, for it may take an hour until the disk is full.
import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import path from 'node:path';
import { sizeText } from '../console/size-text.ts';
import { onDistributionPoint } from '../content/layout.ts';
import type { LookedAt } from './look-at-item.ts';
import { onPoint } from './published-content.ts';
import { sourceBytes } from './source-tree.ts';

/** @returns a sentence; nothing where there is room. No fault: a file system may compress, or keep equal blocks once. */
export async function roomWarning(point: string, looked: readonly LookedAt[]): Promise<string | undefined> {
  const coming = looked.filter(
    ({ item, settled }) =>
      settled === undefined &&
      !existsSync(onPoint(point, onDistributionPoint.manifest(item.id, item.version))),
  );
  const needed = coming.reduce((sum, { tree }) => sum + sourceBytes(tree), 0);
  const { bavail, bsize } = await statfs(nearestFolder(point));
  const free = bavail * bsize;
  return needed > free
    ? `${point} has ${sizeText(free)} free; the new versions have ${sizeText(needed)}. The disk will be full, unless it compresses them.`
    : undefined;
}

function nearestFolder(folder: string): string {
  return existsSync(folder) || path.dirname(folder) === folder ? folder : nearestFolder(path.dirname(folder));
}
