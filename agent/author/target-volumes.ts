// Whether two mounted volumes are what media is applied to, and how they are called before they are touched.
import { sizeText } from '../console/size-text.ts';
import { Fault } from '../fault/fault.ts';
import type { LookAtVolume, MountedVolume } from '../machine/mounted-volume.ts';
import type { TargetVolumes } from './media-target.ts';

/** What firmware reads, and what keeps the rights and names of Windows. */
const NEEDED = { esp: 'FAT32', volume: 'NTFS' } as const;

export interface NamedVolumes {
  /** One line each: file system, size, label and disk, or that it is a plain folder. */
  readonly names: readonly string[];
  /** Something that is allowed and yet hardly meant. */
  readonly warning?: string;
}

/** Faults: USAGE-09 a volume of another file system or kind, or the running system's own. Folders at which nothing is mounted are taken as they are. */
export async function requireVolumes(
  { esp, volume }: Pick<TargetVolumes, 'esp' | 'volume'>,
  look: LookAtVolume,
): Promise<NamedVolumes> {
  const found = { esp: await look(esp), volume: await look(volume) };
  for (const part of ['esp', 'volume'] as const) {
    const mounted = found[part];
    if (mounted !== undefined) requireFitting(mounted, NEEDED[part]);
  }
  const [first, second] = [found.esp?.disk?.name, found.volume?.disk?.name];
  return {
    names: [nameOf('ESP', esp, found.esp), nameOf('volume', volume, found.volume)],
    ...(first !== undefined &&
      second !== undefined &&
      first !== second && {
        warning: `The EFI system partition lies on ${first} and the volume on ${second}: media belongs on one disk.`,
      }),
  };
}

function requireFitting(mounted: MountedVolume, fileSystem: string): void {
  const { root, kind, ownSystem } = mounted;
  if (ownSystem)
    throw new Fault('USAGE-09', root, {
      expected: 'a volume of the disk to be prestaged',
      found: 'the volume that the running system lies on',
    });
  if (kind === 'network' || kind === 'optical' || kind === 'ram')
    throw new Fault('USAGE-09', root, {
      expected: 'a volume of a fixed or removable disk',
      found: `${kind} drive`,
    });
  if (mounted.fileSystem !== fileSystem)
    throw new Fault('USAGE-09', root, {
      expected: `a volume formatted with ${fileSystem}`,
      found: mounted.fileSystem === '' ? 'no file system' : mounted.fileSystem,
    });
}

function nameOf(part: string, folder: string, mounted: MountedVolume | undefined): string {
  if (mounted === undefined) return `${part} ${folder}: a folder, as for a rehearsal`;
  const { root, label, fileSystem, sizeBytes, disk } = mounted;
  const bus = disk?.bus === undefined ? '' : `, ${disk.bus}`;
  return [
    `${part} ${root}: ${fileSystem}, ${sizeText(sizeBytes)}`,
    ...(label === undefined || label === '' ? [] : [`label "${label}"`]),
    disk === undefined
      ? 'on a disk that the system does not name'
      : `on ${disk.name}, ${sizeText(disk.sizeBytes)}${bus}`,
  ].join(', ');
}
