// The chunk indexes that the cache holds, by the SHA-256 of their files. Unproven bytes: whoever uses them proves them by the manifest.
import { lstat, readFile } from 'node:fs/promises';
import type { CacheLayout } from '../content/layout.ts';

/** An index of a file of 512 GiB in the smallest chunks; anything larger is no index of ours. */
const MAX_BYTES = 512 * 1024 * 1024;

/** @returns the bytes, or undefined when there is no such index or it cannot be read: it can be fetched again. */
export async function readChunkIndex(
  layout: Pick<CacheLayout, 'chunkIndex'>,
  fileSha256: string,
): Promise<Uint8Array | undefined> {
  const path = layout.chunkIndex(fileSha256);
  try {
    const status = await lstat(path);
    return status.isFile() && status.size <= MAX_BYTES ? await readFile(path) : undefined;
  } catch {
    // Absent, refused or rotten: all the same to the caller, who does without or fetches it.
    return undefined;
  }
}
