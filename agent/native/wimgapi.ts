// wimgapi.dll as wimgapi.h declares it: functions, flags, messages and the places of fields in WIM_INFO. No policy.
// Source: Microsoft's wimgapi.h (in the Windows ADK; a copy is in the ManagedWimgApi project) and "Windows Imaging Interface" on Microsoft Learn.

/** Functions of wimgapi.dll, all WINAPI (one calling convention on x64). `PCWSTR` is `bytes`, HANDLE and pointers are `address`. */
export const WIMGAPI = {
  WIMCreateFile: { returns: 'address', takes: ['bytes', 'u32', 'u32', 'u32', 'u32', 'bytes'] },
  WIMCloseHandle: { returns: 'i32', takes: ['address'] },
  WIMSetTemporaryPath: { returns: 'i32', takes: ['address', 'bytes'] },
  WIMGetImageCount: { returns: 'u32', takes: ['address'] },
  WIMGetAttributes: { returns: 'i32', takes: ['address', 'bytes', 'u32'] },
  WIMLoadImage: { returns: 'address', takes: ['address', 'u32'] },
  WIMApplyImage: { returns: 'i32', takes: ['address', 'bytes', 'u32'] },
  WIMCaptureImage: { returns: 'address', takes: ['address', 'bytes', 'u32'] },
  WIMSetImageInformation: { returns: 'i32', takes: ['address', 'bytes', 'u32'] },
  WIMSetBootImage: { returns: 'i32', takes: ['address', 'u32'] },
  WIMRegisterMessageCallback: { returns: 'u32', takes: ['address', 'callback', 'address'] },
  WIMUnregisterMessageCallback: { returns: 'i32', takes: ['address', 'callback'] },
} as const;

export const WIMGAPI_NAMES = ['wimgapi.dll'] as const;

/** `DWORD CALLBACK WIMMessageCallback(DWORD dwMessageId, WPARAM, LPARAM, PVOID)` */
export const MESSAGE_CALLBACK = { returns: 'u32', takes: ['u32', 'address', 'address', 'address'] } as const;

export const WIM_GENERIC_READ = 0x8000_0000;
/** Includes read access. */
export const WIM_GENERIC_WRITE = 0x4000_0000;
export const WIM_CREATE_NEW = 1;
export const WIM_OPEN_EXISTING = 3;
/** `dwCompressionType` of a new file. */
export const COMPRESSION = { none: 0, xpress: 1, lzx: 2 } as const;
/** To WIMCreateFile: the new file gets an integrity table. (To WIMCaptureImage it would mean: equal files are compared byte by byte.) */
export const WIM_FLAG_VERIFY = 0x2;
export const WIM_FLAG_NO_DIRACL = 0x10;
export const WIM_FLAG_NO_FILEACL = 0x20;
/** Undocumented: without it, solid files (version 0xE00, `.esd`) are refused with ERROR_BAD_FORMAT. */
export const WIM_FLAG_CHUNKED = 0x2000_0000;
export const REGISTER_FAILED = 0xffff_ffff;

/** WM_APP + 0x1476 and what follows. */
export const MESSAGE = {
  /** wParam: percent. lParam: milliseconds remaining; may rise and fall. */
  progress: 0x9478,
  /** wParam: path. lParam: address of a BOOL, cleared to skip the file. The message on which an abort is documented. */
  process: 0x9479,
  /** lParam: how many files there are to capture or apply. Documented as the progress of captures, together with setPosition. */
  setRange: 0x947b,
  /** lParam: how many of them are done. */
  setPosition: 0x947c,
  /** wParam: path or null. lParam: Win32 error. */
  error: 0x947f,
  queryAbort: 0x948e,
} as const;

/** What a callback answers. */
export const ANSWER = { success: 0, abortImage: 0xffff_ffff } as const;

/** `WIM_INFO`, 560 bytes. */
export const WIM_INFO = { lengthBytes: 560, imageCount: 536, bootIndex: 548, attributes: 552 } as const;

/** winerror.h, as far as a decision hangs on it. */
export const WIN32_ERROR = {
  fileNotFound: 2,
  pathNotFound: 3,
  accessDenied: 5,
  badFormat: 11,
  invalidData: 13,
  writeProtect: 19,
  crc: 23,
  handleDiskFull: 39,
  diskFull: 112,
  moduleNotFound: 126,
  requestAborted: 1235,
  fileCorrupt: 1392,
} as const;
