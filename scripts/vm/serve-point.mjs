// Serves a distribution point for machines on this host, by `prestage serve`, which takes their status as well.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { BUILD } from '../setup/place.mjs';
import { Advice } from '../setup/say.mjs';

/** @returns {Promise<{ port: number, close: () => Promise<void> }>} */
export async function servePoint(folder) {
  const child = spawn(join(BUILD, 'prestage'), ['serve', folder, '--port', '0'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise(resolve => child.on('close', resolve));
  let said = '';
  const port = await new Promise((resolve, reject) => {
    const look = piece => {
      said += piece;
      const found = /http:\/\/127\.0\.0\.1:(\d+)/.exec(said)?.[1];
      if (found !== undefined) resolve(Number(found));
    };
    child.stdout.on('data', look);
    child.stderr.on('data', look);
    child.on('error', reject);
    child.on('close', code =>
      reject(new Advice(`prestage serve ended with code ${code}; nothing was started.\n${said}`)),
    );
  });
  return {
    port,
    async close() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
