// Paths as Windows would write them, found in a rehearsal: `C:` is the folder `volumes/windows`, and names have no case.
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { WINDOWS_VOLUME } from './folder-volumes.ts';

/** @returns where `C:\\Program Files\\X\\y.exe` (or with `%ProgramFiles%` and the like), or a path of this system below `disk`, lies; undefined when nothing does. */
export async function findOnDrive(disk: string, file: string): Promise<string | undefined> {
  const plain = path.resolve(file.replaceAll('\\', path.sep));
  if (path.isAbsolute(file) && plain.startsWith(`${disk}${path.sep}`))
    return await findBelow(disk, path.relative(disk, plain).split(path.sep));
  const below = /^(?:[Cc]:|%SystemDrive%)[\\/](.+)$/i.exec(expanded(file))?.[1];
  if (below === undefined) return undefined;
  return await findBelow(path.join(disk, 'volumes', WINDOWS_VOLUME), below.split(/[\\/]+/));
}

/** @returns the path of the last of `names`, each below the one before, without regard to case. */
export async function findBelow(root: string, names: readonly string[]): Promise<string | undefined> {
  let folder = root;
  for (const name of names) {
    const entries = await readdir(folder).catch(() => []);
    const found = entries.find(entry => entry.toLowerCase() === name.toLowerCase());
    if (found === undefined) return undefined;
    folder = path.join(folder, found);
  }
  return folder;
}

const VARIABLES: Readonly<Record<string, string>> = {
  programfiles: 'C:\\Program Files',
  'programfiles(x86)': 'C:\\Program Files (x86)',
  programw6432: 'C:\\Program Files',
  programdata: 'C:\\ProgramData',
  systemroot: 'C:\\Windows',
  windir: 'C:\\Windows',
  systemdrive: 'C:',
};

function expanded(text: string): string {
  return text.replaceAll(/%([^%]+)%/g, (whole, name: string) => VARIABLES[name.toLowerCase()] ?? whole);
}
