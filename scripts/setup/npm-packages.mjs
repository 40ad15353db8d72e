// Installs what a package-lock.json names, only when something else (or nothing) is installed there.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './program.mjs';
import { timed } from './say.mjs';

/**
 * Brings `folder`/node_modules to what its lock file says.
 * @param {string} folder holds package.json and package-lock.json
 * @param {{ what: string, options?: string[], os?: string }} how `os`: the platform whose packages are wanted
 */
export async function installPackages(folder, { what, options = [], os = process.platform }) {
  if (isInstalled(folder, os)) return;
  await timed(`npm ci: ${what}`, () =>
    run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error', ...options], { cwd: folder }),
  );
  if (!isInstalled(folder, os)) throw new Error(`npm ci left ${folder}/node_modules incomplete`);
}

/** npm keeps what it installed in node_modules/.package-lock.json: the same integrity there means the same files. */
function isInstalled(folder, os) {
  const record = join(folder, 'node_modules', '.package-lock.json');
  if (!existsSync(record)) return false;
  const wanted = readPackages(join(folder, 'package-lock.json'));
  const installed = readPackages(record);
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '') return true;
    const found = installed[path];
    if (found === undefined || !existsSync(join(folder, path))) return isForElsewhere(entry, os);
    return found.version === entry.version && found.integrity === entry.integrity;
  });
}

function readPackages(file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages;
}

/** Optional packages are left out where their platform is not this one (musl builds too, by their libc). */
function isForElsewhere(entry, os) {
  if (!entry.optional && !entry.devOptional && !entry.peer) return false;
  const fits = (list, value) =>
    list === undefined ||
    list.includes(value) ||
    list.some(item => item.startsWith('!') && item !== `!${value}`);
  const here = fits(entry.os, os) && fits(entry.cpu, 'x64') && fits(entry.libc, 'glibc');
  return !here || (entry.os === undefined && entry.cpu === undefined);
}
