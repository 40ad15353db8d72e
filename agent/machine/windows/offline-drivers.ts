// Adds driver packages to an applied image with DISM.
import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { Fault } from '../../fault/fault.ts';
import type { WindowsTools } from './windows-tool.ts';

/**
 * dism /Add-Driver /Recurse. DISM only warns about an INF that it cannot use and then still ends with 0; its log in the image names it.
 * @throws Fault IMAGE-07 when the folder has no INF file or DISM fails.
 */
export async function addOfflineDrivers(
  tools: WindowsTools,
  imageRoot: string,
  folder: string,
): Promise<void> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  if (!names.some(name => name.toLowerCase().endsWith('.inf'))) {
    throw new Fault('IMAGE-07', folder, { expected: 'at least one INF file', found: 'none' });
  }
  // DISM unpacks into its scratch folder; the default would be X:, which is a small piece of memory.
  const scratch = path.win32.join(imageRoot, 'Windows', 'Temp', 'prestage-dism');
  const log = path.win32.join(imageRoot, 'Windows', 'Logs', 'DISM', 'prestage-drivers.log');
  await mkdir(scratch, { recursive: true });
  await mkdir(path.win32.dirname(log), { recursive: true });
  try {
    const commandLine = [
      '/English',
      `/Image:${imageRoot}`,
      '/Add-Driver',
      `/Driver:${folder}`,
      '/Recurse',
      `/ScratchDir:${scratch}`,
      `/LogPath:${log}`,
    ];
    await tools.run('dism', commandLine, { code: 'IMAGE-07', subject: folder });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
