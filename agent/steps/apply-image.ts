// Applies the OS image to the volume that takes Windows (the media's own, beside the cache, or another): makes sure that it is an image, clears
// the volume, then lays it there.
import path from 'node:path';
import { cacheLayout } from '../content/layout.ts';
import { Fault } from '../fault/fault.ts';
import type { Imaging, Volume } from '../machine/machine.ts';
import { type AppliedMark, readAppliedMark, writeAppliedMark } from './applied-mark.ts';
import { clearVolume } from './clear-volume.ts';
import type { ActionOf, Step } from './step.ts';
import type { StepWorld } from './step-world.ts';

export const applyImage: Step<'apply-image'> = {
  name: 'apply-image',
  afterCut: 'start-over',
  done: isApplied,
  async run(action, world, advance) {
    const { durable, layout, machine, signal } = world;
    const target = await world.target();
    const wim = path.join(layout.item(action.id), ...action.file.split('/'));
    await requireImage(machine.imaging, wim, action.index);
    await durable.remove(layout.applied);
    await clearVolume(world, target);
    // The imaging library wants its temporary files on the volume that it writes to.
    const temporary = path.join(cacheLayout(target.root).own, 'temp');
    await durable.makeFolder(temporary);
    await machine.imaging.apply({
      wim,
      index: action.index,
      target: target.root,
      temporary,
      advance,
      ...(signal === undefined ? {} : { signal }),
    });
    // The image's files do not pass the durable layer (the native library writes them), so the whole volume is flushed before the mark.
    await machine.flush(target);
    await durable.remove(temporary);
    await writeAppliedMark(layout, markOf(action, world, target), durable);
    return {};
  },
};

/** The digest proves which file was published, not that it is an image: nothing is cleared for one that could not be applied. */
async function requireImage(imaging: Imaging, wim: string, index: number): Promise<void> {
  const images = await imaging.listImages(wim);
  if (!images.some(image => image.index === index))
    throw new Fault('IMAGE-03', wim, { index, expected: `1 to ${images.length}` });
}

async function isApplied(action: ActionOf<'apply-image'>, world: StepWorld): Promise<boolean> {
  const mark = await readAppliedMark(world.layout);
  if (mark === undefined) return false;
  const wanted = markOf(action, world, await world.target());
  return (
    mark.digest === wanted.digest &&
    mark.file === wanted.file &&
    mark.index === wanted.index &&
    mark.volume === wanted.volume
  );
}

function markOf(
  { digest, file, index }: ActionOf<'apply-image'>,
  { volume }: StepWorld,
  target: Volume,
): AppliedMark {
  return { digest, file, index, ...(target.id === volume.id ? {} : { volume: target.id }) };
}
