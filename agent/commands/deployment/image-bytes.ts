// How many bytes applying an image will write, for the check that it fits: from the WIM's own XML where the file is sound enough to read.
import path from 'node:path';
import type { ContentReference, ManifestFile } from '../../content/manifest.ts';
import { Fault } from '../../fault/fault.ts';
import type { RunContext } from './run-context.ts';

// LZX holds a Windows image at well over a third of its size: a bound for an image that is yet to be fetched or mended.
const EXPANSION = 3;

/** @throws Fault IMAGE-03 when the readable WIM has no image of that index. */
export async function imageBytes(
  context: RunContext,
  reference: ContentReference,
  file: ManifestFile,
  index: number,
): Promise<number> {
  const wim = path.join(context.layout.item(reference.id), ...file.path.split('/'));
  try {
    const images = await context.machine.imaging.listImages(wim);
    const image = images.find(candidate => candidate.index === index);
    if (image === undefined) throw new Fault('IMAGE-03', wim, { index, expected: `1 to ${images.length}` });
    return image.totalBytes ?? file.size * EXPANSION;
  } catch (thrown) {
    if (
      thrown instanceof Fault &&
      (thrown.code === 'IMAGE-03' || thrown.code === 'IMAGE-05' || thrown.code === 'STOP-01')
    )
      throw thrown;
    // Missing or damaged for now: the transfer will mend it, and the bound serves until then.
    return file.size * EXPANSION;
  }
}
