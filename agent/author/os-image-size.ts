// How much room the media's OS image takes once it is applied, as its own XML tells: what the depot's disk must be large enough for.
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { cacheLayout } from '../content/layout.ts';
import { asFault } from '../fault/fault.ts';
import { describeWim } from '../wim/read-wim.ts';
import type { MediaTree } from './media-tree.ts';
import type { MediaSelection } from './select-content.ts';

/** @returns bytes; undefined where the image does not tell. */
export async function appliedOsImageBytes(
  { volumeFolder }: Pick<MediaTree, 'volumeFolder'>,
  { osImage }: Pick<MediaSelection, 'osImage'>,
): Promise<number | undefined> {
  const folder = path.join(cacheLayout(volumeFolder).packages, osImage.id);
  const files = await readdir(folder, { recursive: true });
  const wim = files.find(each => each.toLowerCase().endsWith('.wim'));
  if (wim === undefined) return undefined;
  try {
    const { images } = await describeWim(path.join(folder, wim));
    return images[osImage.index - 1]?.totalBytes;
  } catch (thrown) {
    // Whether the image is a sound one is judged elsewhere; a size can be done without.
    if (['IMAGE-01', 'IMAGE-02', 'USAGE-08'].includes(asFault(thrown).code)) return undefined;
    throw thrown;
  }
}
