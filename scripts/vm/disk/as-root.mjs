// Runs what only root may, such as mounting: as root itself, or through sudo where that asks for no password.
import { execFile, spawnSync } from 'node:child_process';
import { find } from '../../setup/program.mjs';

/** Resolves to `{ code, output }`, whatever the code; rejects where the program is not there. */
export function asRoot(name, args) {
  const [program, words] = commandAsRoot(name, args);
  return new Promise((resolve, reject) => {
    execFile(program, words, { maxBuffer: 64 * 1024 * 1024, env: PLAIN }, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== 'number') reject(error);
      else resolve({ code: error?.code ?? 0, output: `${stdout}${stderr}`.trim() });
    });
  });
}

/** For when this process is about to end. */
export function asRootNow(name, args) {
  const [program, words] = commandAsRoot(name, args);
  spawnSync(program, words, { stdio: 'ignore', env: PLAIN });
}

/** Messages in English, as they are looked into. */
const PLAIN = { ...process.env, LC_ALL: 'C.UTF-8' };

function commandAsRoot(name, args) {
  const program = find(name);
  if (program === undefined) throw new Error(`${name} is not installed: npm run setup installs it`);
  return process.getuid() === 0 ? [program, args] : ['sudo', ['-n', program, ...args]];
}
