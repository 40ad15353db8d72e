// kernel32.dll as far as the machine asks it: functions, flags and the places of fields in structures. No policy.
// Source: winbase.h, fileapi.h, sysinfoapi.h of the Windows SDK; the pages of the same names on Microsoft Learn.

/** `LPCWSTR` and structures are `bytes`; HANDLE, pointers and 64-bit numbers are `address`. BOOL is i32. */
export const KERNEL32 = {
  // Volumes (fileapi.h)
  FindFirstVolumeW: { returns: 'address', takes: ['bytes', 'u32'] },
  FindNextVolumeW: { returns: 'i32', takes: ['address', 'bytes', 'u32'] },
  FindVolumeClose: { returns: 'i32', takes: ['address'] },
  GetVolumePathNamesForVolumeNameW: { returns: 'i32', takes: ['bytes', 'bytes', 'u32', 'bytes'] },
  GetVolumeNameForVolumeMountPointW: { returns: 'i32', takes: ['bytes', 'bytes', 'u32'] },
  GetVolumeInformationW: {
    returns: 'i32',
    takes: ['bytes', 'bytes', 'u32', 'bytes', 'bytes', 'bytes', 'bytes', 'u32'],
  },
  GetDiskFreeSpaceExW: { returns: 'i32', takes: ['bytes', 'bytes', 'bytes', 'bytes'] },
  GetDriveTypeW: { returns: 'u32', takes: ['bytes'] },
  GetLogicalDrives: { returns: 'u32', takes: [] },
  SetVolumeMountPointW: { returns: 'i32', takes: ['bytes', 'bytes'] },
  // Files
  CreateFileW: { returns: 'address', takes: ['bytes', 'u32', 'u32', 'address', 'u32', 'u32', 'address'] },
  FlushFileBuffers: { returns: 'i32', takes: ['address'] },
  DeviceIoControl: {
    returns: 'i32',
    takes: ['address', 'u32', 'bytes', 'u32', 'bytes', 'u32', 'bytes', 'address'],
  },
  CloseHandle: { returns: 'i32', takes: ['address'] },
  // Processes and jobs (processthreadsapi.h, jobapi2.h)
  OpenProcess: { returns: 'address', takes: ['u32', 'i32', 'u32'] },
  CreateJobObjectW: { returns: 'address', takes: ['address', 'address'] },
  AssignProcessToJobObject: { returns: 'i32', takes: ['address', 'address'] },
  TerminateJobObject: { returns: 'i32', takes: ['address', 'u32'] },
  // System (sysinfoapi.h, winbase.h)
  GetFirmwareType: { returns: 'i32', takes: ['bytes'] },
  GetSystemFirmwareTable: { returns: 'u32', takes: ['u32', 'u32', 'bytes', 'u32'] },
  GlobalMemoryStatusEx: { returns: 'i32', takes: ['bytes'] },
  GetSystemPowerStatus: { returns: 'i32', takes: ['bytes'] },
  GetOEMCP: { returns: 'u32', takes: [] },
  GetConsoleOutputCP: { returns: 'u32', takes: [] },
  MultiByteToWideChar: { returns: 'i32', takes: ['u32', 'u32', 'bytes', 'i32', 'bytes', 'i32'] },
  GetSystemDirectoryW: { returns: 'u32', takes: ['bytes', 'u32'] },
  SetSystemTime: { returns: 'i32', takes: ['bytes'] },
  // Modules and console
  GetModuleHandleW: { returns: 'address', takes: ['bytes'] },
  GetModuleFileNameW: { returns: 'u32', takes: ['address', 'bytes', 'u32'] },
  LoadLibraryW: { returns: 'address', takes: ['bytes'] },
  GetProcAddress: { returns: 'address', takes: ['address', 'bytes'] },
  GetStdHandle: { returns: 'address', takes: ['u32'] },
  GetConsoleMode: { returns: 'i32', takes: ['address', 'bytes'] },
  SetConsoleMode: { returns: 'i32', takes: ['address', 'u32'] },
} as const;

