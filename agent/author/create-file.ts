// Files with secrets that a command makes for its author: new, flushed, and readable by whom `mode` says from the first byte on. Made with node:fs
// itself: the durable layer can neither refuse an existing file nor set who may read.
import { open } from 'node:fs/promises';
import { Fault } from '../fault/fault.ts';

/** Flushed when it resolves. Fault: DISK-02, also when the file is there, even when it came between a look and now. */
export async function createFile(file: string, content: string | Uint8Array, mode: number): Promise<void> {
  try {
    const handle = await open(file, 'wx', mode);
    try {
      await handle.writeFile(content);
      // The umask may have taken bits that others need, never given any. Of this very file, whatever has its name by now.
      await handle.chmod(mode);
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw new Fault('DISK-02', file, { operation: 'make file' }, { cause });
  }
}
