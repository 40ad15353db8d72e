// A server program as a process of its own on a free loopback port, with its configuration in a temporary folder.
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

export interface ServerProcess {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  /** The temporary folder of its configuration and logs. */
  readonly prefix: string;
  close(): Promise<void>;
}

export interface ServerProgram {
  readonly name: string;
  /** Writes its configuration below `prefix`. Resolves to the command that stays in the foreground. */
  readonly prepare: (prefix: string, port: number) => Promise<readonly [command: string, ...args: string[]]>;
  readonly port?: number | undefined;
  /** For programs that refuse to serve as root: then they are nobody. */
  readonly neverAsRoot?: boolean;
}

/** Who owns nothing, on every Linux. */
const NOBODY = 65_534;

/** Starts it and waits until it takes connections. */
export async function startServerProcess(program: ServerProgram): Promise<ServerProcess> {
  const { name, prepare, neverAsRoot = false } = program;
  const prefix = await mkdtemp(path.join(tmpdir(), `${name}-`));
  const who: Pick<SpawnOptions, 'uid' | 'gid'> =
    neverAsRoot && process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  if (who.uid !== undefined) await chown(prefix, NOBODY, NOBODY);
  // Between asking for a free port and the server's taking it another process may be faster; then the server ends and the next port is tried.
  for (let attempt = 0; ; attempt++) {
    const port = program.port ?? (await freePort());
    const [command, ...args] = await prepare(prefix, port);
    const child = spawn(command, args, { ...who, cwd: prefix, stdio: ['ignore', 'ignore', 'pipe'] });
    let complaints = '';
    child.stderr.on('data', piece => {
      complaints = `${complaints}${piece}`.slice(-2000);
    });
    if (await answers(child, port)) return running(child, prefix, port);
    if (attempt === 4) throw new Error(`${name} does not start: ${complaints}`);
  }
}

function running(child: ChildProcess, prefix: string, port: number): ServerProcess {
  return {
    url: `http://127.0.0.1:${port}`,
    prefix,
    async close() {
      await endProcess(child);
      await rm(prefix, { recursive: true, force: true });
    },
  };
}

/** Asks a process to end and waits until it has. */
export async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
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
  for (let tries = 0; tries < 500 && !gone; tries++) {
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
