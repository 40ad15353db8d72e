// Where media is applied to: what the depot named, resolved to two folders that are there, empty and large enough.
import { readdir, stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import { nativeCodeOf } from '../durable/disk-fault.ts';
import { Fault } from '../fault/fault.ts';
import type { ImageInfo } from '../machine/machine.ts';
import { diskFolderVolumes, MEDIA_IMAGES } from '../media/media-paths.ts';

/** A disk folder that poses as a disk, or two mounted and formatted volumes. */
export type ApplyTarget = { readonly disk: string } | { readonly esp: string; readonly volume: string };

/** Where both images go. */
export interface TargetVolumes {
  readonly esp: string;
  readonly volume: string;
  /** Where a temporary folder for each may lie: on the same volume, outside the target where that is possible. */
  readonly temporary: { readonly esp: string; readonly volume: string };
}

/** What an empty, formatted volume already has: Windows' own folders and ext4's. */
const NOT_CONTENT: ReadonlySet<string> = new Set([
  'system volume information',
  '$recycle.bin',
  'lost+found',
  '.trash-1000',
  '.fseventsd',
]);

/** Room for the file system's own records, over what the files take. */
const SPACE_FACTOR = 1.02;

/** Faults: DISK-04 no such folder, USAGE-09 both are one. */
export async function resolveTarget(target: ApplyTarget): Promise<TargetVolumes> {
  if ('disk' in target) {
    const disk = path.resolve(target.disk);
    const { esp, volume } = diskFolderVolumes(disk);
    return {
      esp,
      volume,
      temporary: {
        esp: path.join(disk, '.prestage-temporary'),
        volume: path.join(disk, '.prestage-temporary'),
      },
    };
  }
  const esp = path.resolve(target.esp);
  const volume = path.resolve(target.volume);
  for (const folder of [esp, volume]) {
    const found = await stat(folder).catch(() => undefined); // Absent and unreachable are told alike.
    if (!found?.isDirectory())
      throw new Fault('DISK-04', folder, { expected: 'a mounted, formatted volume' });
  }
  if (esp === volume) throw new Fault('USAGE-09', volume, { expected: 'two volumes', found: 'one' });
  return {
    esp,
    volume,
    temporary: {
      esp: path.join(esp, '.prestage-temporary'),
      volume: path.join(volume, '.prestage-temporary'),
    },
  };
}

/** Fault: USAGE-09 a folder with content, or one that cannot be listed. */
export async function requireEmpty(folder: string): Promise<void> {
  const names = await readdir(folder).catch(cause => {
    if (nativeCodeOf(cause) === 'ENOENT') return [];
    throw new Fault('USAGE-09', folder, { expected: 'an empty folder or volume' }, { cause });
  });
  const found = names.filter(name => !NOT_CONTENT.has(name.toLowerCase()));
  if (found.length > 0)
    throw new Fault('USAGE-09', folder, { expected: 'an empty volume', found: found.slice(0, 10) });
}

/** Volumes on one file system share its space: their needs add up. Fault: DISK-01. */
export async function requireSpace(
  { esp, volume }: TargetVolumes,
  images: readonly ImageInfo[],
): Promise<void> {
  const needs = [
    { folder: esp, bytes: images[MEDIA_IMAGES.esp - 1]?.totalBytes ?? 0 },
    { folder: volume, bytes: images[MEDIA_IMAGES.volume - 1]?.totalBytes ?? 0 },
  ];
  const byDevice = new Map<number, { needed: number; free: number; folder: string }>();
  for (const { folder, bytes } of needs) {
    const there = await nearestFolder(folder);
    const { dev } = await stat(there);
    const { bavail, bsize } = await statfs(there);
    const entry = byDevice.get(dev) ?? { needed: 0, free: bavail * bsize, folder };
    byDevice.set(dev, { ...entry, needed: entry.needed + Math.ceil(bytes * SPACE_FACTOR) });
  }
  for (const { needed, free, folder } of byDevice.values()) {
    if (needed > free)
      throw new Fault('DISK-01', folder, { expected: `${needed} bytes free`, found: `${free} bytes free` });
  }
}

async function nearestFolder(folder: string): Promise<string> {
  for (let at = folder; ; at = path.dirname(at)) {
    const found = await stat(at).catch(() => undefined); // Not there yet: its parent is on the same volume.
    if (found?.isDirectory() || path.dirname(at) === at) return at;
  }
}
