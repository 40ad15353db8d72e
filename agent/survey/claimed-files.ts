// What is said to lie in a folder and is not read now: files of the right size count as whole, with the chunks of their index where that is at hand.

import type { ManifestFile } from '../content/manifest.ts';
import { type CheckedFile, provenIndexes, type ReadIndex } from './check-files.ts';
import { isFolder, sizesOf } from './look.ts';

/** An estimate: whoever takes bytes from there proves them, and fetches what is not as it was said to be. */
export async function claimedFiles(
  folder: string,
  files: readonly ManifestFile[],
  readIndex: ReadIndex,
): Promise<readonly CheckedFile[]> {
  if (!isFolder(folder)) return [];
  const sizes = await sizesOf(
    folder,
    files.map(file => file.path),
  );
  const there = files.filter((file, at) => sizes[at] === file.size);
  const indexes = await provenIndexes(there, readIndex);
  return there.map(({ path, size, sha256 }, at) => {
    const index = indexes[at];
    return {
      path,
      sizeBytes: size,
      sha256,
      state: 'present',
      badRanges: [],
      ...(index === undefined ? {} : { index }),
    };
  });
}
