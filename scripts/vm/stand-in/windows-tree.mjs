// What a Windows needs to run in the stand-in, laid out as drive C:, from which OS images for virtual machines are captured.
import { copyFileSync, cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { WINE_TEMPLATE } from '../../setup/place.mjs';
import { registryOf } from './registry.mjs';
import { laySystem32 } from './root-tree.mjs';

/** Of no use to a Windows without a desktop; each would be applied and hashed in an emulated machine. */
const LEFT_OUT = [
  'comctl32.dll',
  'comdlg32.dll',
  'msvcp140.dll',
  'oleaut32.dll',
  'atl80.dll',
  'atl90.dll',
  'atl110.dll',
  'wininet.dll',
  'winhttp.dll',
  'cscript.exe',
  'regedit.exe',
];

export async function layWindows(tree, folder) {
  const windows = join(folder, 'Windows');
  const system32 = join(windows, 'System32');
  for (const name of ['Temp', 'Logs', 'INF', 'Fonts', 'System32/config'])
    mkdirSync(join(windows, name), { recursive: true });
  mkdirSync(join(folder, 'Program Files'), { recursive: true });
  mkdirSync(join(folder, 'Users/Default'), { recursive: true });
  laySystem32(tree, system32, (from, to) => copyFileSync(original(tree, from), to));
  for (const name of LEFT_OUT) rmSync(join(system32, name), { force: true });
  rmSync(join(system32, 'winpeshl.exe'));
  cpSync(join(WINE_TEMPLATE, 'drive_c/windows/globalization'), join(windows, 'Globalization'), {
    recursive: true,
  });
  for (const [name, text] of Object.entries(registryOf('windows')))
    writeFileSync(join(system32, 'config', name), text, 'latin1');
  writeFileSync(join(windows, 'win.ini'), '; for 16-bit app support\r\n[fonts]\r\n');
}

/** Wine's file before it was changed for drive X:; a file that names no folder was not. */
function original(tree, file) {
  const kept = join(tree, 'pe/windows', relative(tree, file));
  return existsSync(kept) ? kept : file;
}
