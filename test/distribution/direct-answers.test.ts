// Answers that are read straight from the socket: the bytes are right, however they come, and a connection is used again only where nothing is left on it.
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';
import { createServer as createTlsServer } from 'node:tls';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { openSource } from '../../agent/distribution/open-source.ts';
import type { Source } from '../../agent/distribution/source.ts';
import { systemClock } from '../../agent/progress/clock.ts';
import { makeSelfSigned } from '../support/self-signed.ts';
import { faultOf, impatient, readAll } from '../support/sources.ts';

const own = makeSelfSigned();
const file = Uint8Array.from({ length: 100_000 }, (_, at) => (at * 7 + (at >> 8)) & 255);
const whole = { expectedSize: file.length };

/** One request as it came. Both count from 0. */
interface Asked {
  readonly number: number;
  readonly connection: number;
  readonly text: string;
}

type Answer = (socket: Socket, asked: Asked) => unknown;

let closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing) await close();
  closing = [];
});

const headOf = (length: number, ...lines: readonly string[]): string =>
  ['HTTP/1.1 200 OK', `content-length: ${length}`, ...lines, '', ''].join('\r\n');
const bytesOf = (text: string): Buffer => Buffer.from(text, 'latin1');
const sending =
  (bytes: Uint8Array, ...lines: readonly string[]): Answer =>
  socket =>
    socket.write(Buffer.concat([bytesOf(headOf(bytes.length, ...lines)), bytes]));
const good = sending(file);
/** Stops in the middle of the body. */
const part: Answer = socket => socket.write(`${headOf(file.length)}first`);

