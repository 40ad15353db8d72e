// Finds the volume that holds the prestaged media, by its signed manifest and never by letter or label; guesses nothing.
import { lstat } from 'node:fs/promises';
import { cacheLayout } from '../content/layout.ts';
import { Fault } from '../fault/fault.ts';
import type { Disk, Volume } from '../machine/machine.ts';

/** X: is RAM, and media on a share or a DVD could not be completed in place. */
const MAY_HOLD_MEDIA: ReadonlySet<Volume['kind']> = new Set(['fixed', 'removable', 'unknown']);

/**
 * @param named the volume that the technician named: its root, label or ID.
 * @param disks asked only when there is none, and then for the diagnosis alone: that it fails does not matter.
 * @param goesOn asked where there are several: the only one for which it holds is taken.
 * @returns the one volume with `_SMSTaskSequence/Prestage/media.json`. It is not verified yet.
 * Faults: CONTENT-04 when there is none, with what was seen, so that "no disk driver" can be told from "no media"; CONTENT-05 when there are several.
 */
export async function findMedia(
  volumes: readonly Volume[],
  named?: string,
  disks?: () => Promise<readonly Disk[]>,
  goesOn: (volume: Volume) => Promise<boolean> = async () => false,
): Promise<Volume> {
  const candidates = volumes.filter(volume => MAY_HOLD_MEDIA.has(volume.kind));
  const chosen = named === undefined ? candidates : volumes.filter(volume => isNamed(volume, named));
  const holders: Volume[] = [];
  for (const volume of chosen) if (await holdsMedia(volume)) holders.push(volume);
  const [media] = holders;
  if (media === undefined)
    throw new Fault('CONTENT-04', named ?? 'this machine', seen(volumes, candidates, await known(disks)));
  if (holders.length > 1) {
    const going = await Promise.all(holders.map(goesOn));
    const [one, ...others] = holders.filter((_, at) => going[at]);
    if (one !== undefined && others.length === 0) return one;
    throw new Fault('CONTENT-05', holders.map(volume => volume.root).join(', '), {
      found: holders.map(describe),
    });
  }
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

async function known(disks?: () => Promise<readonly Disk[]>): Promise<readonly Disk[] | undefined> {
  try {
    return await disks?.();
  } catch {
    // The tool is absent or failed: that there is no media remains what the technician must hear.
    return undefined;
  }
}

function seen(
  volumes: readonly Volume[],
  candidates: readonly Volume[],
  disks: readonly Disk[] | undefined,
): Readonly<Record<string, string | number | readonly string[]>> {
  const fixed = volumes.filter(volume => volume.kind === 'fixed').length;
  return {
    disks: disks === undefined ? 'unknown' : disks.map(describeDisk),
    volumes: volumes.length,
    fixed,
    removable: volumes.filter(volume => volume.kind === 'removable').length,
    likely: likely(disks, fixed, candidates.length),
    looked: candidates.map(describe),
  };
}

/** A missing disk driver, a disk that nothing on it can be read from, and a disk without media ask for three different things. */
function likely(disks: readonly Disk[] | undefined, fixed: number, candidates: number): string {
  // Card readers are listed as disks of 0 bytes.
  const holding = disks?.filter(disk => disk.sizeBytes > 0).length;
  if (holding === 0 || (holding === undefined && candidates === 0))
    return 'no disk is visible: its driver may be missing from the boot image (often Intel VMD)';
  if (candidates > 0 && fixed === 0)
    return 'only removable media is visible: the driver of the disk may be missing from the boot image (often Intel VMD)';
  if (candidates === 0)
    return 'a disk is visible, but no volume on it can be read: it was not prestaged, is locked by BitLocker, or the driver of the prestaged disk is missing';
  return 'the disk is visible, but not prestaged; or the prestaged one is another, not listed here';
}

function describeDisk({ number, sizeBytes, online }: Disk): string {
  const state = online === undefined ? '' : online ? ', online' : ', offline';
  return `disk ${number}: ${sizeBytes === 0 ? 'no medium' : `${sizeBytes} bytes`}${state}`;
}

function describe(volume: Volume): string {
  return `${volume.root} ${volume.label === '' ? '(no label)' : volume.label}, ${volume.fileSystem === '' ? 'no file system' : volume.fileSystem}, ${volume.sizeBytes} bytes, ${volume.id}`;
}
