// A connection whose bytes are read into one piece of memory, again and again. A stream takes new memory for every 64 KiB that come; with
// 1 GiB from a near server that, and what it costs to hand each of them on, took more processor time than digesting and writing.
//
// Not for TLS: there Node hands over what it has decrypted record by record, whether or not its reader is done with the one before.
import { connect, type OnReadOpts, type Socket } from 'node:net';

export interface ConnectOptions {
  readonly timeoutMs: number;
  /** What one read takes at the most; the memory is only used as far as a read fills it. */
  readonly readBytes: number;
  readonly signal: AbortSignal;
}

export interface Connection {
  send(text: string): void;
  /** What comes next, valid until the next call; undefined at the end. Rejects with what broke the connection. */
  pull(): Promise<Uint8Array | undefined>;
  /** Something came that nobody waited for, or the other side ended it. */
  isSpent(): boolean;
  /** It is not in use: it does not keep the process alive, and what comes on it spends it. */
  rest(): void;
  wake(): void;
  /** What waits is rejected with `cause`. */
  destroy(cause?: Error): void;
  /** Nobody has a piece of it any more: its memory goes at once, which the collector would let lie. */
  retire(): void;
  /** Ends one at rest in such a way that the server has seen it when this resolves, or after a moment all the same. */
  part(): Promise<void>;
}

/** A server that is asked to close its side does so at once, or not soon. */
const PART_MS = 250;

/** Resolves once it is connected. Rejects with the socket's error, ETIMEDOUT, or the reason of the abort. */
export async function openConnection(url: URL, options: ConnectOptions): Promise<Connection> {
  const incoming = openIncoming(options.readBytes);
  const socket = connect({
    // URL keeps the brackets of an IPv6 address.
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? 80 : Number(url.port),
    onread: incoming.onread,
  });
  socket.setNoDelay(true);
  socket.on('error', incoming.broke);
  socket.on('end', incoming.ended);
  socket.on('close', incoming.ended);
  let isGone = false;
  socket.once('close', () => {
    isGone = true;
  });
  await connected(socket, options);
  const retire = (): void => {
    // Only when the handle is closed does nothing read into it any more; `socket.closed` is true before that.
    if (isGone) incoming.release();
    else socket.once('close', incoming.release);
    socket.destroy();
  };
  return {
    send: text => void socket.write(text, 'latin1'),
    pull: () => incoming.next(() => socket.resume()),
    isSpent: () => socket.destroyed || socket.readableEnded || incoming.holdsSomething(),
    rest() {
      socket.unref();
      socket.resume();
    },
    wake: () => void socket.ref(),
    destroy(cause) {
      if (cause !== undefined) incoming.broke(cause);
      socket.destroy();
    },
    retire,
    async part() {
      if (!isGone) {
        const { promise, resolve } = Promise.withResolvers<void>();
        const timer = setTimeout(resolve, PART_MS);
        socket.once('close', () => resolve());
        socket.ref();
        socket.end();
        await promise;
        clearTimeout(timer);
      }
      retire();
    },
  };
}

function connected(socket: Socket, { timeoutMs, signal }: ConnectOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const give = (thrown: unknown): void => {
      settle();
      socket.destroy();
      reject(thrown);
    };
    const timer = setTimeout(
      () => give(Object.assign(new Error('no connection in time'), { code: 'ETIMEDOUT' })),
      timeoutMs,
    );
    const onAbort = (): void => give(signal.reason);
    const onClose = (): void => give(Object.assign(new Error('closed'), { code: 'ECONNRESET' }));
    const settle = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.off('error', give);
      socket.off('close', onClose);
    };
    socket.once('error', give);
    socket.once('close', onClose);
    socket.once('connect', () => {
      settle();
      resolve();
    });
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort);
  });
}

type Came = { readonly piece: Uint8Array | undefined } | { readonly thrown: unknown };

/** What the socket reads, one read at a time: reading stops until the next is asked for. */
function openIncoming(readBytes: number) {
  let waiting: PromiseWithResolvers<Uint8Array | undefined> | undefined;
  let came: Came | undefined;
  let over: Came | undefined;
  const tell = (what: Came): void => {
    if (waiting === undefined) {
      came ??= what;
      return;
    }
    const { resolve, reject } = waiting;
    waiting = undefined;
    if ('thrown' in what) reject(what.thrown);
    else resolve(what.piece);
  };
  const finish = (what: Came): void => {
    over ??= what;
    if (waiting !== undefined) tell(over);
  };
  const buffer = new Uint8Array(new ArrayBuffer(readBytes));
  const onread: OnReadOpts = {
    buffer,
    callback(length, buffer) {
      tell({ piece: buffer.subarray(0, length) });
      return false;
    },
  };
  return {
    onread,
    broke: (thrown: unknown) => finish({ thrown }),
    ended: () => finish({ piece: undefined }),
    release: () => void buffer.buffer.transfer(0),
    holdsSomething: () => came !== undefined || over !== undefined,
    next(resume: () => void): Promise<Uint8Array | undefined> {
      const ready = came ?? over;
      came = undefined;
      waiting = Promise.withResolvers();
      const { promise } = waiting;
      if (ready === undefined) resume();
      else tell(ready);
      return promise;
    },
  };
}
