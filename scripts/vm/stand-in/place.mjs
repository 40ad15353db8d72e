// Where the stand-in for Windows PE lies once it is built.
import { join } from 'node:path';
import { TOOLS } from '../../setup/place.mjs';

export const STAND_IN = join(TOOLS, 'stand-in');

/** The files of a built stand-in. */
export const STAND_IN_FILES = {
  /** Kernel for a start by the firmware, and the same unpacked, which QEMU starts itself, faster but without a screen. */
  vmlinuz: join(STAND_IN, 'vmlinuz'),
  vmlinux: join(STAND_IN, 'vmlinux'),
  /** Initial RAM disk that looks for the root on a disk beside. */
  initrd: join(STAND_IN, 'initrd.img'),
  root: join(STAND_IN, 'root.squashfs'),
  /** One EFI program of kernel, initial RAM disk and root: what bootmgr and boot.wim are to Windows PE. */
  efi: join(STAND_IN, 'BOOTX64.EFI'),
  /** What a Windows needs to run in the stand-in, laid out as drive C:. */
  windows: join(STAND_IN, 'windows'),
};
