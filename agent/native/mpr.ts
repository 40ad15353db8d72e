// mpr.dll as far as shares are connected. Source: winnetwk.h of the Windows SDK; the pages of the same names on Microsoft Learn.

export const MPR = {
  WNetAddConnection2W: { returns: 'u32', takes: ['bytes', 'address', 'address', 'u32'] },
  WNetCancelConnection2W: { returns: 'u32', takes: ['bytes', 'u32', 'i32'] },
} as const;

/** `NETRESOURCEW` with 64-bit pointers: dwType u32@4, lpRemoteName@24; the rest is zero for a connection without a drive letter. */
export const NETRESOURCEW = { lengthBytes: 48, type: 4, remoteName: 24 } as const;
export const RESOURCETYPE_DISK = 1;
/** Not remembered for the next logon. */
export const CONNECT_TEMPORARY = 4;
