// Applies the OS image to the media volume itself: makes sure that it is one, clears everything but the protected folders, then lays it there.
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { Fault } from '../fault/fault.ts';
import type { Imaging } from '../machine/machine.ts';
import type { ActionOf, Step } from './step.ts';
import type { StepWorld } from './step-world.ts';

// Spared by the wipe: the cache (with journal and agent), what Windows itself keeps at a volume's root and would not let go, and a state store.
const PROTECTED: ReadonlySet<string> = new Set([
  '_smstasksequence',
  '$recycle.bin',
  'system volume information',
  '_smstsstatestore',
]);

// Written after the apply is flushed, removed before the wipe: while it stands, the image on the volume is the one it names, whole.
const appliedMark = z.strictObject({ digest: z.string(), file: z.string(), index: z.int() });

export const applyImage: Step<'apply-image'> = {
  name: 'apply-image',
  afterCut: 'start-over',
  done: isApplied,
  async run(action, world, advance) {
    const { durable, layout, machine, volume, signal } = world;
    const wim = path.join(layout.item(action.id), ...action.file.split('/'));
    await requireImage(machine.imaging, wim, action.index);
    await durable.remove(layout.applied);
    for (const name of await readdir(volume.root)) {
      if (!PROTECTED.has(name.toLowerCase())) await durable.remove(path.join(volume.root, name));
    }
    const temporary = path.join(layout.own, 'temp');
    await durable.makeFolder(temporary);
    await machine.imaging.apply({
      wim,
      index: action.index,
      target: volume.root,
      temporary,
      advance,
      ...(signal === undefined ? {} : { signal }),
    });
    // The image's files do not pass the durable layer (the native library writes them), so the whole volume is flushed before the mark.
    await machine.flush(volume);
    await durable.remove(temporary);
    const mark: z.infer<typeof appliedMark> = {
      digest: action.digest,
      file: action.file,
      index: action.index,
    };
    await durable.replaceFile(layout.applied, Buffer.from(`${JSON.stringify(mark)}\n`));
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
  let text: string;
  try {
    text = await readFile(world.layout.applied, 'utf8');
  } catch {
    // Absent or unreadable: not known to be applied, so it is applied (again), from clean.
    return false;
  }
  const mark = appliedMark.safeParse(parseOrUndefined(text));
  return (
    mark.success &&
    mark.data.digest === action.digest &&
    mark.data.file === action.file &&
    mark.data.index === action.index
  );
}

function parseOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A torn mark counts as none.
    return undefined;
  }
}
