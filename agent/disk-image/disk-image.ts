// A raw disk image, read without mounting it: its partitions, and on the EFI system partition and the NTFS volume each file with the places where
// its bytes lie in the image. Pure reading; nothing here writes.

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
}

export interface ImageVolume {
  readonly kind: 'fat' | 'ntfs';
  readonly label: string;
  /** Every plain file; paths are unique without regard to case. */
  files(): Promise<ReadonlyMap<string, ImageFile>>;
}

/** Keys of `files()` are paths in lower case. */
export interface DiskImage {
  readonly file: string;
  readonly sizeBytes: number;
  readonly scheme: 'gpt' | 'mbr';
  readonly esp: ImageVolume | undefined;
  readonly volume: ImageVolume | undefined;
  close(): Promise<void>;
}

/** (to be built) Faults: DISK-09 not a disk image that can be read, and why. */
export async function openDiskImage(_file: string): Promise<DiskImage> {
  throw new Error('to be built');
}
