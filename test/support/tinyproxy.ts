// A real forward proxy: Debian's tinyproxy as a plain process on a free loopback port.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

export interface Tinyproxy {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  /** The requests that it was asked to pass on: `CONNECT 127.0.0.1:443`, `GET http://...`. */
  requests(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** @param account whom it lets through; anybody when left out. @param tunnels ports to which CONNECT is allowed; all when left out. */
export async function startTinyproxy(
  options: {
    readonly account?: { readonly user: string; readonly password: string };
    readonly tunnels?: number;
  } = {},
): Promise<Tinyproxy> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tinyproxy-'));
  const { account, tunnels } = options;
  for (let attempt = 0; ; attempt++) {
    const port = await freePort();
    const lines = [
      `Port ${port}`,
      'Listen 127.0.0.1',
      'Timeout 30',
      'MaxClients 50',
      'LogLevel Connect',
      `LogFile "${path.join(folder, 'log')}"`,
      ...(account === undefined ? [] : [`BasicAuth ${account.user} ${account.password}`]),
      ...(tunnels === undefined ? [] : [`ConnectPort ${tunnels}`]),
    ];
    await writeFile(path.join(folder, 'conf'), `${lines.join('\n')}\n`);
    const child = spawn('tinyproxy', ['-d', '-c', path.join(folder, 'conf')], { stdio: 'ignore' });
    if (await answers(child, port)) return running(child, folder, port);
    if (attempt === 4) throw new Error('tinyproxy does not start');
  }
}

function running(child: ChildProcess, folder: string, port: number): Tinyproxy {
  return {
    url: `http://127.0.0.1:${port}`,
    async requests() {
      const log = await readFile(path.join(folder, 'log'), 'utf8');
      return [...log.matchAll(/Request \(file descriptor \d+\): (.*) HTTP\/1\.\d/g)].map(
        ([, line]) => line ?? '',
      );
    },
    async close() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function answers(child: ChildProcess, port: number): Promise<boolean> {
  let gone = false;
  child.once('error', () => {
    gone = true;
  });
  child.once('exit', () => {
    gone = true;
  });
  for (let tries = 0; tries < 200 && !gone; tries++) {
    const socket = connect(port, '127.0.0.1');
    const connected = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (connected && !gone) return true;
    await wait(20);
  }
  child.kill('SIGKILL');
  return false;
}
