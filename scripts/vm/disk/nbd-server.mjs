// Serves a disk to QEMU and other NBD clients on a unix socket: `nbd+unix:///?socket=PATH`. Several connections see the same disk.
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { shakeHands } from './nbd-handshake.mjs';
import { answerRequests } from './nbd-requests.mjs';
import { readSocket, SocketEnded } from './socket-bytes.mjs';

/** sun_path of sockaddr_un has 108 bytes, one of them its end (unix(7)). */
const SOCKET_PATH_MAX_BYTES = 107;

/**
 * @param socket path of the socket; a file that is there is taken for a dead server's and replaced
 * @param disk `sizeBytes`, and read, write, zeroes and flush as of volatile-disk.mjs; what they reject with is an error to the client
 * @param broken is told an error of the server itself, which ends that connection
 */
export async function serveNbd({ socket, disk, broken }) {
  if (Buffer.byteLength(socket) > SOCKET_PATH_MAX_BYTES)
    throw new Error(`the path of a socket has at most ${SOCKET_PATH_MAX_BYTES} bytes: ${socket}`);
  rmSync(socket, { force: true });
  const connections = new Set();
  const server = createServer(connection => {
    connections.add(connection);
    connection.on('close', () => connections.delete(connection));
    converse(connection, disk).catch(error => {
      if (!(error instanceof SocketEnded)) broken(error);
      connection.destroy();
    });
  });
  server.listen(socket);
  await once(server, 'listening');
  return {
    /** Nobody hears from it any more: connections end where they are. */
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const connection of connections) connection.destroy();
      await closed;
    },
  };
}

async function converse(connection, disk) {
  const bytes = readSocket(connection);
  const send = (...buffers) => sendAll(connection, buffers);
  if (await shakeHands(bytes, send, disk.sizeBytes)) await answerRequests(bytes, send, disk);
  connection.end();
}

/** Resolves when the system has taken the bytes: who does not read its answers is sent no more. */
async function sendAll(connection, buffers) {
  if (connection.destroyed) throw new SocketEnded('the connection ended');
  connection.cork();
  let taken = true;
  for (const buffer of buffers) if (buffer !== undefined) taken = connection.write(buffer);
  connection.uncork();
  if (taken) return;
  await new Promise(resolve => {
    const done = () => {
      connection.off('drain', done);
      connection.off('close', done);
      resolve();
    };
    connection.on('drain', done);
    connection.on('close', done);
  });
}
