// What other tools for differences put on the wire for a newer tree where the older one lies: each prepared on the server's side, then run against it.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { run } from '../setup/program.mjs';
import { filesIn } from './small-tree.mjs';

/** Smaller ones come whole: what describes their blocks would cost as much. */
const SMALLEST_FOR_ZSYNC = 4096;

/**
 * casync with chunks as small as it makes them by default, compressed, without the metadata that Prestage does not carry, either; the older tree as
 * its seed. `older` and `newer` are folders, or files.
 */
export function casync({ tools, served, work }) {
  const name = statSync(work.newer).isDirectory() ? 'new.caidx' : 'new.caibx';
  return {
    prepare: () =>
      run(tools.casync, [
        'make',
        '--without=all',
        `--store=${join(served, 'new.castr')}`,
        join(served, name),
        work.newer,
      ]),
    fetch: url =>
      run(tools.casync, [
        'extract',
        '--without=all',
        '--seed-output=no',
        `--store=${url}/new.castr`,
        `--seed=${work.older}`,
        `${url}/${name}`,
        join(work.scratch, name === 'new.caidx' ? 'tree' : 'file'),
      ]),
    fetched: () => join(work.scratch, name === 'new.caidx' ? 'tree' : 'file'),
  };
}

/** zsync over archives of the two trees, in the order of names: the order in which a package comes. */
export function zsyncOfTar({ tools, served, work }) {
  const [older, newer] = [join(work.scratch, 'older.tar'), join(served, 'new.tar')];
  const pack = (tree, archive) =>
    run(tools.tar, ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '-cf', archive, '-C', tree, '.']);
  return {
    async prepare() {
      await pack(work.older, older);
      await pack(work.newer, newer);
      await run(tools.zsyncmake, ['-u', 'new.tar', '-o', `${newer}.zsync`, newer]);
    },
    fetch: url =>
      run(tools.zsync, ['-q', '-i', older, '-o', join(work.scratch, 'new.tar'), `${url}/new.tar.zsync`], {
        cwd: work.scratch,
      }),
  };
}

/** zsync file by file, for files that changed under their names; what is new or too small for it comes whole. */
export function zsyncOfFiles({ tools, served, work }) {
  const changed = changedFiles(work);
  const patched = changed.filter(
    name => existsSync(join(work.older, name)) && statSync(join(work.newer, name)).size >= SMALLEST_FOR_ZSYNC,
  );
  const whole = changed.filter(name => !patched.includes(name));
  return {
    async prepare() {
      for (const name of patched) {
        const file = join(served, 'files', name);
        mkdirSync(dirname(file), { recursive: true });
        await run('cp', ['-l', join(work.newer, name), file]);
        const last = name.split('/').at(-1);
        await run(tools.zsyncmake, ['-u', encodeURIComponent(last), '-o', `${file}.zsync`, file]);
      }
    },
    async fetch(url) {
      for (const name of patched) {
        const to = join(work.scratch, 'patched');
        rmSync(to, { force: true });
        const place = `${url}/files/${name.split('/').map(encodeURIComponent).join('/')}`;
        await run(tools.zsync, ['-q', '-i', join(work.older, name), '-o', to, `${place}.zsync`], {
          cwd: work.scratch,
        });
      }
    },
    /** Of the files that are fetched whole. */
    besides: bytesOf(work.newer, whole),
  };
}

/** Names of files of the newer tree that no file of the older one has the bytes of. */
export function changedFiles({ older, newer }) {
  const known = new Set(filesIn(older).map(digestOf));
  return filesIn(newer)
    .filter(file => !known.has(digestOf(file)))
    .map(file => relative(newer, file));
}

export function bytesOf(folder, names) {
  return names.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}

function digestOf(file) {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}
