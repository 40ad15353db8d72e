// Ends this process without waiting for its threads. Node waits for those of its pool (uv_library_shutdown), and one that a dead share holds in the kernel
// never comes back.
import { CURRENT_PROCESS } from '../native/kernel32.ts';
import { openNative } from '../native/library.ts';

/** unistd.h */
const LIBC = { _exit: { returns: 'void', takes: ['i32'] } } as const;
/** processthreadsapi.h */
const KERNEL32 = { TerminateProcess: { returns: 'i32', takes: ['address', 'u32'] } } as const;

/** @returns what ends the process, to be called when everything that was to be written is written; undefined where the library is not to be had. */
export async function openEndProcess(
  system: 'windows' | 'linux',
  addonFolders?: readonly string[],
): Promise<((exitCode: number) => void) | undefined> {
  const native = await openNative(addonFolders);
  if (system === 'windows') {
    const { library } = native.openLibrary(['kernel32.dll'], KERNEL32);
    return library && (exitCode => void library.call('TerminateProcess', CURRENT_PROCESS, exitCode));
  }
  const { library } = native.openLibrary(['libc.so.6'], LIBC);
  return library && (exitCode => void library.call('_exit', exitCode));
}
