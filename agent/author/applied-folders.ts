// Applied media as folders: two mounted volumes, or a folder that poses as the disk.
import { lstat, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { Fault } from '../fault/fault.ts';
import type { AppliedTree, MediaPath, Standing } from './applied-tree.ts';
import { sha256OfFiles } from './digest-files.ts';

/** @param folders absolute. Nothing is opened until it is asked for. */
export function appliedFolders(folders: {
  readonly volume: string;
  readonly esp: string | undefined;
}): AppliedTree {
  const absolute = ({ part, path: relative }: MediaPath): string =>
    path.join(folders[part] ?? '', ...relative.split('/'));
  const isFolder = rememberedFolders();

  /** Links count as what they are, and so do links among the folders on the way. */
  async function look(place: MediaPath): Promise<Standing | undefined> {
    const root = folders[place.part];
    if (root === undefined) return undefined;
    const names = place.path.split('/').slice(0, -1);
    for (let depth = 1; depth <= names.length; depth += 1) {
      const standing = await isFolder(path.join(root, ...names.slice(0, depth)));
      if (standing === 'absent') return undefined;
      if (standing === 'other')
        return { notPlain: `${names.slice(0, depth).join('/')} is not a plain folder` };
    }
    const found = await lstat(absolute(place)).catch(() => undefined); // Absent and unreachable are told alike.
    if (found === undefined) return undefined;
    return found.isFile() ? { size: found.size } : { notPlain: 'not a plain file' };
  }

  return {
    ...folders,
    look,
    async read(place, maxBytes) {
      const standing = await look(place);
      if (standing === undefined || 'notPlain' in standing) return undefined;
      const file = absolute(place);
      if (standing.size > maxBytes)
        throw new Fault('TRUST-08', file, { expected: `at most ${maxBytes} bytes`, found: standing.size });
      return readFile(file).catch(cause => {
        throw new Fault('USAGE-08', file, {}, { cause });
      });
    },
    async list(folder) {
      if ((await isFolder(absolute(folder))) !== 'folder') return [];
      const files: { readonly path: string; readonly standing: Standing }[] = [];
      const open = [folder.path];
      for (let below = open.pop(); below !== undefined; below = open.pop()) {
        const place = absolute({ part: folder.part, path: below });
        const entries = await readdir(place, { withFileTypes: true }).catch(cause => {
          throw new Fault('USAGE-08', place, {}, { cause });
        });
        for (const entry of entries) {
          const found = `${below}/${entry.name}`;
          if (entry.isDirectory()) open.push(found);
          else if (entry.isFile())
            files.push({ path: found, standing: { size: (await lstat(path.join(place, entry.name))).size } });
          else files.push({ path: found, standing: { notPlain: 'not a plain file' } });
        }
      }
      return files;
    },
    async digest(files, world) {
      const toDigest = files.map(file => ({
        path: absolute(file),
        absolute: absolute(file),
        size: file.size,
      }));
      const digests = await sha256OfFiles(toDigest, world);
      return toDigest.map(file => digests.get(file.absolute));
    },
    close: async () => {},
  };
}

/** Most files share their folders with others: each folder is looked at once. */
function rememberedFolders(): (folder: string) => Promise<'folder' | 'other' | 'absent'> {
  const known = new Map<string, Promise<'folder' | 'other' | 'absent'>>();
  return folder => {
    let looked = known.get(folder);
    if (looked === undefined) {
      looked = lstat(folder).then(
        found => (found.isDirectory() ? 'folder' : 'other'),
        () => 'absent', // Unreachable is told like absent.
      );
      known.set(folder, looked);
    }
    return looked;
  };
}
