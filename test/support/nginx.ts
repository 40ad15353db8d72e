// A real nginx as the distribution point: a plain process on a free loopback port, with its own configuration in a temporary folder.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

export interface Nginx {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  /** One line per answered request: method, path, Range (or `-`), status, bytes of the body. */
  requests(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** Serves `folder`, on a free port unless one is wanted. Needs the Debian package nginx. */
export async function startNginx(folder: string, wantedPort?: number): Promise<Nginx> {
  const prefix = await mkdtemp(path.join(tmpdir(), 'nginx-'));
  // Between asking for a free port and nginx's taking it another process may be faster; then nginx ends and the next port is tried.
  for (let attempt = 0; ; attempt++) {
    const port = wantedPort ?? (await freePort());
    await writeFile(path.join(prefix, 'nginx.conf'), configuration(folder, port));
    const child = spawn('nginx', ['-p', prefix, '-c', 'nginx.conf', '-e', 'error.log'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let complaints = '';
    child.stderr.on('data', piece => {
      complaints += piece;
    });
    if (await answers(child, port)) return running(child, prefix, port);
    if (attempt === 4) throw new Error(`nginx does not start: ${complaints}`);
  }
}

function running(child: ChildProcess, prefix: string, port: number): Nginx {
  return {
    url: `http://127.0.0.1:${port}`,
    async requests() {
      const log = await readFile(path.join(prefix, 'access.log'), 'utf8');
      return log.split('\n').filter(line => line !== '');
    },
    async close() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM');
        await once(child, 'exit');
      }
      await rm(prefix, { recursive: true, force: true });
    },
  };
}

/** One process, so that it ends with its signal and reads what the tests may read. */
function configuration(folder: string, port: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map(name => `${name}_temp_path ${name};`)
    .join(' ');
  return `
daemon off;
master_process off;
pid nginx.pid;
events { worker_connections 256; }
http {
  ${temporary}
  types { application/json json; }
  default_type application/octet-stream;
  sendfile on;
  log_format asked '$request_method $uri "$http_range" $status $body_bytes_sent';
  access_log access.log asked;
  server {
    listen 127.0.0.1:${port};
    root "${folder}";
  }
}
`;
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
