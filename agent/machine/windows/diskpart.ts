// Runs diskpart with a script: it takes commands from a file only.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { WindowsTools } from './windows-tool.ts';

/** The disk service, which diskpart starts, may take half a minute where a disk does not answer. */
const TIMEOUT_MS = 2 * 60 * 1000;

/**
 * `diskpart /s FILE`. It stops at the first command that fails, unless that ends in `noerr`. Scripts are plain ASCII: other text would be read in
 * the console's code page.
 * @returns what it printed. @throws Fault DISK-05 with diskpart's words when it fails, is absent or hangs.
 */
export async function runDiskpart(
  tools: WindowsTools,
  commands: readonly string[],
  {
    subject = 'diskpart',
    timeoutMs = TIMEOUT_MS,
  }: { readonly subject?: string; readonly timeoutMs?: number } = {},
): Promise<string> {
  // A folder of its own, new at every call: what diskpart reads it also obeys, so no file that is there already is ever taken.
  const folder = await mkdtemp(path.join(tmpdir(), 'prestage-disks-'));
  try {
    const script = path.join(folder, 'script.txt');
    await writeFile(script, [...commands, 'exit', ''].join('\r\n'), { flag: 'wx' });
    return await tools.run('diskpart', ['/s', script], { code: 'DISK-05', subject, timeoutMs });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
