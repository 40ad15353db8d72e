// Volumes of disk images as tests look at them: opened bare, and each of their files digested where it lies.
import { createHash } from 'node:crypto';
import { openInPlacePool } from '../../agent/content/in-place-pool.ts';
import { contentJobs } from '../../agent/content/jobs.ts';
import type { ImageFile, ImageVolume } from '../../agent/disk-image/disk-image.ts';
import { openFatVolume } from '../../agent/disk-image/fat-volume.ts';
import { type ImageBytes, openImageBytes } from '../../agent/disk-image/image-bytes.ts';
import { openNtfsVolume } from '../../agent/disk-image/ntfs-volume.ts';
import { openDurableFiles } from '../../agent/durable/open-durable-files.ts';

/** The files of a file system that fills `file`, without a partition table around it. */
export async function filesOfVolume(
  file: string,
  kind: 'fat' | 'ntfs',
): Promise<ReadonlyMap<string, ImageFile>> {
  const image = await openImageBytes(file);
  try {
    const volume = await openBare(image, kind);
    if (volume === undefined) throw new Error(`${file} holds no ${kind}`);
    return await volume.files();
  } finally {
    await image.close();
  }
}

async function openBare(image: ImageBytes, kind: 'fat' | 'ntfs'): Promise<ImageVolume | undefined> {
  const whole = { number: 1, type: '', name: '', offset: 0, length: image.size, use: 'data' } as const;
  return kind === 'fat' ? openFatVolume(image, whole) : openNtfsVolume(image, whole);
}

/** SHA-256 of each file by its path, or why it has none; digested by the job that proves media. */
export async function digestsOf(
  image: string,
  files: ReadonlyMap<string, ImageFile>,
): Promise<Readonly<Record<string, string>>> {
  const pool = openInPlacePool({ jobs: contentJobs, durable: openDurableFiles() });
  const list = [...files.values()];
  const { sha256 } = await pool.run('hash-extents', {
    path: image,
    files: list.map(({ extents }) => ({ extents })),
  });
  const digests = list.map(({ path, inline, unreadable }, at): readonly [string, string] => [
    path,
    unreadable ??
      (inline === undefined ? sha256[at] : createHash('sha256').update(inline).digest('hex')) ??
      'cut short',
  ]);
  return Object.fromEntries(digests.sort(([a], [b]) => (a < b ? -1 : 1)));
}
