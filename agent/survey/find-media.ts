// Finds the volume that holds the prestaged media, by its signed manifest and never by letter or label; guesses nothing.
import { lstat } from 'node:fs/promises';
import { cacheLayout } from '../content/layout.ts';
import { Fault } from '../fault/fault.ts';
import type { Volume } from '../machine/machine.ts';

/** X: is RAM, and media on a share or a DVD could not be completed in place. */
const MAY_HOLD_MEDIA: ReadonlySet<Volume['kind']> = new Set(['fixed', 'removable', 'unknown']);

/**
 * @param named the volume that the technician named: its root, label or ID.
 * @returns the one volume with `_SMSTaskSequence/Prestage/media.json`. It is not verified yet.
 * Faults: CONTENT-04 when there is none, with what was seen, so that "no disk driver" can be told from "no media"; CONTENT-05 when there are several.
 */
export async function findMedia(volumes: readonly Volume[], named?: string): Promise<Volume> {
  const candidates = volumes.filter(volume => MAY_HOLD_MEDIA.has(volume.kind));
  const chosen = named === undefined ? candidates : volumes.filter(volume => isNamed(volume, named));
  const holders: Volume[] = [];
  for (const volume of chosen) if (await holdsMedia(volume)) holders.push(volume);
  const [media] = holders;
  if (media === undefined) throw new Fault('CONTENT-04', named ?? 'this machine', seen(volumes, candidates));
  if (holders.length > 1)
    throw new Fault('CONTENT-05', holders.map(volume => volume.root).join(', '), {
      found: holders.map(describe),
    });
  return media;
}

async function holdsMedia(volume: Volume): Promise<boolean> {
  try {
    return (await lstat(cacheLayout(volume.root).media)).isFile();
  } catch {
    // Absent, unformatted, locked by BitLocker or not ready: no media that could be used.
    return false;
  }
}

function isNamed(volume: Volume, named: string): boolean {
  const same = (text: string): boolean =>
    text.replace(/[\\/]+$/, '').toUpperCase() === named.replace(/[\\/]+$/, '').toUpperCase();
  return same(volume.root) || same(volume.id) || (volume.label !== '' && same(volume.label));
}

/** No fixed volume at all points to a missing disk driver; volumes without media to a disk that was never prestaged. */
function seen(
  volumes: readonly Volume[],
  candidates: readonly Volume[],
): Readonly<Record<string, string | number | readonly string[]>> {
  const fixed = volumes.filter(volume => volume.kind === 'fixed').length;
  return {
    volumes: volumes.length,
    fixed,
    removable: volumes.filter(volume => volume.kind === 'removable').length,
    likely:
      fixed === 0
        ? 'no disk is visible: its driver may be missing from the boot image'
        : 'the disk is visible, but not prestaged',
    looked: candidates.map(describe),
  };
}

function describe(volume: Volume): string {
  return `${volume.root} ${volume.label === '' ? '(no label)' : volume.label}, ${volume.fileSystem === '' ? 'no file system' : volume.fileSystem}, ${volume.sizeBytes} bytes, ${volume.id}`;
}
