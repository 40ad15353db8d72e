// The programs that a bench compares with, and what else of the system it needs: told by the Debian package that has them, which root gets installed.
import { installDebianPackages } from '../setup/debian.mjs';
import { find } from '../setup/program.mjs';

/** Packages whose names are not those of their programs. */
const PACKAGE_OF = {
  aria2c: 'aria2',
  diff: 'diffutils',
  ip: 'iproute2',
  sha256sum: 'coreutils',
  sync: 'coreutils',
  tc: 'iproute2',
  'wimlib-imagex': 'wimtools',
  zsyncmake: 'zsync',
};

/**
 * The full paths of programs, by name. Only benches need some of them, so that they are no part of the set-up.
 * Throws advice that names the packages where they are missing and may not be installed.
 */
export async function programs(...names) {
  await installDebianPackages(names.map(program => ({ name: PACKAGE_OF[program] ?? program, program })));
  return Object.fromEntries(names.map(name => [name, find(name)]));
}

/** The full path of one program. */
export async function program(name) {
  return (await programs(name))[name];
}
