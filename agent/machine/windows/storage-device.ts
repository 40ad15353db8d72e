// What the storage drivers say of disks and of where volumes lie. Asked without any access right, so nothing on a disk can change by it.
import {
  DISK_GEOMETRY_EX,
  FILE_SHARE_READ_WRITE,
  INVALID_HANDLE,
  IOCTL_DISK_GET_DRIVE_GEOMETRY_EX,
  IOCTL_STORAGE_GET_DEVICE_NUMBER,
  IOCTL_STORAGE_QUERY_PROPERTY,
  IOCTL_VOLUME_GET_VOLUME_DISK_EXTENTS,
  OPEN_EXISTING,
  STORAGE_DEVICE_DESCRIPTOR,
  STORAGE_DEVICE_NUMBER,
  STORAGE_PROPERTY_QUERY,
  VOLUME_DISK_EXTENTS,
} from '../../native/kernel32.ts';
import { wide } from '../../native/text.ts';
import type { Disk, Volume } from '../machine.ts';
import type { SystemLibraries } from './system-library.ts';
import { devicePath } from './volume-device.ts';

/** A volume of dynamic disks may lie on several; more than this is no layout that Windows is put on. */
const EXTENTS_MAX = 32;

/** @returns the number of the disk that a volume lies on, undefined where the driver does not tell or it lies on several. */
export function diskNumberOf(system: SystemLibraries, volume: Volume): number | undefined {
  return withDevice(system, devicePath(volume), ask => {
    const { first, extentBytes } = VOLUME_DISK_EXTENTS;
    const extents = ask(IOCTL_VOLUME_GET_VOLUME_DISK_EXTENTS, first + EXTENTS_MAX * extentBytes);
    const numbers = extents && decodeExtents(extents);
    if (numbers !== undefined && numbers.length > 0) return numbers.length === 1 ? numbers[0] : undefined;
    // Sticks that were never partitioned, and drivers that know no extents.
    const device = ask(IOCTL_STORAGE_GET_DEVICE_NUMBER, STORAGE_DEVICE_NUMBER.lengthBytes);
    return device && decodeDeviceNumber(device);
  });
}

/** @returns what the driver tells of a disk: its bus, and its size to the byte. */
export function describeDisk(
  system: SystemLibraries,
  number: number,
): Pick<Disk, 'bus'> & { readonly sizeBytes?: number } {
  const told = withDevice(system, `\\\\.\\PhysicalDrive${number}`, ask => {
    const descriptor = ask(
      IOCTL_STORAGE_QUERY_PROPERTY,
      STORAGE_DEVICE_DESCRIPTOR.lengthBytes,
      STORAGE_PROPERTY_QUERY.lengthBytes,
    );
    const geometry = ask(IOCTL_DISK_GET_DRIVE_GEOMETRY_EX, DISK_GEOMETRY_EX.lengthBytes);
    const bus = descriptor && decodeBus(descriptor);
    const sizeBytes = geometry && decodeDiskSize(geometry);
    return { ...(bus === undefined ? {} : { bus }), ...(sizeBytes === undefined ? {} : { sizeBytes }) };
  });
  return told ?? {};
}

/** `STORAGE_BUS_TYPE` of ntddstor.h. Intel VMD shows its NVMe disks as RAID; parallel ATA counts as SATA. eMMC (13) and UFS (19) have no name here. */
const BUSES: Readonly<Record<number, Disk['bus']>> = {
  1: 'scsi',
  3: 'sata',
  7: 'usb',
  8: 'raid',
  10: 'sas',
  11: 'sata',
  12: 'sd',
  14: 'virtual',
  15: 'virtual',
  17: 'nvme',
};

/** The different disk numbers of a `VOLUME_DISK_EXTENTS`. */
export function decodeExtents(bytes: Buffer): readonly number[] {
  const { count, first, extentBytes } = VOLUME_DISK_EXTENTS;
  if (bytes.length < first) return [];
  const numbers = new Set<number>();
  for (let at = 0; at < bytes.readUInt32LE(count); at += 1) {
    const offset = first + at * extentBytes;
    if (offset + extentBytes > bytes.length) break;
    numbers.add(bytes.readUInt32LE(offset));
  }
  return [...numbers];
}

/** The number in a `STORAGE_DEVICE_NUMBER`, undefined when the device is no disk. */
export function decodeDeviceNumber(bytes: Buffer): number | undefined {
  const { lengthBytes, type, number, typeDisk } = STORAGE_DEVICE_NUMBER;
  return bytes.length >= lengthBytes && bytes.readUInt32LE(type) === typeDisk
    ? bytes.readUInt32LE(number)
    : undefined;
}

/** The bus in a `STORAGE_DEVICE_DESCRIPTOR`. */
export function decodeBus(bytes: Buffer): Disk['bus'] {
  const { busType } = STORAGE_DEVICE_DESCRIPTOR;
  return bytes.length >= busType + 4 ? BUSES[bytes.readUInt32LE(busType)] : undefined;
}

/** The size in a `DISK_GEOMETRY_EX`, in bytes. */
export function decodeDiskSize(bytes: Buffer): number | undefined {
  const { diskSize } = DISK_GEOMETRY_EX;
  const size = bytes.length >= diskSize + 8 ? Number(bytes.readBigInt64LE(diskSize)) : 0;
  return size > 0 ? size : undefined;
}

/** Asks a control code; answers what came back, or undefined when the driver refuses. */
type Ask = (code: number, answerBytes: number, questionBytes?: number) => Buffer | undefined;

function withDevice<T>({ kernel32 }: SystemLibraries, device: string, use: (ask: Ask) => T): T | undefined {
  const opened = kernel32.call(
    'CreateFileW',
    wide(device),
    0,
    FILE_SHARE_READ_WRITE,
    0n,
    OPEN_EXISTING,
    0,
    0n,
  );
  if (opened.value === INVALID_HANDLE) return undefined;
  try {
    return use((code, answerBytes, questionBytes = 0) => {
      const answer = Buffer.alloc(answerBytes);
      const returned = Buffer.alloc(4);
      // A question is always zeros: no code that is asked here takes anything else.
      const question = Buffer.alloc(Math.max(1, questionBytes));
      const told = kernel32.call(
        'DeviceIoControl',
        opened.value,
        code,
        question,
        questionBytes,
        answer,
        answerBytes,
        returned,
        0n,
      );
      return told.value === 0
        ? undefined
        : answer.subarray(0, Math.min(answerBytes, returned.readUInt32LE()));
    });
  } finally {
    kernel32.call('CloseHandle', opened.value);
  }
}
