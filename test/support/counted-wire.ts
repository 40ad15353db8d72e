// A wire to a server that counts what comes through it: heads, bodies and all, whatever either end believes.
import { connect, createServer, type Socket } from 'node:net';

export interface CountedWire {
  /** In place of the server's. */
  readonly url: string;
  /** Bytes that the server has sent through. */
  receivedBytes(): number;
  close(): Promise<void>;
}

/** @param url of the server, with its port. */
export async function openCountedWire(url: string): Promise<CountedWire> {
  const { hostname, port } = new URL(url);
  const sockets = new Set<Socket>();
  let receivedBytes = 0;
  const server = createServer(near => {
    const far = connect(Number(port), hostname);
    far.on('data', piece => {
      receivedBytes += piece.length;
    });
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => {
        near.destroy();
        far.destroy();
      });
      socket.on('close', () => sockets.delete(socket));
    }
    near.pipe(far).pipe(near);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    receivedBytes: () => receivedBytes,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
