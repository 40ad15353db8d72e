// Finds the EFI system partition and gives it a drive letter when it has none.
import { access } from 'node:fs/promises';
import path from 'node:path';
import { Fault } from '../../fault/fault.ts';
import { wide } from '../../native/text.ts';
import type { Volume } from '../machine.ts';
import type { SystemLibraries } from './system-library.ts';
import { ESP_TYPE, partitionType } from './volume-device.ts';
import type { WindowsTools } from './windows-tool.ts';
import { driveRoots } from './windows-volumes.ts';

/** Where the boot store lies on an ESP. */
export const STORE_ON_ESP = 'EFI\\Microsoft\\Boot\\BCD';

/** Where it lies on the active partition of a BIOS machine. */
export const STORE_ON_BIOS = 'Boot\\BCD';

/** @returns the first fixed volume with the boot files of a BIOS machine, undefined when there is none. */
export async function findBiosVolume(volumes: readonly Volume[]): Promise<Volume | undefined> {
  for (const volume of volumes) {
    if (volume.kind === 'fixed' && (await exists(path.win32.join(volume.root, STORE_ON_BIOS)))) return volume;
  }
  return undefined;
}

/** The media's own boot image, which lies beside its boot store: of several ESPs it is the one that this start came from. */
const BOOT_IMAGE_ON_ESP = 'sources\\boot.wim';

/** Letters tried for the ESP: Microsoft's sample scripts use S:, and WinPE has X: taken. */
const LETTERS = 'SYVUTRQPONMLKJIHGFE';

/**
 * The ESP to boot from, with a letter. Of the volumes with the ESP's partition type, one with boot store and boot image of the media comes first,
 * then one with a boot store (an old Windows on another disk has one, too), then any; where the device does not tell its type (it is no real
 * disk), a volume with a boot store at the ESP's place. undefined when there is none.
 * @throws Fault DISK-05 when no letter can be given.
 */
export async function findSystemVolume(
  system: SystemLibraries,
  volumes: readonly Volume[],
  tools: WindowsTools,
): Promise<Volume | undefined> {
  const ranked: { readonly volume: Volume; readonly rank: number }[] = [];
  for (const volume of volumes) {
    if (volume.kind !== 'fixed' && volume.kind !== 'removable') continue;
    const type = partitionType(system, volume);
    const hasStore = await exists(path.win32.join(volume.root, STORE_ON_ESP));
    const hasImage = hasStore && (await exists(path.win32.join(volume.root, BOOT_IMAGE_ON_ESP)));
    const rank = rankOf({ type, hasStore, hasImage, kind: volume.kind });
    if (rank > 0) ranked.push({ volume, rank });
  }
  ranked.sort((a, b) => b.rank - a.rank);
  const found = ranked[0]?.volume;
  return found && withLetter(system, found, tools);
}

function rankOf({
  type,
  hasStore,
  hasImage,
  kind,
}: {
  readonly type: string | undefined;
  readonly hasStore: boolean;
  readonly hasImage: boolean;
  readonly kind: Volume['kind'];
}): number {
  const preferred = (hasImage ? 2 : 0) + (kind === 'fixed' ? 1 : 0);
  if (type === ESP_TYPE) return (hasStore ? 12 : 8) + preferred;
  return type === undefined && hasStore ? 4 + preferred : 0;
}

async function withLetter(
  { kernel32, ...rest }: SystemLibraries,
  volume: Volume,
  tools: WindowsTools,
): Promise<Volume> {
  if (/^[A-Za-z]:\\$/.test(volume.root)) return volume;
  const taken = new Set(driveRoots({ kernel32, ...rest }));
  const root = [...LETTERS].map(letter => `${letter}:\\`).find(each => !taken.has(each));
  if (root === undefined)
    throw new Fault('DISK-05', volume.id, { expected: 'a free drive letter', found: 'none' });
  const mounted = kernel32.call('SetVolumeMountPointW', wide(root), wide(volume.id));
  if (mounted.value === 0) {
    // The full OS guards its ESP: only mountvol /S gives it a letter there.
    await tools.run('mountvol', [root.slice(0, 2), '/S'], { code: 'DISK-05', subject: volume.id });
  }
  return { ...volume, root };
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
