// The libraries of Windows itself that the machine asks, opened once.
import { Fault } from '../../fault/fault.ts';
import { ADVAPI32 } from '../../native/advapi32.ts';
import { KERNEL32 } from '../../native/kernel32.ts';
import { type Native, type NativeLibrary, openNative } from '../../native/library.ts';

export interface SystemLibraries {
  readonly native: Native;
  readonly kernel32: NativeLibrary<typeof KERNEL32>;
  readonly advapi32: NativeLibrary<typeof ADVAPI32>;
}

/** @throws Fault USAGE-10 where there is no Windows. */
export async function openSystemLibraries(addonFolders?: readonly string[]): Promise<SystemLibraries> {
  const native = await openNative(addonFolders);
  const { library: kernel32, tried } = native.openLibrary(['kernel32.dll'], KERNEL32);
  const { library: advapi32 } = native.openLibrary(['advapi32.dll'], ADVAPI32);
  if (!kernel32 || !advapi32)
    throw new Fault('USAGE-10', 'kernel32.dll', { expected: 'Windows', tried: tried ?? ['advapi32.dll'] });
  return { native, kernel32, advapi32 };
}
