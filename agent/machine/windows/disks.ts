// The physical disks of a Windows machine, by diskpart: also those without a volume, or whose volumes are locked.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Disk } from '../machine.ts';
import { decodeDisks } from './disk-list.ts';
import type { WindowsTools } from './windows-tool.ts';

/** The disk service, which diskpart starts, may take half a minute where a disk does not answer. */
const TIMEOUT_MS = 2 * 60 * 1000;

/**
 * `diskpart /s FILE`, for it takes commands from a file only. Nothing is changed.
 * @throws Fault DISK-05 with diskpart's words when it fails, is absent or hangs.
 */
export async function listDisks(tools: WindowsTools): Promise<readonly Disk[]> {
  // A folder of its own, new at every call: what diskpart reads it also obeys, so no file that is there already is ever taken.
  const folder = await mkdtemp(path.join(tmpdir(), 'prestage-disks-'));
  try {
    const script = path.join(folder, 'list-disk.txt');
    await writeFile(script, 'list disk\r\nexit\r\n', { flag: 'wx' });
    const failure = { code: 'DISK-05', subject: 'diskpart', timeoutMs: TIMEOUT_MS } as const;
    return decodeDisks(await tools.run('diskpart', ['/s', script], failure));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
