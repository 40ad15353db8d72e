// nginx as the distribution point of a bench: a plain process with a configuration of its own, and a log of every byte that it sent.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

const STATUS = '/-/status';

/** What a limited connection is sent at once. */
const LIMITED_PIECE_BYTES = 32 * 1024;

/**
 * Serves `root`.
 * @param where `address` to listen on; `inside`: words before the command, which start it elsewhere (in a network namespace)
 * @param limits of each connection: `bytesPerSecond`, evenly; `bufferBytes`, how much may wait in its socket, which the log takes for sent
 * @returns `wire()`: how many requests there were so far and what they took, headers included, once all of them have ended
 */
export async function startNginx(
  root,
  { address = '127.0.0.1', inside = [] } = {},
  { bytesPerSecond, bufferBytes } = {},
) {
  const prefix = mkdtempSync(join(tmpdir(), 'bench-nginx-'));
  const port = await freePort();
  // In small pieces: left alone it sends a quarter of a megabyte at once, also to a client that has died meanwhile, and has that for sent.
  const limit =
    bytesPerSecond === undefined
      ? ''
      : `limit_rate ${bytesPerSecond}; sendfile_max_chunk ${LIMITED_PIECE_BYTES};`;
  const buffer = bufferBytes === undefined ? '' : ` sndbuf=${bufferBytes}`;
  const listen = `${address}:${port} backlog=1024${buffer}`;
  writeFileSync(join(prefix, 'nginx.conf'), configuration(root, listen, limit));
  const [command, ...words] = [...inside, 'nginx', '-p', prefix, '-c', 'nginx.conf', '-e', 'error.log'];
  const child = spawn(command, words, { stdio: ['ignore', 'ignore', 'pipe'] });
  let complaints = '';
  child.stderr.on('data', piece => {
    complaints += piece;
  });
  const ended = new Promise(done => child.once('close', done));
  child.once('error', error => {
    complaints += error;
  });
  const url = `http://${address}:${port}`;
  const close = async () => {
    child.kill('SIGTERM');
    await ended;
    rmSync(prefix, { recursive: true, force: true });
  };
  if (!(await answers(port, address, ended))) {
    await close();
    throw new Error(`nginx does not start: ${complaints}`);
  }
  return {
    url,
    async wire() {
      await idle(url);
      return totalsOf(readFileSync(join(prefix, 'access.log'), 'utf8'));
    },
    close,
  };
}

/** One process, so that it ends with its signal. Folders are listed, which rclone needs. */
function configuration(root, listen, limit) {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map(name => `${name}_temp_path ${name};`)
    .join(' ');
  return `
daemon off;
master_process off;
pid nginx.pid;
events { worker_connections 512; }
http {
  ${temporary}
  default_type application/octet-stream;
  sendfile on;
  log_format wire '$bytes_sent $request_length $status $uri';
  access_log access.log wire;
  server {
    listen ${listen};
    root "${root}";
    autoindex on;
    ${limit}
    location = ${STATUS} { stub_status; access_log off; }
  }
}
`;
}

/** A client that was killed leaves requests behind, which nginx logs when it notices. "Writing" counts the question itself. */
async function idle(url) {
  for (let tries = 0; tries < 600; tries += 1) {
    const text = await (await fetch(`${url}${STATUS}`)).text();
    const [, reading, writing] = /Reading: (\d+) Writing: (\d+)/.exec(text) ?? [];
    if (Number(reading) === 0 && Number(writing) === 1) return;
    await wait(50);
  }
  throw new Error('nginx is still busy with requests that nobody waits for');
}

function totalsOf(log) {
  const totals = { requests: 0, sentBytes: 0, askedBytes: 0 };
  for (const line of log.split('\n')) {
    if (line === '') continue;
    const [sent, asked] = line.split(' ');
    totals.requests += 1;
    totals.sentBytes += Number(sent);
    totals.askedBytes += Number(asked);
  }
  return totals;
}

/** What was asked and sent between two answers of `wire()`. */
export function wireSince(before, after) {
  return Object.fromEntries(Object.entries(after).map(([name, value]) => [name, value - before[name]]));
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function answers(port, address, ended) {
  let gone = false;
  ended.then(() => {
    gone = true;
  });
  for (let tries = 0; tries < 200 && !gone; tries += 1) {
    const connected = await new Promise(resolve => {
      const socket = connect(port, address);
      socket.once('connect', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
    if (connected) return true;
    await wait(20);
  }
  return false;
}
