// What the file system's error numbers mean to a technician: full, refused or failing.
import { Fault } from '../fault/fault.ts';

const FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
const REFUSED: ReadonlySet<string> = new Set([
  'EACCES',
  'EPERM',
  'EROFS',
  'EBUSY',
  'ETXTBSY',
  'EEXIST',
  'ENOTEMPTY',
  'EISDIR',
  'ENOTDIR',
  'ENAMETOOLONG',
]);

/**
 * @param operation the step that failed, as a verb ("write", "rename").
 * @returns DISK-01, DISK-02 or DISK-03 with the native code; anything that is no error of the file system is returned as it came.
 */
export function diskFault(operation: string, path: string, error: unknown): unknown {
  const native = nativeCodeOf(error);
  if (native === undefined) return error;
  const code = FULL.has(native)
    ? 'DISK-01'
    : REFUSED.has(native) || isReadOnly(error)
      ? 'DISK-02'
      : 'DISK-03';
  const at = nameOf(error);
  return new Fault(
    code,
    path,
    { operation, native, ...(OF_A_TREE.has(operation) && at !== undefined && at !== path ? { at } : {}) },
    { cause: error },
  );
}

/** Of what was to go, it is one name deep inside that was refused: that one a technician must see. */
const OF_A_TREE: ReadonlySet<string> = new Set(['remove', 'clear']);

function nameOf(error: unknown): string | undefined {
  return error instanceof Error && 'path' in error && typeof error.path === 'string' ? error.path : undefined;
}

/** @returns `ENOSPC` and the like; undefined for what node:fs did not throw. */
export function nativeCodeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** Whether there is nothing of the name: a name below something that is not a folder is as absent as any other. */
export function isAbsence(error: unknown): boolean {
  const native = nativeCodeOf(error);
  return native === 'ENOENT' || native === 'ENOTDIR';
}

/** Making a folder with its parents fails with ENOENT, and not with EROFS, where the file system is read-only (node: MKDirpSync in node_file.cc). */
function isReadOnly(error: unknown): boolean {
  return (
    error instanceof Error &&
    'syscall' in error &&
    error.syscall === 'mkdir' &&
    nativeCodeOf(error) === 'ENOENT'
  );
}
