// Lays the root of the stand-in: Wine out of .tools/wine10, a shell, libwim, and drive X: laid out as Windows PE is. Needs no rights: nothing is run in it.
import {
  chmodSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { at, TEST_TOOLS, WINE, WINE_TEMPLATE } from '../../setup/place.mjs';
import { run } from '../../setup/program.mjs';
import { refuseTerminalSequences } from './console-mode.mjs';
import { registryOf } from './registry.mjs';
import { packageNamed, unpack } from './unpack.mjs';
import { moveWindowsFolder } from './windows-folder.mjs';

const HERE = at('scripts/vm/stand-in');
const LIBRARIES = 'usr/lib/x86_64-linux-gnu';
export const BUILTIN = `${LIBRARIES}/wine/x86_64-windows`;
const UNIX = `${LIBRARIES}/wine/x86_64-unix`;

/** Of the C library and its like, what Wine's Unix side and libwim ask for. */
const SHARED =
  /^(ld-linux-x86-64|libc|libm|libmvec|libpthread|libdl|librt|libnss_files|libnss_dns|libresolv|libgcc_s|liblzma|libunwind)\.so\./;
const UNIX_PARTS = [
  'ntdll',
  'win32u',
  'ws2_32',
  'bcrypt',
  'crypt32',
  'mountmgr',
  'nsiproxy',
  'dnsapi',
  'netapi32',
];

/** The names of Wine's programs and libraries that the stand-in has. */
export const WINE_FILES = readFileSync(join(HERE, 'wine-files.txt'), 'utf8').trim().split('\n');

/** Tools that Wine lacks or only poses as: the stand-in's own program under each name, and a script that does the work. */
export const TOOLS_OF_WINDOWS = readdirSync(join(HERE, 'guest/tools'));

export async function layRoot(debs, tree) {
  for (const folder of [
    'proc',
    'sys',
    'dev',
    'root',
    'tmp',
    'run',
    'etc',
    'mnt/c',
    'mnt/s',
    'usr/bin',
    LIBRARIES,
    'usr/lib64',
  ])
    mkdirSync(join(tree, folder), { recursive: true });
  for (const name of ['bin', 'sbin', 'lib', 'lib64'])
    symlinkSync(name === 'sbin' ? 'usr/bin' : `usr/${name}`, join(tree, name));
  writeFileSync(join(tree, 'etc/passwd'), 'SYSTEM:x:0:0:SYSTEM:/root:/bin/sh\n');
  await layLinux(debs, tree);
  await layWine(tree);
  await layPrograms(tree);
  refuseTerminalSequences(join(tree, BUILTIN, 'kernelbase.dll'));
  keepOriginals(tree);
  layDriveX(tree);
}

async function layLinux(debs, tree) {
  await unpack(packageNamed(debs, 'busybox-static'), tree, './usr/bin/busybox');
  symlinkSync('busybox', join(tree, 'usr/bin/sh'));
  await unpack(packageNamed(debs, 'libc-bin'), tree, './usr/lib/locale/*');
  await unpack(packageNamed(debs, 'wimtools'), tree, './usr/bin/wimlib-imagex');
  for (const name of ['libwim15t64', 'libfuse3-4', 'libntfs-3g89t64'])
    await unpack(packageNamed(debs, name), tree, './usr/lib/*.so*');
  const from = join(WINE, LIBRARIES);
  for (const name of readdirSync(from).filter(each => SHARED.test(each)))
    cpSync(join(from, name), join(tree, LIBRARIES, name), { verbatimSymlinks: true });
  cpSync(join(from, 'ld-linux-x86-64.so.2'), join(tree, 'usr/lib64/ld-linux-x86-64.so.2'), {
    dereference: true,
  });
}

async function layWine(tree) {
  const copy = (name, to = name) => {
    mkdirSync(dirname(join(tree, to)), { recursive: true });
    cpSync(join(WINE, name), join(tree, to), { recursive: true, verbatimSymlinks: true });
  };
  for (const name of WINE_FILES) {
    if (TOOLS_OF_WINDOWS.includes(name.replace(/\.exe$/, ''))) continue;
    if (name === 'zlib1.dll') continue;
    copy(`${BUILTIN}/${name}`);
  }
  // Wine marks it as its own when it makes a prefix; user32 does not load without.
  cpSync(join(WINE_TEMPLATE, 'drive_c/windows/system32/zlib1.dll'), join(tree, BUILTIN, 'zlib1.dll'));
  for (const name of UNIX_PARTS) copy(`${UNIX}/${name}.so`);
  copy('usr/share/wine/nls');
  copy('usr/share/wine/wine.inf');
  silenceFreeType(join(tree, UNIX, 'win32u.so'));
  for (const name of ['wine64', 'wineserver64']) {
    copy(`usr/lib/wine/${name}`);
    const file = join(tree, 'usr/lib/wine', name);
    await run('patchelf', ['--set-interpreter', '/lib64/ld-linux-x86-64.so.2', '--remove-rpath', file]);
    chmodSync(file, 0o755);
  }
  symlinkSync('wineserver64', join(tree, 'usr/lib/wine/wineserver'));
}

/** Each program would complain in five lines that there are no fonts: the words are cut off in place. */
function silenceFreeType(file) {
  const bytes = readFileSync(file);
  const at = bytes.indexOf('Wine cannot find the FreeType font library');
  if (at < 0) throw new Error(`${file} says nothing of FreeType`);
  bytes[at] = 0;
  writeFileSync(file, bytes);
}

/** The stand-in's own scripts and programs, and wimgapi.dll over libwim. */
async function layPrograms(tree) {
  const pe = join(tree, 'pe');
  cpSync(join(HERE, 'guest'), pe, { recursive: true });
  rmSync(join(pe, 'init'));
  cpSync(join(TEST_TOOLS, 'wimgapi'), join(pe, 'wimgapi'), { recursive: true });
  cpSync(join(TEST_TOOLS, 'wine-dlls'), join(pe, 'wine-dlls'), { recursive: true });
  const source = name => join(HERE, 'programs', name);
  const warnings = ['-std=gnu17', '-O2', '-Wall', '-Wextra', '-Werror'];
  const windows = (name, ...options) =>
    run('x86_64-w64-mingw32-gcc', [
      ...warnings,
      ...options,
      '-static',
      '-s',
      '-o',
      join(pe, `${name}.exe`),
      source(`${name}.c`),
    ]);
  await Promise.all([
    // Not a console program: Windows gives those that the agent starts a console, and that would be another process each time.
    windows('tool', '-municode', '-Wl,--subsystem,windows'),
    windows('run-lines'),
    windows('winpeshl'),
    run('gcc', [
      ...warnings,
      '-fPIC',
      '-shared',
      '-o',
      join(pe, 'volume-flush.so'),
      source('volume-flush.c'),
    ]),
  ]);
}

/** Wine's programs are changed for drive X:; a Windows on C: gets them as they were, from /pe/windows. */
function keepOriginals(tree) {
  const files = [
    ...readdirSync(join(tree, UNIX)).map(name => `${UNIX}/${name}`),
    ...readdirSync(join(tree, BUILTIN)).map(name => `${BUILTIN}/${name}`),
    'usr/lib/wine/wineserver64',
  ];
  let changed = 0;
  for (const file of files) {
    const [there, kept] = [join(tree, file), join(tree, 'pe/windows', file)];
    mkdirSync(dirname(kept), { recursive: true });
    cpSync(there, kept);
    if (moveWindowsFolder(there) > 0) changed++;
    else rmSync(kept);
  }
  if (changed === 0) throw new Error('nothing in Wine names C:\\windows');
}

/** X:, as Windows PE has it; its programs are Wine's, by hard links. */
function layDriveX(tree) {
  const wine = join(tree, 'wine');
  const windows = join(wine, 'drive_x/windows');
  mkdirSync(join(wine, 'dosdevices'), { recursive: true });
  symlinkSync('../drive_x', join(wine, 'dosdevices/x:'));
  symlinkSync('/mnt/c', join(wine, 'dosdevices/c:'));
  symlinkSync('/mnt/s', join(wine, 'dosdevices/s:'));
  for (const folder of ['system32/config', 'temp', 'Fonts', 'inf', 'Logs'])
    mkdirSync(join(windows, folder), { recursive: true });
  laySystem32(tree, join(windows, 'system32'), (from, to) => linkSync(from, to));
  linkSync(join(windows, 'system32/regedit.exe'), join(windows, 'regedit.exe'));
  cpSync(join(WINE_TEMPLATE, 'drive_c/windows/globalization'), join(windows, 'globalization'), {
    recursive: true,
  });
  for (const [name, text] of Object.entries(registryOf('pe')))
    writeFileSync(join(wine, name), text, 'latin1');
  writeFileSync(join(wine, '.update-timestamp'), 'disable\n');
}

/** Programs and libraries of a Windows that runs in the stand-in. `place` copies or links a file. */
export function laySystem32(tree, system32, place) {
  mkdirSync(join(system32, 'drivers/etc'), { recursive: true });
  for (const name of readdirSync(join(tree, BUILTIN)))
    place(join(tree, BUILTIN, name), join(system32, name.endsWith('.sys') ? 'drivers' : '', name));
  const from = join(WINE_TEMPLATE, 'drive_c/windows/system32');
  for (const name of readdirSync(from).filter(each => each.endsWith('.nls')))
    cpSync(join(from, name), join(system32, name));
  for (const tool of TOOLS_OF_WINDOWS) {
    rmSync(join(system32, `${tool}.exe`), { force: true });
    place(join(tree, 'pe/tool.exe'), join(system32, `${tool}.exe`));
  }
  if (!existsSync(join(system32, 'winpeshl.exe')))
    place(join(tree, 'pe/winpeshl.exe'), join(system32, 'winpeshl.exe'));
  writeFileSync(join(system32, 'drivers/etc/hosts'), '127.0.0.1 localhost\r\n');
}
