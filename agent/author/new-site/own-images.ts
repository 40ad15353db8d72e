// The images that an author names for a new site, judged before anything is written.
import { lstat, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { checkManifestPaths } from '../../content/manifest-path.ts';
import { Fault } from '../../fault/fault.ts';
import type { WimImage } from '../../wim/images.ts';
import { describeWim } from '../../wim/read-wim.ts';
import type { FileToLay } from './lay-files.ts';

/** An OS image: the file, where it shall lie in the site, and what is in it. */
export interface OwnOsImage {
  readonly file: FileToLay;
  readonly images: readonly WimImage[];
  readonly index: number;
}

/** @param files the folder in the site. Faults: USAGE-08 no readable .wim, IMAGE-01, IMAGE-02, IMAGE-03 no such image. */
export async function ownOsImage(wim: string, index: number, files: string): Promise<OwnOsImage> {
  const from = path.resolve(wim);
  const { images } = await describeWim(from);
  if (!from.toLowerCase().endsWith('.wim'))
    throw new Fault('USAGE-08', wim, {
      expected: 'a .wim file; of an .esd or of .swm parts `dism /Export-Image` makes one',
    });
  if (images[index - 1] === undefined)
    throw new Fault('IMAGE-03', wim, {
      expected: images.map(each => `${each.index} ${each.name}`),
      found: index,
    });
  const { size } = await stat(from);
  return { file: { from, to: path.join(files, path.basename(from)), size }, images, index };
}

/** @param files the folder in the site. Faults: USAGE-07, USAGE-08 also for links, and where there is not exactly one .wim. */
export async function ownBootImage(folder: string, files: string): Promise<readonly FileToLay[]> {
  const root = path.resolve(folder);
  await requireSources(root, folder);
  const names = await plainFiles(root, folder);
  const problems = checkManifestPaths(names);
  if (problems.length > 0)
    throw new Fault('USAGE-07', folder, { paths: problems.map(each => `${each.path} ${each.reason}`) });
  const wims = names.filter(name => name.toLowerCase().endsWith('.wim'));
  if (wims.length !== 1)
    throw new Fault('USAGE-08', folder, {
      expected: 'the folder of a boot image, with sources/boot.wim and no other .wim',
      found: wims,
    });
  return await Promise.all(
    names.map(async name => {
      const way = name.split('/');
      const from = path.join(root, ...way);
      return { from, to: path.join(files, ...way), size: (await lstat(from)).size };
    }),
  );
}

/** Looked at first: a folder that was mistyped may hold a whole disk. */
async function requireSources(root: string, subject: string): Promise<void> {
  const names = await readdir(root).catch(cause => {
    throw new Fault('USAGE-08', subject, {}, { cause });
  });
  if (!names.some(name => name.toLowerCase() === 'sources'))
    throw new Fault('USAGE-08', subject, {
      expected: 'the folder of a boot image, with sources/boot.wim',
      found: 'no folder named sources in it',
    });
}

async function plainFiles(root: string, subject: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(root, { recursive: true, withFileTypes: true });
    const files = entries.filter(entry => !entry.isDirectory());
    const other = files.find(entry => !entry.isFile());
    if (other !== undefined)
      throw new Fault('USAGE-08', path.join(other.parentPath, other.name), {
        expected: 'a plain file',
        found: 'a link, device or pipe',
      });
    return files
      .map(entry => path.relative(root, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
      .toSorted();
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    throw new Fault('USAGE-08', subject, {}, { cause });
  }
}
