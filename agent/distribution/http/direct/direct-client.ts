// GET straight from a server, without the library, for answers of the plain kind that a static server gives. Everything else is left to the library: a
// server that once gave another answer is not asked in this way again.
import type { Exchange } from '../exchange.ts';
import { NotHttp } from '../http-errors.ts';
import { type ParsedHead, parseHead } from './answer-head.ts';
import { type Connection, openConnection } from './connection.ts';
import { type KeptConnections, keptConnections } from './kept-connections.ts';

/** As long as a connection is kept when the server says nothing of it; less than the shortest default of the usual servers (Apache httpd: 5 s). */
const KEPT_MS = 4000;
/** What the server says is for its own clock, and an answer takes its way. */
const KEPT_MARGIN_MS = 1000;

export interface DirectClientOptions {
  /** At the same time, to one origin. */
  readonly connections: number;
  readonly connectTimeoutMs: number;
  /** What one read takes at the most, in bytes; asked with each connection. */
  readonly readBytes: () => number;
}

export interface DirectClient {
  /**
   * @param url of http
   * @returns undefined when the answer is not of the plain kind: nothing of it was used, and the library is to ask.
   * Throws what broke the connection, NotHttp, and the reason of an abort.
   */
  get(
    url: URL,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<Exchange | undefined>;
  /** For whoever asks in another way: resolves when one more request to this origin may be under way, to what ends its turn. Rejects with the signal's reason. */
  enter(url: URL, signal: AbortSignal): Promise<() => void>;
  /** As that of a source, for each origin. */
  limitConnections(most: number): Promise<void>;
  letGo(): Promise<void>;
  close(): void;
}

interface Origin {
  readonly kept: KeptConnections;
  /** Connections to it on which a request is under way. */
  readonly used: Set<Connection>;
  isUnusual: boolean;
}

/** Connects nothing yet. */
export function openDirectClient(options: DirectClientOptions): DirectClient {
  const origins = new Map<string, Origin>();
  let most = options.connections;
  const closing = new AbortController();

  function originOf({ origin }: URL): Origin {
    const known = origins.get(origin) ?? {
      kept: keptConnections(most),
      used: new Set<Connection>(),
      isUnusual: false,
    };
    origins.set(origin, known);
    return known;
  }

  const open = (url: URL, signal: AbortSignal): Promise<Connection> =>
    openConnection(url, {
      timeoutMs: options.connectTimeoutMs,
      readBytes: options.readBytes(),
      signal: AbortSignal.any([signal, closing.signal]),
    });

  async function ask(
    url: URL,
    text: string,
    { kept, used }: Origin,
    signal: AbortSignal,
  ): Promise<Exchange | 'unusual' | 'was closed'> {
    const leave = await kept.enter(signal);
    let connection: Connection | undefined;
    let wasKept = false;
    const onAbort = (): void => connection?.destroy(asError(signal.reason));
    const end = once((restMs: number): void => {
      signal.removeEventListener('abort', onAbort);
      if (connection !== undefined) {
        used.delete(connection);
        kept.keep(connection, restMs);
      }
      leave();
    });
    try {
      connection = await kept.take();
      wasKept = connection !== undefined;
      signal.throwIfAborted();
      connection ??= await open(url, signal);
      used.add(connection);
      closing.signal.throwIfAborted();
      signal.throwIfAborted();
      signal.addEventListener('abort', onAbort);
      connection.send(text);
      const read = await readHead(connection);
      if (read !== 'unusual') return answerOf(connection, read, end);
      end(0);
      return read;
    } catch (thrown) {
      end(0);
      // A server may close a connection at the moment at which it is asked again, or send the rest of a page that was longer than it said.
      if (wasKept && !signal.aborted && !closing.signal.aborted) return 'was closed';
      throw thrown;
    }
  }

  return {
    async get(url, headers, signal) {
      const origin = originOf(url);
      if (origin.isUnusual) return undefined;
      const text = requestText(url, headers);
      for (;;) {
        const answer = await ask(url, text, origin, signal);
        if (answer === 'was closed') continue;
        if (answer !== 'unusual') return answer;
        origin.isUnusual = true;
        await origin.kept.restAtMost(0);
        return undefined;
      }
    },
    enter: (url, signal) => originOf(url).kept.enter(signal),
    async limitConnections(given) {
      most = given;
      await Promise.all(
        [...origins.values()].map(async ({ kept, used }) => {
          kept.allow(most);
          await kept.restAtMost(most - used.size);
        }),
      );
    },
    async letGo() {
      await Promise.all([...origins.values()].map(({ kept }) => kept.restAtMost(0)));
    },
    close() {
      const cause = new Error('the client was closed');
      closing.abort(cause);
      for (const { kept, used } of origins.values()) {
        kept.close(cause);
        for (const connection of used) connection.destroy(cause);
      }
    },
  };
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
    if (piece === undefined) throw closedEarly();
    // Most heads come in one piece, which is not copied.
    bytes = bytes.length === 0 ? piece : Buffer.concat([bytes, piece]);
    const head = parseHead(bytes);
    if (head === 'unusual') return 'unusual';
    if (head === 'no HTTP') throw new NotHttp('what came is no answer');
    if (head !== undefined) return { head, rest: bytes.subarray(head.headBytes) };
    if (bytes === piece) bytes = Uint8Array.from(piece);
  }
}

function answerOf(connection: Connection, { head, rest }: ReadHead, end: (restMs: number) => void): Exchange {
  const { status, headers, bodyBytes = 0, keepMs } = head;
  const kept = keepMs === undefined ? KEPT_MS : keepMs - KEPT_MARGIN_MS;
  let left = bodyBytes;
  let surplus = head.bodyBytes === undefined;
  let begun = false;
  // Only a connection on which nothing is left can be asked again.
  const finish = (): void => end(left === 0 && !surplus ? kept : 0);
  const taken = (piece: Uint8Array): Uint8Array => {
    const part = piece.subarray(0, left);
    surplus ||= part.length < piece.length;
    left -= part.length;
    return part;
  };
  async function* body(): AsyncGenerator<Uint8Array, void, undefined> {
    begun = true;
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
  const discard = (): void => {
    // The page of a refusal came with its head, as a rule: then the connection is as good as before.
    if (!begun) taken(rest);
    begun = true;
    finish();
  };
  return { status, headers, bytes: body(), discard };
}

function once<T>(act: (value: T) => void): (value: T) => void {
  let done = false;
  return value => {
    if (done) return;
    done = true;
    act(value);
  };
}

/** As Node calls it when the other side does it without a word. */
function closedEarly(): Error {
  return Object.assign(new Error('the server closed the connection'), { code: 'ECONNRESET' });
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error('aborted', { cause: reason });
}
