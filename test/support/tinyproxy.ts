// A real forward proxy: Debian's tinyproxy as a plain process on a free loopback port.
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type ServerProcess, startServerProcess } from './server-process.ts';

export interface Tinyproxy extends ServerProcess {
  /** The requests that it was asked to pass on: `CONNECT 127.0.0.1:443`, `GET http://...`. */
  requests(): Promise<readonly string[]>;
}

/** @param account whom it lets through; anybody when left out. @param tunnels the port to which CONNECT is allowed; all when left out. */
export async function startTinyproxy({
  account,
  tunnels,
}: {
  readonly account?: { readonly user: string; readonly password: string };
  readonly tunnels?: number;
} = {}): Promise<Tinyproxy> {
  const running = await startServerProcess({
    name: 'tinyproxy',
    async prepare(below, port) {
      const lines = [
        `Port ${port}`,
        'Listen 127.0.0.1',
        'Timeout 30',
        'MaxClients 50',
        'LogLevel Connect',
        `LogFile "${path.join(below, 'log')}"`,
        ...(account === undefined ? [] : [`BasicAuth ${account.user} ${account.password}`]),
        ...(tunnels === undefined ? [] : [`ConnectPort ${tunnels}`]),
      ];
      await writeFile(path.join(below, 'conf'), `${lines.join('\n')}\n`);
      return ['tinyproxy', '-d', '-c', path.join(below, 'conf')];
    },
  });
  return {
    ...running,
    async requests() {
      const log = await readFile(path.join(running.prefix, 'log'), 'utf8');
      return [...log.matchAll(/Request \(file descriptor \d+\): (.*) HTTP\/1\.\d/g)].map(
        ([, line]) => line ?? '',
      );
    },
  };
}
