// GET straight from a server, without the library, for answers of the plain kind that a static server gives. Everything else is left to the library: a
// server that once gave another answer is not asked in this way again.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ConnectionOptions } from 'node:tls';
import pLimit from 'p-limit';
import type { Exchange } from '../exchange.ts';
import { NotHttp } from '../http-errors.ts';
import { type ParsedHead, parseHead } from './answer-head.ts';
import { type Connection, openConnection } from './connection.ts';

/** As long as a connection is kept when the server says nothing of it; less than the shortest default of the usual servers (Apache httpd: 5 s). */
const KEPT_MS = 4000;
/** What the server says is for its own clock, and an answer takes its way. */
const KEPT_MARGIN_MS = 1000;

export interface DirectClientOptions {
  /** At the same time, to one origin. */
  readonly connections: number;
  readonly connectTimeoutMs: number;
  readonly tlsTo: (url: URL) => ConnectionOptions;
}

export interface DirectClient {
  /**
   * @returns undefined when the answer is not of the plain kind: nothing of it was used, and the library is to ask.
   * Throws what broke the connection, and NotHttp.
   */
  get(
    url: URL,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<Exchange | undefined>;
  close(): void;
}

interface Origin {
  readonly idle: Set<Connection>;
  /** Resolves when a connection may be used, to what gives it free. */
  readonly enter: () => Promise<() => void>;
  isUnusual: boolean;
}

/** Connects nothing yet. */
export function openDirectClient({
  connections,
  connectTimeoutMs,
  tlsTo,
}: DirectClientOptions): DirectClient {
  const origins = new Map<string, Origin>();
  const used = new Set<Connection>();
  const closing = new AbortController();

  function originOf({ origin }: URL): Origin {
    const known = origins.get(origin) ?? { idle: new Set(), enter: entering(connections), isUnusual: false };
    origins.set(origin, known);
    return known;
  }

  /** A kept connection, or a new one. */
  async function take(url: URL, { idle }: Origin, signal: AbortSignal) {
    for (;;) {
      const [connection] = idle;
      if (connection === undefined) break;
      idle.delete(connection);
      // What came behind the last answer would be taken for the next one. Between two turns everything is read that is there.
      await nextTurn();
      await nextTurn();
      if (connection.isSpent()) {
        connection.destroy();
        continue;
      }
      connection.wake();
      return { connection, wasKept: true };
    }
    const options = {
      timeoutMs: connectTimeoutMs,
      tls: tlsTo(url),
      signal: AbortSignal.any([signal, closing.signal]),
    };
    return { connection: await openConnection(url, options), wasKept: false };
  }

  function keep(connection: Connection, { idle }: Origin, keepMs: number): void {
    if (keepMs <= 0 || connection.isSpent()) {
      connection.destroy();
      return;
    }
    connection.rest();
    idle.add(connection);
    setTimeout(() => {
      if (idle.delete(connection)) connection.destroy();
    }, keepMs).unref();
  }

  async function ask(
    url: URL,
    text: string,
    origin: Origin,
    signal: AbortSignal,
    leave: () => void,
  ): Promise<Exchange | 'unusual' | 'was closed'> {
    const { connection, wasKept } = await take(url, origin, signal).catch(thrown => {
      leave();
      throw thrown;
    });
    used.add(connection);
    const onAbort = (): void => connection.destroy(asError(signal.reason));
    let done = false;
    const end = (keepMs: number): void => {
      if (done) return;
      done = true;
      signal.removeEventListener('abort', onAbort);
      used.delete(connection);
      keep(connection, origin, keepMs);
      leave();
    };
    try {
      if (signal.aborted) throw signal.reason;
      signal.addEventListener('abort', onAbort);
      connection.send(text);
      const read = await readHead(connection);
      if (read === 'unusual') {
        end(0);
        return 'unusual';
      }
      return answerOf(connection, read, end);
    } catch (thrown) {
      end(0);
      // A server may close a connection at the moment at which it is asked again.
      if (wasKept && !signal.aborted) return 'was closed';
      throw thrown;
    }
  }

  return {
    async get(url, headers, signal) {
      const origin = originOf(url);
      if (origin.isUnusual) return undefined;
      const text = requestText(url, headers);
      for (;;) {
        const answer = await ask(url, text, origin, signal, await origin.enter());
        if (answer === 'was closed') continue;
        if (answer !== 'unusual') return answer;
        origin.isUnusual = true;
        return undefined;
      }
    },
    close() {
      closing.abort();
      for (const { idle } of origins.values()) for (const connection of idle) connection.destroy();
      for (const connection of used) connection.destroy(new Error('the client was closed'));
      origins.clear();
    },
  };
}

/** So many may be inside at once. */
function entering(most: number): Origin['enter'] {
  const limit = pLimit(most);
  return () =>
    new Promise(resolve => {
      void limit(() => {
        const { promise, resolve: leave } = Promise.withResolvers<void>();
        resolve(leave);
        return promise;
      });
    });
}

function requestText(url: URL, headers: Readonly<Record<string, string>>): string {
  const fields = { host: url.host, connection: 'keep-alive', ...headers };
  const lines = Object.entries(fields).map(([name, value]) => {
    // What a server told (a validator) goes back to it, and must not become a line of its own.
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) throw new TypeError(`no value of a header: ${name}`);
    return `${name}: ${value}\r\n`;
  });
  return `GET ${url.pathname}${url.search} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

interface ReadHead {
  readonly head: ParsedHead;
  /** Bytes of the body that came with it. */
  readonly rest: Uint8Array;
}

async function readHead(connection: Connection): Promise<ReadHead | 'unusual'> {
  let bytes: Uint8Array = new Uint8Array();
  for (;;) {
    const piece = await connection.pull();
    if (piece === undefined) {
      throw closedEarly();
    }
    // Most heads come in one piece, which is not copied.
    bytes = bytes.length === 0 ? piece : Buffer.concat([bytes, piece]);
    const head = parseHead(bytes);
    if (head === 'unusual') return 'unusual';
    if (head === 'no HTTP') throw new NotHttp('what came is no answer');
    if (head !== undefined) return { head, rest: bytes.subarray(head.headBytes) };
    if (bytes === piece) bytes = Uint8Array.from(piece);
  }
}

function answerOf(connection: Connection, { head, rest }: ReadHead, end: (keepMs: number) => void): Exchange {
  const { status, headers, bodyBytes = 0, keepMs } = head;
  const kept = keepMs === undefined ? KEPT_MS : keepMs - KEPT_MARGIN_MS;
  let left = bodyBytes;
  let surplus = head.bodyBytes === undefined;
  // Only a connection on which nothing is left can be asked again.
  const finish = (): void => end(left === 0 && !surplus ? kept : 0);
  const taken = (piece: Uint8Array): Uint8Array => {
    const part = piece.subarray(0, left);
    surplus ||= part.length < piece.length;
    left -= part.length;
    return part;
  };
  async function* body(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      if (rest.length > 0) yield taken(rest);
      while (left > 0) {
        const piece = await connection.pull();
        if (piece === undefined) throw closedEarly();
        yield taken(piece);
      }
    } finally {
      finish();
    }
  }
  return { status, headers, bytes: body(), discard: finish };
}

/** As Node calls it when the other side does it without a word. */
function closedEarly(): Error {
  return Object.assign(new Error('the server closed the connection'), { code: 'ECONNRESET' });
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error('aborted', { cause: reason });
}
