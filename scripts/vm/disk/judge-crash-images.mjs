// Judges what power cuts at many moments of one run leave: makes each image, has it looked at, removes it; some at a time. One bad point does not
// keep the others from being judged, and its image can be made again: crashImages with that one point and the same seed.
import { statSync } from 'node:fs';
import { crashImages } from './crash-images.mjs';
import { UnsoundVolume, withMountedPartition } from './mounted-partition.mjs';
import { withScratchFileSystem } from './scratch-file-system.mjs';

/**
 * @param options as crashImages takes them; `partition` and `type` as withMountedPartition does; `atOnce` images are looked at together
 * @param judge resolves to what is wrong with a mounted volume, one sentence each; what it throws ends the whole
 * @returns a verdict for each point, ascending
 */
export function judgeCrashImages({ folder, ...options }, judge) {
  // What is durable, an image for each look, one that is being made; they share most of it.
  const bytes = 8 * statSync(options.base).size;
  return withScratchFileSystem(folder, bytes, scratch => judgeAll({ ...options, folder: scratch }, judge));
}

async function judgeAll({ partition, type, atOnce = 2, ...making }, judge) {
  const verdicts = [];
  const going = new Set();
  let failure;

  async function judgeOne(image) {
    const { file, point, timeMs, unflushed, kept, torn, marksBefore } = image;
    const wrong = [];
    try {
      await withMountedPartition(file, { partition, type }, async root => {
        wrong.push(...(await judge(root, image)));
      });
    } catch (error) {
      if (!(error instanceof UnsoundVolume)) throw error;
      wrong.push(error.message);
    } finally {
      image.remove();
    }
    verdicts.push({ point, timeMs, unflushed, kept, torn, lastMark: marksBefore.at(-1), wrong });
  }

  for await (const image of crashImages(making)) {
    if (failure !== undefined) {
      image.remove();
      break;
    }
    const judging = judgeOne(image)
      .catch(error => {
        failure ??= error;
      })
      .finally(() => going.delete(judging));
    going.add(judging);
    if (going.size >= atOnce) await Promise.race(going);
  }
  await Promise.all(going);
  if (failure !== undefined) throw failure;
  return verdicts.sort((a, b) => a.point - b.point);
}
