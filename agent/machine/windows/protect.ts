// Leaves a file or a folder to SYSTEM and Administrators alone, with icacls.
import { access, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { MachineFacts } from '../../facts/machine-facts.ts';
import { Fault } from '../../fault/fault.ts';
import type { Volume } from '../machine.ts';
import { requireRights, volumeOf } from '../require-rights.ts';
import type { WindowsTools } from './windows-tool.ts';

/** By SID, because names differ with the language. Source: Microsoft, "Well-known SIDs". */
const SYSTEM = '*S-1-5-18';
const ADMINISTRATORS = '*S-1-5-32-544';

export interface ProtectWorld {
  readonly tools: WindowsTools;
  readonly system: MachineFacts['system'];
  volumes(): Promise<readonly Volume[]>;
}

/**
 * In WinPE everything is set anew, whoever laid it: rights that others were given are taken, and Administrators own it (an owner can give himself
 * rights again). In the full OS others are at work at the same time: the top is locked, from where the rights come down by themselves, and nothing
 * is reset, because for a moment that would give what the volume's root gives. Can be repeated.
 * Source: Microsoft, icacls (learn.microsoft.com/windows-server/administration/windows-commands/icacls).
 * @throws Fault DISK-06: a file system without rights, no icacls, or its words.
 */
export async function protect(target: string, world: ProtectWorld): Promise<void> {
  const volumes = await world.volumes();
  requireRights(target, volumes);
  const icacls = await findIcacls(target, volumes, world.tools);
  const run = (...commandLine: readonly string[]) =>
    world.tools.run(icacls, [...commandLine, '/Q'], { code: 'DISK-06', subject: target });

  const isFolder = (await stat(target)).isDirectory();
  const all = isFolder ? '(OI)(CI)F' : 'F';
  if (world.system === 'winpe') await run(target, '/reset');
  await run(target, '/inheritance:r', '/grant:r', `${SYSTEM}:${all}`, `${ADMINISTRATORS}:${all}`);
  if (world.system !== 'winpe') return;
  // /L: a link's own rights, never those of what it leads to.
  await run(target, '/setowner', ADMINISTRATORS, ...(isFolder ? ['/T', '/L'] : []));
  // Below, nothing but what comes down from the top. A pattern without a match would be an error.
  if (isFolder && (await readdir(target)).length > 0)
    await run(path.win32.join(target, '*'), '/reset', '/T', '/L');
}

/** The running system's; a WinPE that has none takes that of a Windows on a fixed disk, the target's own before others. */
async function findIcacls(target: string, volumes: readonly Volume[], tools: WindowsTools): Promise<string> {
  const own = volumeOf(target, volumes);
  const others = volumes.filter(volume => volume.kind === 'fixed' && volume !== own);
  const candidates = [
    tools.path('icacls'),
    ...[...(own === undefined ? [] : [own]), ...others].map(({ root }) =>
      path.win32.join(root, 'Windows', 'System32', 'icacls.exe'),
    ),
  ];
  for (const candidate of candidates) {
    if (await isThere(candidate)) return candidate;
  }
  throw new Fault('DISK-06', target, {
    expected: 'icacls.exe, of this system or of the new Windows',
    found: 'none',
  });
}

async function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
