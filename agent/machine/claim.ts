// One run at a time works on a volume. The claim is a name that the system itself gives up when the process ends, however it ends: after a power
// cut or a kill no leftover file stands in the way of the next run.
import { createHash } from 'node:crypto';
import { createConnection, createServer } from 'node:net';

/** Gives the claim up. */
export type Release = () => Promise<void>;

/**
 * @param what names the thing claimed, the same in every process.
 * @returns undefined when another process, or another run in this one, has claimed it. Throws what node:net throws when nothing can be claimed here.
 */
export async function claim(what: string, system: 'windows' | 'linux'): Promise<Release | undefined> {
  const name = `prestage-${createHash('sha256').update(what).digest('hex').slice(0, 32)}`;
  // A named pipe, whose first instance only one process can make; on Linux a socket without a file.
  const address = system === 'windows' ? `\\\\.\\pipe\\${name}` : `\0${name}`;
  // Windows refuses a second claim by itself; Wine does not, but lets the first one answer.
  return (await isAnswered(address)) ? undefined : await listen(address);
}

function isAnswered(address: string): Promise<boolean> {
  const socket = createConnection(address);
  return new Promise(resolve => {
    const answer = (answered: boolean): void => {
      socket.destroy();
      resolve(answered);
    };
    socket.once('connect', () => answer(true));
    socket.on('error', () => answer(false));
  });
}

function listen(address: string): Promise<Release | undefined> {
  const server = createServer(socket => {
    // Whoever asks has its answer with the connection and may be gone already.
    socket.on('error', () => {});
    socket.destroy();
  });
  return new Promise((resolve, reject) => {
    server.once('error', error => {
      if ('code' in error && (error.code === 'EADDRINUSE' || error.code === 'EACCES')) resolve(undefined);
      else reject(error);
    });
    server.listen(address, () => {
      server.unref();
      resolve(() => new Promise(done => server.close(() => done())));
    });
  });
}
