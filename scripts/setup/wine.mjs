// Lays Wine 10 (Debian trixie's packages) into .tools/wine10 without root and without touching the system's packages,
// and makes the prefix that every test prefix is copied from.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { downloadDebian } from './debian-download.mjs';
import { WINE, WINE_LOADER, WINE_SERVER } from './place.mjs';
import { run } from './program.mjs';
import { timed } from './say.mjs';

/** wine64 with the libraries that a console program needs; the X11 and sound libraries it also asks for are not. */
const PACKAGES = ['libwine', 'wine64', 'libc6', 'libunwind8', 'liblzma5', 'libgcc-s1', 'libz-mingw-w64'];
/** Raise it when what this file lays down changes: an older installation is then replaced. */
const RECIPE = '2';

/** Installs Wine unless this recipe's is there. It holds absolute paths, so a moved checkout gets a new one. */
export async function installWine() {
  const stamp = join(WINE, 'installed');
  const wanted = `${RECIPE} ${WINE}\n`;
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  rmSync(WINE, { recursive: true, force: true });
  await timed('Wine 10: fetch and unpack', async () => {
    await unpack(await downloadDebian(join(WINE, 'apt'), PACKAGES));
    rmSync(join(WINE, 'apt'), { recursive: true });
  });
  await timed('Wine 10: fit into place', fit);
  await timed('Wine 10: make the prefix', makePrefix);
  writeFileSync(stamp, wanted);
}

async function unpack(packages) {
  const skip = ['./usr/share/doc', './usr/share/man', './usr/share/lintian', '*/gconv'].map(
    path => `--exclude=${path}`,
  );
  for (const file of packages) {
    await run('sh', ['-c', 'dpkg-deb --fsys-tarfile "$0" | tar -x -C "$@"', file, WINE, ...skip]);
  }
}

/** Debian's Wine expects /usr; these are the places where it must be told otherwise. */
async function fit() {
  const libraries = join(WINE, 'usr/lib/x86_64-linux-gnu');
  const programs = join(WINE, 'usr/lib/wine');
  renameSync(join(WINE, 'usr/x86_64-w64-mingw32/lib/zlib1.dll'), join(WINE, 'zlib1.dll'));
  for (const name of readdirSync(join(WINE, 'usr')).filter(name => name.endsWith('-w64-mingw32'))) {
    rmSync(join(WINE, 'usr', name), { recursive: true });
  }
  // 711 MB, of which 480 are debugging information: every prefix is a copy of these files. Their sections must go on lying at whole pages of the file:
  // then Wine maps them, and all processes share them; otherwise each process reads every library into memory of its own.
  const dlls = join(libraries, 'wine/x86_64-windows');
  await run('sh', [
    '-c',
    `find "$0" -type f -print0 | xargs -0 -P${availableParallelism()} -n1 objcopy --strip-debug --file-alignment=4096 2>/dev/null; true`,
    dlls,
  ]);
  for (const name of ['wine64', 'wineserver64']) {
    await run('patchelf', [
      '--set-interpreter',
      join(libraries, 'ld-linux-x86-64.so.2'),
      '--force-rpath',
      '--set-rpath',
      libraries,
      join(programs, name),
    ]);
  }
  // wine64 starts `wineserver` beside itself; Debian's is a script that goes to /usr.
  rmSync(join(programs, 'wineserver'), { force: true });
  symlinkSync('wineserver64', join(programs, 'wineserver'));
  // wineserver64 looks for <its folder>/../../share/wine/wine/nls, then in /usr only.
  symlinkSync('.', join(WINE, 'usr/share/wine/wine'));
}

async function makePrefix() {
  const prefix = join(WINE, 'prefix');
  const system32 = join(prefix, 'drive_c/windows/system32');
  mkdirSync(system32, { recursive: true });
  renameSync(join(WINE, 'zlib1.dll'), join(system32, 'zlib1.dll')); // user32 needs it before the prefix is made
  const env = {
    ...process.env,
    WINEPREFIX: prefix,
    WINEDEBUG: '-all',
    WINEDLLOVERRIDES: 'mscoree,mshtml=',
    XDG_RUNTIME_DIR: '/tmp',
  };
  // The exit code of wineboot says nothing; the registry, which wineserver writes as it ends, does.
  // A prefix whose wineserver was killed before makes node.exe abort for want of random numbers.
  await run('sh', ['-c', '"$0" wineboot -i </dev/null >/dev/null 2>&1; "$1" -w', WINE_LOADER, WINE_SERVER], {
    env,
  });
  if (!existsSync(join(prefix, 'system.reg'))) throw new Error('wineboot made no registry');
  rmSync(join(prefix, 'wineserver'), { force: true }); // names the ended server's folder
}