/** Speaks no HTTP of its own: `answer` writes every byte. */
async function serving(answer = good, tls = false, host = '127.0.0.1') {
  const asked: Asked[] = [];
  const connections: Socket[] = [];
  const listener = (socket: Socket): void => {
    const connection = connections.push(socket) - 1;
    let text = '';
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('data', bytes => {
      text += bytes.toString('latin1');
      if (!text.endsWith('\r\n\r\n')) return;
      const one = { number: asked.length, connection, text };
      asked.push(one);
      text = '';
      answer(socket, one);
    });
  };
  const server: Server = tls ? createTlsServer(own, listener) : createServer(listener);
  server.listen(0, host);
  await once(server, 'listening');
  closing.push(() => {
    server.close();
    for (const socket of connections) socket.destroy();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${address.port}`,
    asked,
    connections,
    /** Resolves when the client is seen to have closed this connection. */
    async closed(connection: number) {
      const socket = connections[connection];
      if (socket && !socket.destroyed) await once(socket, 'close');
    },
  };
}

/** Repeats nothing: whatever is survived, is survived below the source. What is tested here is no stall, also on a machine that is busy. */
function open({ url }: { readonly url: string }, connections = 1): Source {
  const settings = { ...impatient, retryCount: 0, stallTimeoutMs: 3000, connections };
  const address = { url, priority: 1, ca: own.cert };
  const source = openSource(address, { settings, clock: systemClock, random: () => 0.5 });
  closing.unshift(() => source.close());
  return source;
}

async function readRight(source: Source): Promise<void> {
  expect(Buffer.compare(await readAll(source, 'f', whole), file)).toBe(0);
}

describe('a connection', () => {
  it.each([
    ['is used again', [], 1],
    ['is used again within the time that the server names', ['keep-alive: timeout=60'], 1],
    ['is not used again after connection: close', ['connection: close'], 3],
    ['is not used again when the time is up at once', ['keep-alive: timeout=1'], 3],
  ])('%s', async (_title, lines, connections) => {
    const server = await serving(sending(file, ...lines));
    const source = open(server);
    for (let times = 0; times < 3; times++) await readRight(source);
    expect([server.asked.length, server.connections.length]).toEqual([3, connections]);
  });

  it('is closed before the time that the server names has passed', async () => {
    const server = await serving(socket => socket.write(headOf(0, 'keep-alive: timeout=2')));
    const source = open(server);
    await readAll(source, 'f', { expectedSize: 0 });
    await server.closed(0);
    await readAll(source, 'f', { expectedSize: 0 });
    expect(server.asked.map(({ connection }) => connection)).toEqual([0, 1]);
  });

  it.each([
    ['is used again after the page of a refusal', 300, 'http', 1],
    ['is used again after the page of a refusal', 300, 'https', 1],
    ['is not kept for a page without an end', 200_000, 'http', 2],
    ['is not kept for a page without an end', 200_000, 'https', 2],
  ] as const)('%s, which announces %i bytes, by %s', async (_title, announced, scheme, connections) => {
    const page = `HTTP/1.1 404 Not Found\r\ncontent-length: ${announced}\r\n\r\n${'x'.repeat(300)}`;
    const server = await serving(
      (socket, asked) => (asked.number === 0 ? socket.write(page) : good(socket, asked)),
      scheme === 'https',
    );
    const source = open(server);
    expect((await faultOf(readAll(source, 'f', whole))).code).toBe('NET-02');
    await readRight(source);
    expect(server.connections.length).toBe(connections);
  });

  it('is given up when the page of a refusal was longer than it said, and the answer comes over another', async () => {
    const server = await serving(async (socket, asked) => {
      if (asked.number > 0 && asked.connection > 0) return good(socket, asked);
      if (asked.number > 0) return;
      socket.write('HTTP/1.1 404 Not Found\r\ncontent-length: 4\r\n\r\npage');
      await wait(50);
      socket.write('and more of it, which is no answer');
    });
    const source = open(server);
    expect((await faultOf(readAll(source, 'f', whole))).code).toBe('NET-02');
    await readRight(source);
    expect(server.connections.length).toBe(2);
  });

  it('is as many as before where a source that makes room was in the middle of something', async () => {
    let release = (): void => {};
    const server = await serving((socket, asked) => {
      if (asked.number > 0) return good(socket, asked);
      socket.write('HTTP/1.1 404 Not Found\r\ncontent-length: 4\r\n\r\n');
      release = () => socket.write('page');
    }, true);
    const source = open(server, 4);
    await source.limitConnections?.(1);
    expect((await faultOf(readAll(source, 'f', whole))).code).toBe('NET-02');
    await source.limitConnections?.(4);
    release();
    await wait(20);
    await source.limitConnections?.(4);
    await Promise.all(Array.from({ length: 4 }, () => readRight(source)));
    expect(server.connections.filter(socket => !socket.destroyed).length).toBe(4);
  });

  it.each(['http', 'https'])('makes room for others, by %s', async scheme => {
    const server = await serving(good, scheme === 'https');
    const source = open(server, 4);
    const openNow = (): number => server.connections.filter(socket => !socket.destroyed).length;
    const readFour = () => Promise.all(Array.from({ length: 4 }, () => readRight(source)));
    await readFour();
    expect(openNow()).toBe(4);
    await source.limitConnections?.(2);
    await wait(20);
    expect(openNow()).toBeLessThanOrEqual(2);
    await readFour();
    expect(openNow()).toBeLessThanOrEqual(2);
    await source.letGo?.();
    await wait(20);
    expect(openNow()).toBe(0);
    await source.limitConnections?.(1);
    await readFour();
    expect(openNow()).toBe(1);
    // As many as its settings say.
    await source.limitConnections?.(Number.POSITIVE_INFINITY);
    await readFour();
    expect(openNow()).toBe(4);
  });

  it('is closed when its answer is given up midway', async () => {
    const server = await serving((socket, asked) => (asked.number === 0 ? part : good)(socket, asked));
    const source = open(server);
    const { bytes } = await source.read('f', whole);
    for await (const _piece of bytes) break;
    await server.closed(0);
    await readRight(source);
    expect(server.asked.map(({ connection }) => connection)).toEqual([0, 1]);
  });

  it.each<readonly [string, (socket: Socket) => unknown]>([
    ['ended', socket => socket.end()],
    ['reset', socket => socket.resetAndDestroy()],
    ['cut in the middle of the head', socket => socket.end('HTTP/1.1 200 OK\r\ncontent-le')],
  ])('that is %s just as it is asked again costs the reader nothing', async (_title, stop) => {
    const server = await serving((socket, asked) =>
      asked.number === 1 ? stop(socket) : good(socket, asked),
    );
    const source = open(server);
    for (let times = 0; times < 3; times++) await readRight(source);
    expect(server.asked.map(({ connection }) => connection)).toEqual([0, 0, 1, 1]);
  });

  it.each([1, 2, 4])('is one of %i at the most', async most => {
    let held: (() => void)[] = [];
    const server = await serving((socket, asked) => {
      held.push(() => good(socket, asked));
      if (held.length < most) return;
      for (const answer of held) answer();
      held = [];
    });
    const source = open(server, most);
    await Promise.all(Array.from({ length: most * 3 }, () => readRight(source)));
    expect([server.asked.length, server.connections.length]).toEqual([most * 3, most]);
  });
});

describe('a server that answers in another way once is asked by the library from then on', () => {
  const chunk = `${file.length.toString(16)}\r\n`;
  it.each([
    ['in chunks', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n', chunk, '\r\n0\r\n\r\n'],
    ['in HTTP/1.0', `HTTP/1.0 200 OK\r\ncontent-length: ${file.length}\r\n\r\n`, '', ''],
    ['up to the end of the connection', 'HTTP/1.1 200 OK\r\n\r\n', '', ''],
  ])('%s', async (_title, head, before, behind) => {
    const server = await serving(socket => {
      socket.write(head + before);
      socket.write(file);
      socket.end(behind);
    });
    const source = open(server);
    for (const requests of [2, 3, 4]) {
      await readRight(source);
      expect(server.asked.length).toBe(requests);
    }
  });
});

describe('bytes are right', () => {
  const answer = Buffer.concat([bytesOf(headOf(file.length)), file]);
  const body = answer.length - file.length;
  const hints = bytesOf('HTTP/1.1 103 Early Hints\r\n\r\n');
  const cut = (...at: readonly number[]): Buffer[] =>
    [0, ...at].map((begin, number) => answer.subarray(begin, at[number]));
  const cases: readonly (readonly [string, readonly Uint8Array[]])[] = [
    ['in one piece', [answer]],
    ['a head byte by byte', cut(...Array.from({ length: body }, (_, at) => at + 1))],
    ['a head cut in the middle of its end', cut(body - 2)],
    ['head and body apart', cut(body)],
    ['the first byte of the body with the head', cut(body + 1)],
    ['the last byte alone', cut(answer.length - 1)],
    ['early hints apart', [hints, answer]],
    ['early hints in one piece with the answer', [Buffer.concat([hints, answer])]],
  ];
  it.each(cases)('%s', async (_title, pieces) => {
    const server = await serving(async socket => {
      for (const piece of pieces) {
        await new Promise(resolve => socket.write(piece, resolve));
        await wait(1);
      }
    });
    const source = open(server);
    for (let times = 0; times < 2; times++) await readRight(source);
    expect([server.asked.length, server.connections.length]).toEqual([2, 1]);
  });

  it.each(['http', 'https'])('by %s, for a reader that is busy between pieces', async scheme => {
    const large = Buffer.alloc(3_000_000, file);
    const server = await serving(sending(large), scheme === 'https');
    const source = open(server);
    for (let times = 0; times < 2; times++) {
      let at = 0;
      for await (const piece of (await source.read('f', { expectedSize: large.length })).bytes) {
        await wait(1);
        expect(Buffer.compare(piece, large.subarray(at, at + piece.length)), `from byte ${at}`).toBe(0);
        at += piece.length;
      }
      expect(at).toBe(large.length);
    }
    expect(server.connections.length).toBe(1);
  });

  it('from an IPv6 address', async () => {
    const server = await serving(good, false, '::1');
    await readRight(open(server));
    expect(server.asked[0]?.text).toContain(`\r\nhost: ${new URL(server.url).host}\r\n`);
  });
});

/** Accepts nobody, and as many wait already as may: whoever connects now is not answered. */
async function fullServer(scheme: 'http' | 'https'): Promise<{ readonly url: string }> {
  const listen = `const server = require('node:net').createServer().listen(0, '127.0.0.1', 1, () => {
    require('node:worker_threads').parentPort.postMessage(server.address().port);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });`;
  const worker = new Worker(listen, { eval: true });
  const [port] = await once(worker, 'message');
  const waiting = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')];
  closing.push(() => Promise.all([worker.terminate(), ...waiting.map(socket => socket.destroy())]));
  await Promise.all(waiting.map(socket => once(socket, 'connect')));
  return { url: `${scheme}://127.0.0.1:${port}` };
}

/** What the reader is told. */
async function told(source: Source, signal: AbortSignal): Promise<string> {
  const read = readAll(source, 'f', { ...whole, signal });
  return await read.then(
    () => 'success',
    thrown => String(thrown.code),
  );
}

describe.each<[string, RegExp, (source: Source, stop: AbortController) => unknown]>([
  ['is stopped by its signal', /^STOP-01$/, (_, stop) => stop.abort()],
  ['loses its source', /^NET-0[16]$/, source => source.close()],
])('a reader that %s', (_way, expected, end) => {
  it.each<[string, Answer]>([
    ['while it waits for the head', () => {}],
    ['in the middle of the head', socket => socket.write('HTTP/1.1 200 O')],
    ['in the middle of the body', part],
  ])('%s is told so, and the connection is closed', async (_title, answer) => {
    const server = await serving(answer);
    const source = open(server);
    const stop = new AbortController();
    const code = told(source, stop.signal);
    while (!server.connections[0]?.bytesRead) await nextTurn();
    await wait(10);
    await end(source, stop);
    expect(await code).toMatch(expected);
    await server.closed(0);
  });

  const openKept = async () => {
    const source = open(await serving());
    await readRight(source);
    return source;
  };
  const openTaken = async () => {
    const source = open(await serving(part));
    await source.read('f', whole);
    return source;
  };
  it.each([
    ['while it connects', async () => open(await fullServer('http'))],
    ['while it connects by the library', async () => open(await fullServer('https'))],
    ['as it takes a kept connection', openKept],
    ['while it waits for its turn', openTaken],
  ])('%s is told so at once', { timeout: 1500 }, async (_title, opened) => {
    const source = await opened();
    const stop = new AbortController();
    const code = told(source, stop.signal);
    await nextTurn();
    await end(source, stop);
    expect(await code).toMatch(expected);
  });
});

const forged = ['"1"\r\nx-forged: 1', '"1"\n', '"\0"', '"\u0100"'];
it.each(forged)('a validator that is no value of a header is not sent: %j', async validator => {
  const server = await serving();
  const options = { ...whole, range: { start: 0, end: 10 }, validator };
  expect((await faultOf(readAll(open(server), 'f', options))).code).toMatch(/^NET-/);
  expect(server.asked).toEqual([]);
});
