// Finds and kills the processes of one Wine prefix, and of no other: each carries WINEPREFIX in its environment.
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/** @returns {{ pid: number, command: string[] }[]} the Linux processes that live in `prefix`; each Windows process is one of them */
export function processesIn(prefix) {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .flatMap(pid => {
      if (!read(pid, 'environ').includes(`WINEPREFIX=${prefix}`)) return [];
      return [{ pid: Number(pid), command: read(pid, 'cmdline') }];
    });
}

/** Words of a /proc file that separates them by zeros; none when the process has ended meanwhile or is another user's. */
function read(pid, file) {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

/** SIGKILL to all of `prefix` for which `wanted` answers true, again until none is left (a dying one may have started another). */
export async function killIn(prefix, wanted = () => true) {
  for (let round = 0; round < 100; round++) {
    const alive = processesIn(prefix).filter(wanted);
    if (alive.length === 0) return;
    for (const { pid } of alive) kill(pid);
    await pause(20);
  }
  throw new Error(`processes of ${prefix} survive SIGKILL`);
}

function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error; // it has just ended by itself
  }
}
