// advapi32.dll as far as the registry is read and privileges are switched on. Source: winreg.h, winnt.h, securitybaseapi.h of the Windows SDK.

export const ADVAPI32 = {
  RegOpenKeyExW: { returns: 'i32', takes: ['address', 'bytes', 'u32', 'u32', 'bytes'] },
  RegQueryValueExW: { returns: 'i32', takes: ['address', 'bytes', 'address', 'bytes', 'bytes', 'bytes'] },
  RegEnumKeyExW: {
    returns: 'i32',
    takes: ['address', 'u32', 'bytes', 'bytes', 'address', 'address', 'address', 'address'],
  },
  RegFlushKey: { returns: 'i32', takes: ['address'] },
  RegCloseKey: { returns: 'i32', takes: ['address'] },
  OpenProcessToken: { returns: 'i32', takes: ['address', 'u32', 'bytes'] },
  LookupPrivilegeValueW: { returns: 'i32', takes: ['address', 'bytes', 'bytes'] },
  AdjustTokenPrivileges: { returns: 'i32', takes: ['address', 'i32', 'bytes', 'u32', 'address', 'address'] },
} as const;

/** Predefined keys: `(HKEY)(ULONG_PTR)((LONG)0x8000000n)`, sign-extended to 64 bits. */
export const HKEY = {
  HKEY_CLASSES_ROOT: 0xffff_ffff_8000_0000n,
  HKEY_CURRENT_USER: 0xffff_ffff_8000_0001n,
  HKEY_LOCAL_MACHINE: 0xffff_ffff_8000_0002n,
  HKEY_USERS: 0xffff_ffff_8000_0003n,
} as const;

export const KEY_QUERY_VALUE = 0x0001;
export const KEY_ENUMERATE_SUB_KEYS = 0x0008;
export const KEY_WOW64 = { bits64: 0x0100, bits32: 0x0200 } as const;

/** Value types. */
export const REG = { sz: 1, expandSz: 2, binary: 3, dword: 4, multiSz: 7, qword: 11 } as const;

export const ERROR_SUCCESS = 0;
export const ERROR_MORE_DATA = 234;

/** TOKEN_ADJUST_PRIVILEGES and TOKEN_QUERY. */
export const TOKEN_ADJUST_AND_QUERY = 0x0028;
/** `TOKEN_PRIVILEGES` with one entry: count u32@0, LUID@4, attributes u32@12. */
export const TOKEN_PRIVILEGES = { lengthBytes: 16, luid: 4, attributes: 12 } as const;
export const SE_PRIVILEGE_ENABLED = 0x2;
