// Files that the media's volume cannot hold, whatever room it has, found before anything of them is fetched.
import type { ContentReference } from '../../content/manifest.ts';
import { Fault } from '../../fault/fault.ts';
import { FAT32_FILE_MAX_BYTES, isFat } from '../../plan/fat32.ts';
import type { RunContext } from './run-context.ts';

/** Fault: DISK-07, which names the first file that is too large for FAT32, with its item; and those of fetching a manifest. */
export async function requireFileSizes(
  { volume, manifests }: Pick<RunContext, 'volume' | 'manifests'>,
  references: readonly ContentReference[],
): Promise<void> {
  if (!isFat(volume.fileSystem)) return;
  for (const reference of references) {
    const { files } = await manifests.manifest(reference);
    const large = files.find(({ size }) => size > FAT32_FILE_MAX_BYTES);
    if (large !== undefined)
      throw new Fault('DISK-07', `${reference.id} ${large.path}`, {
        volume: volume.root,
        expected: `at most ${FAT32_FILE_MAX_BYTES} bytes, as the cache lies on ${volume.fileSystem}`,
        found: `${large.size} bytes`,
      });
  }
}
