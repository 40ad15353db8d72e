// A wire to a server that can be cut: what connects to it is carried to another port, until so many bytes have come back.
import { connect, createServer, type Socket } from 'node:net';

export interface Relay extends AsyncDisposable {
  readonly port: number;
  /** All bytes that have come back so far. */
  readonly carriedBytes: () => number;
  /** After so many more bytes every connection breaks, and new ones are refused; the promise tells when. */
  breakAfter(bytes: number): Promise<void>;
  mend(): Promise<void>;
}

export async function openRelay(to: number): Promise<Relay> {
  const open = new Set<Socket>();
  let carried = 0;
  let limit = Number.POSITIVE_INFINITY;
  let broken = (): void => {};
  const server = createServer(from => {
    const other = connect(to, '127.0.0.1');
    for (const each of [from, other]) {
      open.add(each);
      each.on('error', () => {});
      each.on('close', () => {
        open.delete(each);
        from.destroy();
        other.destroy();
      });
    }
    from.on('data', piece => void other.write(piece));
    other.on('data', piece => {
      carried += piece.length;
      if (carried < limit) return void from.write(piece);
      for (const each of open) each.destroy();
      server.close();
      broken();
    });
    from.on('end', () => other.end());
    other.on('end', () => from.end());
  });
  const listen = (port: number): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
  await listen(0);
  const { port } = server.address() as { port: number };
  return {
    port,
    carriedBytes: () => carried,
    breakAfter: bytes =>
      new Promise(resolve => {
        limit = carried + bytes;
        broken = resolve;
      }),
    async mend() {
      limit = Number.POSITIVE_INFINITY;
      await listen(port);
    },
    async [Symbol.asyncDispose]() {
      for (const each of open) each.destroy();
      await new Promise(resolve => server.close(resolve));
    },
  };
}
