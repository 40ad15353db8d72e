// Chooses the one disk that partition-disk may make ready for Windows, or says why none is touched. Pure: nothing but the lists decides.
import { Fault } from '../fault/fault.ts';
import type { Disk } from '../machine/machine.ts';
import { reserveBytes } from './space.ts';

/** What the author of the step says of the disk, sizes in GB of 1,000,000,000 bytes, as they are printed on disks. */
export interface WantedDisk {
  readonly minGB?: number | undefined;
  readonly maxGB?: number | undefined;
  readonly bus?: readonly string[] | undefined;
}

export interface DisksAtHand {
  readonly disks: readonly Disk[];
  /** ID of the media's volume. */
  readonly media: string;
  /** What applying the OS image writes. */
  readonly imageBytes: number;
}

/** `skip` where only the media's own disk fits: Windows then goes to the media's volume, beside the cache. */
export type DiskChoice =
  | { readonly kind: 'partition'; readonly disk: Disk }
  | { readonly kind: 'skip'; readonly disk: Disk; readonly why: string };

const GB = 1_000_000_000;
const MIB = 1024 * 1024;

/** EFI system partition and MSR of the layout that `partition` makes. */
const SYSTEM_PARTITIONS_BYTES = (260 + 16) * MIB;

/** A stick or a card is somebody's: it is a target only where the step names its bus. */
const ONLY_WHEN_NAMED: ReadonlySet<string | undefined> = new Set(['usb', 'sd']);

/**
 * Faults: MACHINE-02 when no disk fits or it cannot be told which one holds the media; MACHINE-05 when several fit; MACHINE-06 when the one
 * that fits is too small for the image.
 */
export function chooseDisk(wanted: WantedDisk, { disks, media, imageBytes }: DisksAtHand): DiskChoice {
  const real = disks.filter(disk => disk.sizeBytes > 0);
  const own = ownDisk(real, media);
  const fitting = real.filter(disk => isWanted(wanted, disk));
  const found = { expected: wantedWords(wanted), found: real.map(diskWords) };
  if (own === undefined)
    throw new Fault('MACHINE-02', 'disks', { ...found, why: 'which disk holds the media cannot be told' });
  const others = fitting.filter(disk => disk !== own);
  const [disk] = others;
  if (disk === undefined) {
    if (fitting.length === 0)
      throw new Fault('MACHINE-02', 'disks', { ...found, media: `disk ${own.number}` });
    const why = `the media lies on disk ${own.number}, which is never partitioned; Windows goes beside the cache`;
    return { kind: 'skip', disk: own, why };
  }
  if (others.length > 1)
    throw new Fault('MACHINE-05', others.map(each => `disk ${each.number}`).join(', '), {
      expected: wantedWords(wanted),
      found: others.map(diskWords),
    });
  const heldBytes = SYSTEM_PARTITIONS_BYTES + imageBytes;
  const neededBytes = heldBytes + reserveBytes(heldBytes);
  if (disk.sizeBytes < neededBytes)
    throw new Fault('MACHINE-06', `disk ${disk.number}`, { neededBytes, sizeBytes: disk.sizeBytes });
  return { kind: 'partition', disk };
}

/**
 * @returns whether a disk is what the step asks for. Sizes are met within one percent, at least 1 GiB: makers round them, and diskpart cuts
 * them down to whole GiB.
 */
export function isWanted({ minGB, maxGB, bus }: WantedDisk, disk: Disk): boolean {
  const slackOf = (size: number): number => Math.max(1024 * MIB, size / 100);
  if (minGB !== undefined && disk.sizeBytes < minGB * GB - slackOf(minGB * GB)) return false;
  if (maxGB !== undefined && disk.sizeBytes > maxGB * GB + slackOf(maxGB * GB)) return false;
  if (bus === undefined) return !ONLY_WHEN_NAMED.has(disk.bus);
  return disk.bus !== undefined && bus.includes(disk.bus);
}

/** The disk that holds the media's volume. A machine's only disk does, also where the system does not tell. */
function ownDisk(disks: readonly Disk[], media: string): Disk | undefined {
  const holders = disks.filter(disk => disk.volumes?.includes(media));
  if (holders.length > 0) return holders.length === 1 ? holders[0] : undefined;
  return disks.length === 1 && disks[0]?.volumes === undefined ? disks[0] : undefined;
}

/** A disk as a technician is told of it. */
export function diskWords({ number, sizeBytes, bus, online }: Disk): string {
  return `disk ${number}: ${(sizeBytes / GB).toFixed(1)} GB, ${bus ?? 'bus not told'}${online === false ? ', offline' : ''}`;
}

/** What the step asks for, as a technician is told of it. */
export function wantedWords({ minGB, maxGB, bus }: WantedDisk): string {
  const parts = [
    ...(minGB === undefined ? [] : [`at least ${minGB} GB`]),
    ...(maxGB === undefined ? [] : [`at most ${maxGB} GB`]),
    bus === undefined ? 'any bus but usb and sd' : `bus ${bus.join(' or ')}`,
  ];
  return `one disk without the media: ${parts.join(', ')}`;
}
