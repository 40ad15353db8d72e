// Which files firmware starts, and whether media has them. Media is laid as its manifest lists it: what is not there is told, never made up.
import { Fault } from '../fault/fault.ts';
import type { Firmware } from './disk-layout.ts';

/** What UEFI firmware starts on a disk that has no boot entry of its own: UEFI specification 3.5.1.1, by machine type. */
const FALLBACK: readonly string[] = ['efi/boot/bootx64.efi', 'efi/boot/bootaa64.efi'];

/** Where boot images have the boot manager besides: from these it is copied. */
const BOOT_MANAGERS: readonly string[] = [
  'efi/microsoft/boot/bootmgfw.efi',
  'efi/microsoft/boot/bootmgfw_ex.efi',
  'bootmgr.efi',
];

/** What the boot sector's code loads on a BIOS machine, and the boot store that it reads. */
const BIOS_FILES: readonly string[] = ['bootmgr', 'Boot/BCD'];

/**
 * @param paths of all files of the ESP, `/` between names.
 * @returns sentences of warning: without the file named, the firmware starts nothing. Fault: IMAGE-10 for BIOS without its boot files.
 */
export function requireFirmwareFiles(
  firmware: Firmware,
  paths: readonly string[],
  subject: string,
): readonly string[] {
  const there = new Map(paths.map(each => [each.toLowerCase(), each]));
  if (firmware === 'bios') {
    const missing = BIOS_FILES.filter(each => !there.has(each.toLowerCase()));
    if (missing.length > 0) throw new Fault('IMAGE-10', subject, { firmware, missing });
    return [];
  }
  if (FALLBACK.some(each => there.has(each))) return [];
  const manager = BOOT_MANAGERS.map(each => there.get(each)).find(each => each !== undefined);
  const what =
    'The media has no EFI/BOOT/BOOTX64.EFI: firmware without a boot entry of its own starts nothing.';
  return [
    manager === undefined
      ? `${what} Add the boot manager under that name to the boot image’s content.`
      : `${what} Add a copy of ${manager} under that name to the boot image’s content.`,
  ];
}
