// The disk image that was just made, looked at as a reader will: the media's manifest lies where the agent looks for it, and no file is missing.
import { createHash } from 'node:crypto';
import { type DiskImage, type ImageFile, openDiskImage } from '../disk-image/disk-image.ts';
import { imageKey } from '../disk-image/image-key.ts';
import { Fault } from '../fault/fault.ts';
import type { MediaFile, MediaFileEntry, MediaManifest } from '../media/media-manifest.ts';
import { mediaVolumePaths } from '../media/media-paths.ts';

/** Names, sizes and the manifest's digest; every byte is proven by `media verify`. Faults: CONTENT-06, DISK-09. */
export async function checkDiskImage(disk: string, manifest: MediaManifest, file: MediaFile): Promise<void> {
  const image = await openDiskImage(disk);
  try {
    const esp = await filesOf(image, 'esp');
    const volume = await filesOf(image, 'volume');
    requireFiles('esp', manifest.esp, esp);
    requireFiles('volume', manifest.volume, volume);
    const { media } = mediaVolumePaths();
    const found = volume.get(imageKey(media));
    const digest =
      found &&
      createHash('sha256')
        .update(await image.read(found))
        .digest('hex');
    if (digest !== file.manifestSha256)
      throw new Fault('CONTENT-06', media, { expected: file.manifestSha256, found: digest ?? 'nothing' });
  } finally {
    await image.close();
  }
}

async function filesOf(image: DiskImage, part: 'esp' | 'volume'): Promise<ReadonlyMap<string, ImageFile>> {
  const files = await image[part]?.files();
  if (files === undefined) throw new Fault('CONTENT-06', part, { expected: 'a file system', found: 'none' });
  return files;
}

function requireFiles(
  part: string,
  entries: readonly MediaFileEntry[],
  files: ReadonlyMap<string, ImageFile>,
): void {
  for (const { path, size } of entries) {
    const found = files.get(imageKey(path));
    if (found?.size !== size || found.unreadable !== undefined)
      throw new Fault('CONTENT-06', `${part}: ${path}`, {
        expected: `${size} bytes`,
        found: found === undefined ? 'nothing' : (found.unreadable ?? `${found.size} bytes`),
      });
  }
}
