// Rights that the process holds and Windows leaves switched off until they are asked for.
import { SE_PRIVILEGE_ENABLED, TOKEN_ADJUST_AND_QUERY, TOKEN_PRIVILEGES } from '../../native/advapi32.ts';
import { CURRENT_PROCESS } from '../../native/kernel32.ts';
import { wide } from '../../native/text.ts';
import type { SystemLibraries } from './system-library.ts';

/**
 * With these, files are opened for backup whatever their access lists say. An image that was applied in part brings files that belong to
 * TrustedInstaller and that SYSTEM may not remove; node:fs removes with FILE_FLAG_BACKUP_SEMANTICS, for which these two rights count.
 */
export const BACKUP_PRIVILEGES = ['SeBackupPrivilege', 'SeRestorePrivilege'] as const;

/** @returns the privileges that are on now. One that the account does not hold is left out; nothing is thrown. */
export function enablePrivileges(
  { kernel32, advapi32 }: SystemLibraries,
  names: readonly string[],
): readonly string[] {
  const token = Buffer.alloc(8);
  if (advapi32.call('OpenProcessToken', CURRENT_PROCESS, TOKEN_ADJUST_AND_QUERY, token).value === 0)
    return [];
  const handle = token.readBigUInt64LE();
  try {
    return names.filter(name => {
      const { lengthBytes, luid, attributes } = TOKEN_PRIVILEGES;
      const wanted = Buffer.alloc(lengthBytes);
      const id = Buffer.alloc(8);
      if (advapi32.call('LookupPrivilegeValueW', 0n, wide(name), id).value === 0) return false;
      wanted.writeUInt32LE(1, 0);
      id.copy(wanted, luid);
      wanted.writeUInt32LE(SE_PRIVILEGE_ENABLED, attributes);
      const adjusted = advapi32.call('AdjustTokenPrivileges', handle, 0, wanted, 0, 0n, 0n);
      // It succeeds also when the account does not hold the privilege, and then says ERROR_NOT_ALL_ASSIGNED.
      return adjusted.value !== 0 && adjusted.lastError === 0;
    });
  } finally {
    kernel32.call('CloseHandle', handle);
  }
}
