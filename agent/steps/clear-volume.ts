// Clears the volume that takes Windows. On the media's own volume the cache stays; a volume with other media on it is not cleared at all.
import { lstat } from 'node:fs/promises';
import { cacheLayout } from '../content/layout.ts';
import { Fault } from '../fault/fault.ts';
import type { Volume } from '../machine/machine.ts';
import type { StepWorld } from './step-world.ts';

/** What Windows itself keeps at a volume's root and does not let go, and a store of user state that waits there for the new Windows. */
const SPARED: readonly string[] = ['$recycle.bin', 'system volume information', '_smstsstatestore'];

/** On the media's volume: the cache besides, with journal and agent. */
const SPARED_ON_MEDIA: readonly string[] = [...SPARED, '_smstasksequence'];

/**
 * Links, junctions and mounted volumes go as links. After a cut some of it is there again or still: clearing starts over.
 * Faults: MACHINE-02 for a volume with other media, DISK-02 with the name that was refused.
 */
export async function clearVolume(
  { durable, volume }: Pick<StepWorld, 'durable' | 'volume'>,
  target: Volume,
): Promise<void> {
  const onMedia = target.id === volume.id;
  if (!onMedia) await requireNoMedia(target);
  const spared = new Set(onMedia ? SPARED_ON_MEDIA : SPARED);
  try {
    await durable.clear(target.root, name => spared.has(name.toLowerCase()));
  } catch (thrown) {
    if (!(thrown instanceof Fault) || thrown.code !== 'DISK-02') throw thrown;
    // What is in use in WinPE: a page file that was laid there, a program started from there, a window that stands in a folder of it.
    const detail = {
      ...thrown.detail,
      doing: 'clear the volume for Windows',
      likely: 'it is in use, or the volume is locked',
    };
    throw new Fault('DISK-02', thrown.subject, detail, { cause: thrown });
  }
}

/** @throws Fault MACHINE-02 when prestaged media lies on `target`: whoever prestaged it wants it back. */
export async function requireNoMedia(target: Volume): Promise<void> {
  const { media } = cacheLayout(target.root);
  const holds = await lstat(media).then(
    found => found.isFile(),
    () => false,
  );
  if (holds)
    throw new Fault('MACHINE-02', target.root, {
      expected: 'a volume without media',
      found: 'other prestaged media',
    });
}
