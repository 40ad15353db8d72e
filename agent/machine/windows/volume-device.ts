// A volume as a device: flushing it, and asking what kind of partition it is.
import { Fault } from '../../fault/fault.ts';
import {
  FILE_SHARE_READ_WRITE,
  GENERIC_READ,
  GENERIC_WRITE,
  INVALID_HANDLE,
  IOCTL_DISK_GET_PARTITION_INFO_EX,
  OPEN_EXISTING,
  PARTITION_INFORMATION_EX,
} from '../../native/kernel32.ts';
import { wide } from '../../native/text.ts';
import type { Volume } from '../machine.ts';
import type { SystemLibraries } from './system-library.ts';

/** winerror.h: the device has no such function. Seen with RAM disks, network drives and under Wine, where nothing is left to flush from here. */
const NOT_OFFERED: ReadonlySet<number> = new Set([1, 50]);

/** GPT type of an EFI system partition. Source: UEFI specification 2.10, table 5.7. */
export const ESP_TYPE = 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B';

/**
 * Flushes all cached writes of a volume, metadata included (FlushFileBuffers on the volume, which needs administrator rights).
 * @throws Fault DISK-02 when the volume cannot be opened, DISK-03 when flushing fails. A device that offers no flush is left as it is.
 */
export async function flushVolume({ kernel32 }: SystemLibraries, volume: Volume): Promise<void> {
  const device = devicePath(volume);
  const opened = kernel32.call(
    'CreateFileW',
    wide(device),
    (GENERIC_READ | GENERIC_WRITE) >>> 0,
    FILE_SHARE_READ_WRITE,
    0n,
    OPEN_EXISTING,
    0,
    0n,
  );
  if (opened.value === INVALID_HANDLE)
    throw new Fault('DISK-02', volume.root, { doing: 'open to flush', device, native: opened.lastError });
  try {
    const flushed = await kernel32.callInThread('FlushFileBuffers', opened.value);
    if (flushed.value === 0 && !NOT_OFFERED.has(flushed.lastError)) {
      throw new Fault('DISK-03', volume.root, { doing: 'flush', device, native: flushed.lastError });
    }
  } finally {
    kernel32.call('CloseHandle', opened.value);
  }
}

/** @returns the GPT type of the partition under a volume, `mbr` on other disks, undefined when the device does not tell. */
export function partitionType({ kernel32 }: SystemLibraries, volume: Volume): string | undefined {
  // Asking needs no access rights at all.
  const opened = kernel32.call(
    'CreateFileW',
    wide(devicePath(volume)),
    0,
    FILE_SHARE_READ_WRITE,
    0n,
    OPEN_EXISTING,
    0,
    0n,
  );
  if (opened.value === INVALID_HANDLE) return undefined;
  try {
    const { lengthBytes, style, styleGpt, gptType } = PARTITION_INFORMATION_EX;
    const info = Buffer.alloc(lengthBytes);
    const told = kernel32.call(
      'DeviceIoControl',
      opened.value,
      IOCTL_DISK_GET_PARTITION_INFO_EX,
      Buffer.alloc(1),
      0,
      info,
      lengthBytes,
      Buffer.alloc(4),
      0n,
    );
    if (told.value === 0) return undefined;
    return info.readUInt32LE(style) === styleGpt ? guidText(info.subarray(gptType, gptType + 16)) : 'mbr';
  } finally {
    kernel32.call('CloseHandle', opened.value);
  }
}

/** `\\.\D:` or `\\?\Volume{...}`: without the trailing backslash, which would name the root folder instead of the device. */
export function devicePath({ id, root }: Volume): string {
  const letter = /^([A-Za-z]:)\\$/.exec(root)?.[1];
  return letter === undefined ? id.replace(/\\$/, '') : `\\\\.\\${letter}`;
}

function guidText(bytes: Buffer): string {
  const hex = (...order: readonly number[]): string =>
    order.map(index => bytes[index]!.toString(16).padStart(2, '0')).join('');
  return [hex(3, 2, 1, 0), hex(5, 4), hex(7, 6), hex(8, 9), hex(10, 11, 12, 13, 14, 15)]
    .join('-')
    .toUpperCase();
}
