// Takes files out of Debian packages without installing anything.
import { basename } from 'node:path';
import { run } from '../../setup/program.mjs';

/** The package of that name among the files that were downloaded: `NAME_VERSION_ARCH.deb`. */
export function packageNamed(debs, name) {
  const found = debs.find(file => basename(file).startsWith(`${name}_`));
  if (found === undefined) throw new Error(`no package ${name}`);
  return found;
}

/** @param patterns of tar, beginning with `./`; each must fit something. */
export async function unpack(deb, folder, ...patterns) {
  await run('sh', [
    '-c',
    'dpkg-deb --fsys-tarfile "$0" | tar -x -C "$@"',
    deb,
    folder,
    '--keep-directory-symlink',
    '--wildcards',
    ...patterns,
  ]);
}
