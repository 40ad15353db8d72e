// Volumes of a rehearsal: the folders below `volumes`, each with the space of the disk that it really lies on.
import { readdir, statfs } from 'node:fs/promises';
import path from 'node:path';
import type { Volume } from '../machine.ts';
import type { MachineFile } from './machine-file.ts';

/** The folder that plays the ESP, and the one that plays `C:`. */
export const SYSTEM_VOLUME = 'esp';
export const WINDOWS_VOLUME = 'windows';

/** @returns the volumes sorted by name; none when the folder holds no `volumes`. */
export async function folderVolumes(
  disk: string,
  described: MachineFile['volumes'] = {},
): Promise<readonly Volume[]> {
  const parent = path.join(disk, 'volumes');
  const entries = await readdir(parent, { withFileTypes: true }).catch(() => []);
  const names = entries.filter(entry => entry.isDirectory()).map(entry => entry.name);
  return Promise.all(
    names.sort().map(async name => {
      const root = path.join(parent, name);
      const { bsize, blocks, bavail } = await statfs(root);
      const given = Object.hasOwn(described, name) ? described[name]! : {};
      return {
        id: `folder:${name}`,
        label: name,
        root,
        fileSystem: given.fileSystem ?? (name === SYSTEM_VOLUME ? 'FAT32' : 'NTFS'),
        kind: given.kind ?? 'fixed',
        sizeBytes: given.sizeBytes ?? blocks * bsize,
        freeBytes: given.freeBytes ?? bavail * bsize,
      };
    }),
  );
}
