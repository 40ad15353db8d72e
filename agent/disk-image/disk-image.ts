// A raw disk image, read without mounting it: its partitions, and on the EFI system partition and the NTFS volume each file with the places where
// its bytes lie in the image. Pure reading; nothing here writes.
import { realpath } from 'node:fs/promises';
import { openFatVolume } from './fat-volume.ts';
import { cannotBeRead, type ImageBytes, openImageBytes } from './image-bytes.ts';
import { openNtfsVolume } from './ntfs-volume.ts';
import { type Partition, readPartitions } from './partitions.ts';
import { readExtents } from './read-extents.ts';
import { refuseVirtualDisk } from './virtual-disks.ts';

/** A run of bytes of the image file. `sparse`: zeros that lie nowhere. */
export interface Extent {
  readonly offset: number;
  readonly length: number;
  readonly sparse?: boolean;
}

export interface ImageFile {
  /** Relative to the volume, `/` between names. */
  readonly path: string;
  readonly size: number;
  readonly extents: readonly Extent[];
  /** Set for a file so small that the file system keeps its bytes in its own records. */
  readonly inline?: Uint8Array;
  /** Why its bytes cannot be had, in a few words: `encrypted`, `a reparse point`; then neither extents nor inline mean anything. */
  readonly unreadable?: string;
}

export interface ImageVolume {
  readonly kind: 'fat' | 'ntfs';
  readonly label: string;
  /** The number of its partition, from 1. */
  readonly partition: number;
  /**
   * Every plain file, and what stands in place of one (`unreadable`); by `imageKey` of the path. Read once, then kept. Names that
   * differ only by case are one entry, which is unreadable. Faults: DISK-03, DISK-09.
   */
  files(): Promise<ReadonlyMap<string, ImageFile>>;
}

/** Keys of `files()` are paths in lower case: `imageKey`. */
export interface DiskImage {
  /** Absolute, links resolved: what the extents lie in. */
  readonly file: string;
  readonly sizeBytes: number;
  readonly scheme: 'gpt' | 'mbr';
  readonly partitions: readonly Partition[];
  readonly esp: ImageVolume | undefined;
  /** Of several NTFS volumes the one that holds prestaged media, else the largest. */
  readonly volume: ImageVolume | undefined;
  /** What is not as it should be and did not keep the image from being read. */
  readonly warnings: readonly string[];
  /** The bytes of a file: for small ones, as they are held whole. Faults: DISK-03, DISK-09 an unreadable one. */
  read(file: ImageFile): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Faults: USAGE-08 no such file, DISK-03, DISK-09 not a disk image that can be read, and why. */
export async function openDiskImage(file: string): Promise<DiskImage> {
  const image = await openImageBytes(await realpath(file).catch(() => file)); // An absent one is told by opening it.
  try {
    await refuseVirtualDisk(image);
    const { scheme, partitions, warnings } = await readPartitions(image);
    return {
      file: image.file,
      sizeBytes: image.size,
      scheme,
      partitions,
      esp: await openEsp(image, partitions),
      volume: await openVolume(image, partitions),
      warnings,
      read: async entry => {
        if (entry.unreadable !== undefined)
          throw cannotBeRead(image, entry.path, 'a plain file', entry.unreadable);
        return entry.inline ?? readExtents(image, entry.extents, 0, entry.size, entry.path);
      },
      close: image.close,
    };
  } catch (thrown) {
    await image.close();
    throw thrown;
  }
}

async function openEsp(
  image: ImageBytes,
  partitions: readonly Partition[],
): Promise<ImageVolume | undefined> {
  const [first, second] = partitions.filter(partition => partition.use === 'esp');
  if (first === undefined) return undefined;
  if (second !== undefined)
    throw cannotBeRead(
      image,
      'partition table',
      'one EFI system partition',
      `partitions ${first.number} and ${second.number}`,
    );
  return openFatVolume(image, first);
}

const MEDIA = '_smstasksequence/prestage/media.json';

async function openVolume(
  image: ImageBytes,
  partitions: readonly Partition[],
): Promise<ImageVolume | undefined> {
  const volumes: ImageVolume[] = [];
  const largestFirst = partitions
    .filter(partition => partition.use === 'data')
    .toSorted((a, b) => b.length - a.length);
  for (const partition of largestFirst) {
    const volume = await openNtfsVolume(image, partition);
    if (volume !== undefined) volumes.push(volume);
  }
  if (volumes.length < 2) return volumes[0];
  const withMedia: ImageVolume[] = [];
  for (const volume of volumes) if ((await volume.files()).has(MEDIA)) withMedia.push(volume);
  const [first, second] = withMedia;
  if (first !== undefined && second !== undefined)
    throw cannotBeRead(
      image,
      'prestaged media',
      'on one partition',
      `on ${first.partition} and ${second.partition}`,
    );
  return first ?? volumes[0];
}
