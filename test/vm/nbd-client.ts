// An NBD client for tests that says what it is told to, also what no client should: written from NetworkBlockDevice/nbd, doc/proto.md, without a
// line of the server's. Requests may be sent ahead; answers are told apart by their cookies.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface Request {
  readonly command: number;
  readonly offset?: bigint | number;
  readonly length?: number;
  readonly flags?: number;
  readonly data?: Uint8Array;
}

export interface Answer {
  readonly error: number;
  readonly data: Buffer;
}

export interface OptionReply {
  readonly type: number;
  readonly data: Buffer;
}

export const READ = 0;
export const WRITE = 1;
export const DISCONNECT = 2;
export const FLUSH = 3;
export const TRIM = 4;
export const WRITE_ZEROES = 6;
export const FUA = 1;

export interface NbdClient {
  readonly socket: Socket;
  /** Bytes as they are. */
  send(bytes: Uint8Array): void;
  /** The next bytes, exactly so many; rejects when the connection ends before. */
  receive(length: number): Promise<Buffer>;
  /** What still comes until the server ends the connection. */
  rest(): Promise<Buffer>;
  option(option: number, data?: Uint8Array): void;
  reply(): Promise<OptionReply>;
  /** Sends without waiting; @returns the cookie. */
  request(request: Request): bigint;
  /** The next answer. `lengths`: how many bytes a good one brings, by cookie. */
  answer(lengths?: ReadonlyMap<bigint, number>): Promise<Answer & { readonly cookie: bigint }>;
  /** One request and its answer. */
  ask(request: Request): Promise<Answer>;
  close(): Promise<void>;
}

/** Connected; nothing was said yet. */
export async function connectTo(socketFile: string): Promise<NbdClient> {
  const socket = connect(socketFile);
  await once(socket, 'connect');
  let pieces: Buffer[] = [];
  let available = 0;
  let ended = false;
  let wake = (): void => {};
  socket.on('data', piece => {
    pieces.push(piece);
    available += piece.length;
    wake();
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    ended = true;
    wake();
  });
  const change = (): Promise<void> =>
    new Promise(resolve => {
      wake = resolve;
    });
  let cookies = 0n;

  const client: NbdClient = {
    socket,
    send: bytes => void socket.write(bytes),
    async receive(length) {
      while (available < length) {
        if (ended) throw new Error(`the server ended the connection after ${available} of ${length} bytes`);
        await change();
      }
      const bytes = Buffer.concat(pieces);
      pieces = [bytes.subarray(length)];
      available -= length;
      return bytes.subarray(0, length);
    },
    async rest() {
      while (!ended) await change();
      return Buffer.concat(pieces);
    },
    option(option, data = Buffer.alloc(0)) {
      const header = Buffer.alloc(16);
      header.write('IHAVEOPT');
      header.writeUInt32BE(option, 8);
      header.writeUInt32BE(data.length, 12);
      socket.write(Buffer.concat([header, data]));
    },
    async reply() {
      const header = await client.receive(20);
      if (header.readBigUInt64BE(0) !== 0x3e889045565a9n) throw new Error('no reply to an option');
      return { type: header.readUInt32BE(12), data: await client.receive(header.readUInt32BE(16)) };
    },
    request({ command, offset = 0, length = 0, flags = 0, data }) {
      cookies += 1n;
      const header = Buffer.alloc(28);
      header.writeUInt32BE(0x25609513, 0);
      header.writeUInt16BE(flags, 4);
      header.writeUInt16BE(command, 6);
      header.writeBigUInt64BE(cookies, 8);
      header.writeBigUInt64BE(BigInt(offset), 16);
      header.writeUInt32BE(data?.length ?? length, 24);
      socket.write(header);
      if (data !== undefined) socket.write(data);
      return cookies;
    },
    async answer(lengths = new Map()) {
      const header = await client.receive(16);
      if (header.readUInt32BE(0) !== 0x67446698) throw new Error('no answer to a request');
      const error = header.readUInt32BE(4);
      const cookie = header.readBigUInt64BE(8);
      return { cookie, error, data: await client.receive(error === 0 ? (lengths.get(cookie) ?? 0) : 0) };
    },
    async ask(request) {
      const cookie = client.request(request);
      const lengths = new Map(request.command === READ ? [[cookie, request.length ?? 0]] : []);
      const answered = await client.answer(lengths);
      if (answered.cookie !== cookie) throw new Error('an answer to another request');
      return answered;
    },
    async close() {
      if (ended) return;
      socket.destroy();
      await once(socket, 'close');
    },
  };
  return client;
}

/** Connected and past the handshake: the only disk there is, by GO. */
export async function openNbd(socketFile: string): Promise<NbdClient> {
  const client = await connectTo(socketFile);
  await client.receive(18);
  client.send(Buffer.from([0, 0, 0, 3]));
  client.option(7, Buffer.alloc(6));
  while ((await client.reply()).type !== 1);
  return client;
}
