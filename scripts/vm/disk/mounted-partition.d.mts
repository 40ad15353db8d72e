// Types of mounted-partition.mjs.

export class UnsoundVolume extends Error {}

/** What a machine lacks for withMountedPartition, by name. */
export function missingForMounts(): Promise<readonly string[]>;

/**
 * @param image a copy of your own: a mount changes it
 * @param where.partition its number, from 1; left out: the image is one volume
 */
export function withMountedPartition<T>(
  image: string,
  where: { readonly partition?: number; readonly type: 'ext4' | 'ntfs' },
  look: (root: string) => Promise<T> | T,
): Promise<T>;
