// Which file a DLL was loaded from: the first question when one misbehaves.
import { type KERNEL32, MAX_PATH } from '../../native/kernel32.ts';
import type { NativeLibrary } from '../../native/library.ts';
import { fromWide, wide } from '../../native/text.ts';

/** @returns the full path of a loaded module, undefined when it is not loaded. */
export function modulePath(kernel32: NativeLibrary<typeof KERNEL32>, name: string): string | undefined {
  const module = kernel32.call('GetModuleHandleW', wide(name)).value;
  const buffer = Buffer.alloc(2 * MAX_PATH);
  if (module === 0n || kernel32.call('GetModuleFileNameW', module, buffer, MAX_PATH).value === 0)
    return undefined;
  return fromWide(buffer);
}