/** HANDLE that CreateFileW and FindFirstVolumeW return when they fail: (HANDLE)-1. */
export const INVALID_HANDLE = 0xffff_ffff_ffff_ffffn;

/** What GetCurrentProcess returns: a pseudo handle, the same number as INVALID_HANDLE. */
export const CURRENT_PROCESS = INVALID_HANDLE;

export const GENERIC_READ = 0x8000_0000;
export const GENERIC_WRITE = 0x4000_0000;
export const FILE_SHARE_READ_WRITE = 0x3;
export const OPEN_EXISTING = 3;
export const MAX_PATH = 260;

/** winnt.h: what AssignProcessToJobObject needs of a process. */
export const PROCESS_TERMINATE = 0x1;
export const PROCESS_SET_QUOTA = 0x100;

/** GetDriveTypeW */
export const DRIVE = {
  unknown: 0,
  noRootDir: 1,
  removable: 2,
  fixed: 3,
  remote: 4,
  cdrom: 5,
  ramdisk: 6,
} as const;

/** `FIRMWARE_TYPE` of GetFirmwareType */
export const FIRMWARE = { unknown: 0, bios: 1, uefi: 2 } as const;

/** 'RSMB' as the DWORD that GetSystemFirmwareTable takes: the multi-character constant, first letter highest. */
export const RSMB = 0x5253_4d42;

/** `MEMORYSTATUSEX`: dwLength first, ullTotalPhys and ullAvailPhys as u64. */
export const MEMORYSTATUSEX = { lengthBytes: 64, totalPhysical: 8, availablePhysical: 16 } as const;

/** `SYSTEM_POWER_STATUS`: ACLineStatus 0 offline, 1 online, 255 unknown. */
export const SYSTEM_POWER_STATUS = {
  lengthBytes: 12,
  acLineStatus: 0,
  batteryFlag: 1,
  batteryLifePercent: 2,
} as const;

/** `SYSTEMTIME` (minwinbase.h): eight WORDs: year, month from 1, day of the week, day, hour, minute, second, milliseconds. */
export const SYSTEMTIME = { lengthBytes: 16 } as const;

/** winioctl.h: the partition under a volume. `PARTITION_INFORMATION_EX`: style u32@0 (1 = GPT), PartitionType GUID@32. */
export const IOCTL_DISK_GET_PARTITION_INFO_EX = 0x0007_0048;
export const PARTITION_INFORMATION_EX = { lengthBytes: 144, style: 0, gptType: 32, styleGpt: 1 } as const;

/** winioctl.h: where a volume lies. `VOLUME_DISK_EXTENTS`: count u32@0, then `DISK_EXTENT`s of 24 bytes from 8, each with its DiskNumber u32@0. */
export const IOCTL_VOLUME_GET_VOLUME_DISK_EXTENTS = 0x0056_0000;
export const VOLUME_DISK_EXTENTS = { count: 0, first: 8, extentBytes: 24 } as const;

/** winioctl.h: `STORAGE_DEVICE_NUMBER`: DeviceType u32@0 (7 = disk), DeviceNumber u32@4. */
export const IOCTL_STORAGE_GET_DEVICE_NUMBER = 0x002d_1080;
export const STORAGE_DEVICE_NUMBER = { lengthBytes: 12, type: 0, number: 4, typeDisk: 7 } as const;

/** ntddstor.h: `STORAGE_PROPERTY_QUERY` of zeros asks for the `STORAGE_DEVICE_DESCRIPTOR`: Size u32@4, BusType u32@28. */
export const IOCTL_STORAGE_QUERY_PROPERTY = 0x002d_1400;
export const STORAGE_PROPERTY_QUERY = { lengthBytes: 12 } as const;
export const STORAGE_DEVICE_DESCRIPTOR = { lengthBytes: 1024, busType: 28 } as const;

/** winioctl.h: `DISK_GEOMETRY_EX`: DiskSize i64@24. */
export const IOCTL_DISK_GET_DRIVE_GEOMETRY_EX = 0x0007_00a0;
export const DISK_GEOMETRY_EX = { lengthBytes: 256, diskSize: 24 } as const;
