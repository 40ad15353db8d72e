// A mounted volume as Linux tells of it: /proc/self/mountinfo (proc_pid_mountinfo(5)) and the block device in /sys/dev/block.
import { readFile, realpath, statfs } from 'node:fs/promises';
import path from 'node:path';
import type { MountedVolume } from './mounted-volume.ts';

/** The kernel's names of what Windows calls FAT32 and NTFS; `fuseblk` is ntfs-3g, which alone mounts volumes under that name on common systems. */
const NAMES: Readonly<Record<string, string>> = {
  vfat: 'FAT32',
  ntfs: 'NTFS',
  ntfs3: 'NTFS',
  fuseblk: 'NTFS',
};

export interface LinuxMount {
  /** `8:1` */
  readonly device: string;
  readonly point: string;
  readonly fileSystem: string;
  readonly source: string;
}

/** @returns undefined for a folder that is no mount point, or where there is no such list. */
export async function linuxVolume(
  folder: string,
  { mountinfo = '/proc/self/mountinfo', devices = '/sys/dev/block' } = {},
): Promise<MountedVolume | undefined> {
  const text = await readFile(mountinfo, 'utf8').catch(() => ''); // Another system than Linux: nothing is known.
  const point = await realpath(folder);
  // A later mount lies over an earlier one.
  const mount = linuxMounts(text).findLast(each => each.point === point);
  if (mount === undefined) return undefined;
  const { blocks, bsize } = await statfs(point);
  const disk = await diskOf(path.join(devices, mount.device), mount.source);
  return {
    root: point,
    fileSystem: NAMES[mount.fileSystem] ?? mount.fileSystem,
    kind: disk === undefined ? 'unknown' : disk.removable ? 'removable' : 'fixed',
    sizeBytes: blocks * bsize,
    ownSystem: point === '/',
    ...(disk !== undefined && { disk: { name: disk.name, sizeBytes: disk.sizeBytes } }),
  };
}

/** Pure. Lines that are not understood are left out. */
export function linuxMounts(text: string): readonly LinuxMount[] {
  return text.split('\n').flatMap(line => {
    const [before, after] = line.split(' - ');
    const [, , device, , point] = before?.split(' ') ?? [];
    const [fileSystem, source] = after?.split(' ') ?? [];
    if (device === undefined || point === undefined || fileSystem === undefined) return [];
    return [{ device, point: unescaped(point), fileSystem, source: unescaped(source ?? '') }];
  });
}

/** Blank, tab, line feed and backslash stand as three octal digits. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

/** What sysfs counts sizes in, whatever the disk's own sectors are. */
const SYSFS_SECTOR_BYTES = 512;

async function diskOf(
  link: string,
  source: string,
): Promise<{ readonly name: string; readonly sizeBytes: number; readonly removable: boolean } | undefined> {
  try {
    const device = await realpath(link);
    const isPartition = await readFile(path.join(device, 'partition')).then(
      () => true,
      () => false,
    );
    const disk = isPartition ? path.dirname(device) : device;
    const model = (await readFile(path.join(disk, 'device/model'), 'utf8').catch(() => '')).trim();
    const name = `${path.basename(disk)} (${[source, model].filter(part => part !== '').join(', ')})`;
    const sectors = Number((await readFile(path.join(disk, 'size'), 'utf8')).trim());
    const removable = (await readFile(path.join(disk, 'removable'), 'utf8')).trim() === '1';
    return { name, sizeBytes: sectors * SYSFS_SECTOR_BYTES, removable };
  } catch {
    // A file system without a block device, or a container that does not show it: the disk is not named.
    return undefined;
  }
}
