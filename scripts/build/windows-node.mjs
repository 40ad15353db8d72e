// Runs node.exe while an executable is built: as it is on Windows, under Wine elsewhere, where Wine is set up.
import { spawn } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { WINE, WINE_LOADER, WINE_SERVER } from '../setup/place.mjs';
import { run } from '../setup/program.mjs';
import { makePrefix } from '../wine/prefix.mjs';

/** Whether there is a way to run it here. */
export const canRunWindowsNode = () => process.platform === 'win32' || existsSync(join(WINE, 'installed'));

/**
 * Calls `use` with a function that runs node.exe with words and rejects unless it ends with 0; absolute paths may be given as the system has them.
 * @param {string} node node.exe
 * @param {string} folder for Wine's prefix, which is removed at the end
 * @param {(runNode: (words: string[]) => Promise<void>) => Promise<void>} use
 */
export async function withWindowsNode(node, folder, use) {
  if (process.platform === 'win32') return await use(async words => void (await run(node, words)));
  const prefix = join(folder, 'wine-prefix');
  rmSync(prefix, { recursive: true, force: true });
  makePrefix(prefix);
  const env = {
    ...process.env,
    WINEPREFIX: prefix,
    WINEDEBUG: '-all',
    WINEDLLOVERRIDES: 'mscoree,mshtml=',
    XDG_RUNTIME_DIR: '/tmp',
  };
  // Wine's services keep the pipes of the first program open, so nothing is read from it.
  const start = (program, words) =>
    new Promise((done, failed) => {
      const child = spawn(program, words, { env, stdio: 'ignore' });
      child.on('error', failed);
      child.on('exit', code =>
        code === 0 ? done() : failed(new Error(`${words.join(' ')} ended with ${code} under Wine`)),
      );
    });
  try {
    await use(words =>
      start(WINE_LOADER, [node, ...words.map(word => (word.startsWith('/') ? `Z:${word}` : word))]),
    );
  } finally {
    await start(WINE_SERVER, ['-k']).catch(() => {});
    await start(WINE_SERVER, ['-w']).catch(() => {});
    rmSync(prefix, { recursive: true, force: true, maxRetries: 3 });
  }
}
