// The volumes of a Windows machine, by the GUID that Windows gives each, which stays when letters move.
import { DRIVE, INVALID_HANDLE, MAX_PATH } from '../../native/kernel32.ts';
import { fromWide, fromWideList, wide } from '../../native/text.ts';
import type { Volume } from '../machine.ts';
import type { SystemLibraries } from './system-library.ts';

const KINDS: Readonly<Record<number, Volume['kind']>> = {
  [DRIVE.removable]: 'removable',
  [DRIVE.fixed]: 'fixed',
  [DRIVE.remote]: 'network',
  [DRIVE.cdrom]: 'optical',
  [DRIVE.ramdisk]: 'ram',
};

/** @param ramDrive `X:\` in WinPE: Windows itself may call it a fixed disk, but it is memory and forgets. */
export function listVolumes(system: SystemLibraries, ramDrive: string | undefined): readonly Volume[] {
  const byGuid = volumeGuids(system).map(id => ({ id, root: mountPointOf(system, id) ?? id }));
  const known = new Set(byGuid.map(({ root }) => root.toLowerCase()));
  // Letters without a GUID: network and substituted drives.
  const byLetter = driveRoots(system)
    .filter(root => !known.has(root.toLowerCase()))
    .map(root => ({ id: volumeGuidOf(system, root) ?? `drive:${root}`, root }));
  return [...byGuid, ...byLetter].flatMap(({ id, root }) => volume(system, id, root, ramDrive));
}

/** A drive without a medium, or with a file system that Windows does not know, has no files to look for: it is left out. */
function volume(
  { kernel32 }: SystemLibraries,
  id: string,
  root: string,
  ramDrive: string | undefined,
): readonly Volume[] {
  const [label, fileSystem] = [Buffer.alloc(2 * (MAX_PATH + 1)), Buffer.alloc(2 * (MAX_PATH + 1))];
  const ignored = Buffer.alloc(4);
  const described = kernel32.call(
    'GetVolumeInformationW',
    wide(root),
    label,
    MAX_PATH + 1,
    ignored,
    ignored,
    ignored,
    fileSystem,
    MAX_PATH + 1,
  );
  if (described.value === 0) return [];
  const [available, total, free] = [Buffer.alloc(8), Buffer.alloc(8), Buffer.alloc(8)];
  const measured = kernel32.call('GetDiskFreeSpaceExW', wide(root), available, total, free).value !== 0;
  const isRam = ramDrive !== undefined && root.toLowerCase() === ramDrive.toLowerCase();
  return [
    {
      id,
      label: fromWide(label),
      root,
      fileSystem: fromWide(fileSystem),
      kind: isRam ? 'ram' : (KINDS[kernel32.call('GetDriveTypeW', wide(root)).value] ?? 'unknown'),
      sizeBytes: measured ? Number(total.readBigUInt64LE()) : 0,
      freeBytes: measured ? Number(available.readBigUInt64LE()) : 0,
    },
  ];
}

function volumeGuids({ kernel32 }: SystemLibraries): readonly string[] {
  const name = Buffer.alloc(2 * MAX_PATH);
  const { value: search } = kernel32.call('FindFirstVolumeW', name, MAX_PATH);
  if (search === INVALID_HANDLE) return [];
  const found: string[] = [];
  try {
    do found.push(fromWide(name));
    while (kernel32.call('FindNextVolumeW', search, name, MAX_PATH).value !== 0);
  } finally {
    kernel32.call('FindVolumeClose', search);
  }
  return found;
}

/** The first drive letter under which a volume is mounted; folders count only when it has no letter. */
export function mountPointOf({ kernel32 }: SystemLibraries, id: string): string | undefined {
  const characters = 4096;
  const names = Buffer.alloc(2 * characters);
  if (
    kernel32.call('GetVolumePathNamesForVolumeNameW', wide(id), names, characters, Buffer.alloc(4)).value ===
    0
  )
    return undefined;
  const paths = fromWideList(names);
  return paths.find(path => /^[A-Za-z]:\\$/.test(path)) ?? paths[0];
}

function volumeGuidOf({ kernel32 }: SystemLibraries, root: string): string | undefined {
  const name = Buffer.alloc(2 * 64);
  return kernel32.call('GetVolumeNameForVolumeMountPointW', wide(root), name, 64).value === 0
    ? undefined
    : fromWide(name);
}

/** Roots of all drive letters in use, `A:\` to `Z:\`. */
export function driveRoots({ kernel32 }: SystemLibraries): readonly string[] {
  const mask = kernel32.call('GetLogicalDrives').value;
  return Array.from({ length: 26 }, (_, index) => index)
    .filter(index => (mask & (1 << index)) !== 0)
    .map(index => `${String.fromCharCode(0x41 + index)}:\\`);
}
