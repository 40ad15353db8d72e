// One request and its answer: connections kept alive, nothing followed, nothing decompressed, nothing retried. Plain answers over http, without a proxy,
// are read straight from the socket; everything else is undici's, which is loaded only when it is needed.

import { setTimeout as wait } from 'node:timers/promises';
import { VERSION } from '../../version.ts';
import { authorizationHeader } from './access.ts';
import { openDirectClient } from './direct/direct-client.ts';
import type { DispatcherOptions, Dispatchers } from './dispatchers.ts';
import { NotHttp, ProxyRefusal } from './http-errors.ts';
import type { AnswerHead } from './judge.ts';
import { proxyTo, type Way, wayOf } from './way.ts';

/** An answer whose body has not been read yet. It must be read to its end or discarded. */
export interface Exchange extends AnswerHead {
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Gives up the body; the connection is closed unless the body was at its end. */
  discard(): void;
}

export interface HttpClient {
  /** GET. Throws what undici throws, NotHttp and ProxyRefusal. */
  get(url: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Exchange>;
  /** POST. Throws as `get` does. */
  post(
    url: URL,
    headers: Readonly<Record<string, string>>,
    body: Uint8Array,
    signal: AbortSignal,
  ): Promise<Exchange>;
  /** By which way the last of `visited` is asked. */
  wayOf(visited: readonly [URL, ...URL[]]): Way;
  /** As that of a source. Connections of undici are ended only when it has nothing under way. */
  limitConnections(most: number): Promise<void>;
  letGo(): Promise<void>;
  close(): Promise<void>;
}

/** The account of `access` goes to `origin` alone, which is asked for itself: a server that it redirects to is a stranger. */
export interface HttpClientOptions extends DispatcherOptions {
  /** Told the head of every answer, redirects among them. */
  heard?(head: AnswerHead): void;
  /** What one read takes at the most, in bytes; asked with each connection. */
  readBytes(): number;
}

/** The page of a refusal is read to its end, so that the connection can be used again; not when it is longer than this, or takes longer. */
const PAGE = { limit: 16_384, ms: 1000 };

/** So often one looks whether answers that nobody reads any more are at their end, and waits in between. */
const SETTLE = { times: 5, ms: 10 };

/** Opens nothing yet: the first `get` does. */
export function openHttpClient(options: HttpClientOptions): HttpClient {
  let opening: Promise<{ undici: typeof import('undici'); dispatchers: Dispatchers }> | undefined;
  let connections = options.connections;
  /** What the pools of undici were opened with; undefined before there are any. */
  let pooled: number | undefined;
  /** Requests of undici whose answers are not at their end. */
  let underWay = 0;
  /** Origins. */
  const answered = new Set<string>();
  const heard = (url: URL, head: AnswerHead): void => {
    answered.add(url.origin);
    options.heard?.(head);
  };
  const open = async () => {
    const [undici, { openDispatchers }] = await Promise.all([import('undici'), import('./dispatchers.ts')]);
    // A pool opens another connection where one is about to be free: how many there may be, it has to know itself.
    const limited = {
      ...options,
      get connections() {
        pooled = connections;
        return connections;
      },
    };
    return { undici, dispatchers: openDispatchers(undici, limited) };
  };
  const account = (url: URL): Record<string, string> => {
    const { authorization, insecure } = options.access();
    if (authorization === undefined || insecure === true || url.origin !== options.origin) return {};
    return { authorization: authorizationHeader(authorization) };
  };
  const direct = openDirectClient(options);
  const headersTo = (url: URL, headers: Readonly<Record<string, string>>): Record<string, string> => ({
    'accept-encoding': 'identity',
    'user-agent': `prestage/${VERSION}`,
    ...account(url),
    ...headers,
  });
  const getDirect = async (
    url: URL,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<Exchange | undefined> => {
    // The bytes of TLS come through a stream in any case (connection.ts).
    if (url.protocol !== 'http:') return undefined;
    if (proxyTo(url, options.access()) !== undefined) return undefined;
    const answer = await direct.get(url, headersTo(url, headers), signal);
    if (answer !== undefined) heard(url, answer);
    return answer;
  };
  const send = async (
    method: 'GET' | 'POST',
    url: URL,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
    body?: Uint8Array,
  ): Promise<Exchange> => {
    opening ??= open();
    const { undici, dispatchers } = await opening;
    // What is asked straight from the socket may still be under way: together they are not more.
    const leave = method === 'GET' ? await direct.enter(url, signal) : () => {};
    underWay++;
    const over = (): void => {
      underWay--;
      leave();
    };
    const ask = async () => {
      const answer = await undici.request(url, {
        method,
        dispatcher: dispatchers.to(url),
        signal,
        headers: headersTo(url, headers),
        ...(body === undefined ? {} : { body }),
      });
      answer.body.once('close', over);
      return answer;
    };
    const asked = ask().catch(thrown => {
      over();
      if (thrown instanceof undici.errors.HTTPParserError)
        throw new NotHttp(thrown.message, { cause: thrown });
      const refused = proxyStatus(thrown);
      throw refused === undefined ? thrown : new ProxyRefusal(refused, thrown);
    });
    const answer = await heeding(signal, asked, late => late.body.on('error', () => {}).destroy());
    // After `discard` undici may still report the broken connection; nobody is left who would want to know.
    answer.body.on('error', () => {});
    const head = { status: answer.statusCode, headers: flatten(answer.headers) };
    heard(url, head);
    return { ...head, bytes: answer.body, discard: () => discardAnswer(answer, signal) };
  };
  /** They open again with the next request. What is under way is not ended: whoever limits next tries again. */
  const endPools = async (): Promise<void> => {
    if (opening === undefined) return;
    const { dispatchers } = await opening;
    // The page of a refusal may be on its way.
    for (let times = 0; underWay > 0 && times < SETTLE.times; times++) await wait(SETTLE.ms);
    if (underWay > 0) return;
    pooled = undefined;
    await dispatchers.destroy();
  };
  return {
    get: async (url, headers, signal) =>
      (await getDirect(url, headers, signal)) ?? (await send('GET', url, headers, signal)),
    post: (url, headers, body, signal) => send('POST', url, headers, signal, body),
    wayOf: visited => wayOf(visited, options.access(), { origin: options.origin, answered }),
    async limitConnections(most) {
      connections = Math.min(most, options.connections);
      await direct.limitConnections(connections);
      if (pooled !== undefined && pooled !== connections) await endPools();
    },
    async letGo() {
      await direct.letGo();
      if (pooled !== undefined) await endPools();
    },
    async close() {
      // `destroy`, not `close`: at the end of an aborted run nobody waits for a stalled answer.
      direct.close();
      if (opening) await (await opening).dispatchers.destroy();
    },
  };
}

function discardAnswer(
  { statusCode, body }: Awaited<ReturnType<typeof import('undici').request>>,
  signal: AbortSignal,
): void {
  const isPage = statusCode >= 300 && !signal.aborted && !body.readableDidRead;
  if (!isPage) return void body.destroy();
  const limited = AbortSignal.any([signal, AbortSignal.timeout(PAGE.ms)]);
  body.dump({ limit: PAGE.limit, signal: limited }).catch(() => body.destroy());
}

/** Rejects with the reason of the abort at once: while undici connects it does not look at the signal. `giveUp` gets what comes all the same. */
function heeding<T>(signal: AbortSignal, asked: Promise<T>, giveUp: (late: T) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      reject(signal.reason);
      asked.then(giveUp, () => {});
    };
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort);
    const over = (): void => signal.removeEventListener('abort', onAbort);
    asked.then(
      answer => {
        over();
        resolve(answer);
      },
      thrown => {
        over();
        reject(thrown);
      },
    );
  });
}

/** undici tells what a proxy answered in words only (lib/dispatcher/proxy-agent.js), and says "aborted" or "invalid argument" by code. */
function proxyStatus(thrown: unknown): number | undefined {
  if (!(thrown instanceof Error)) return undefined;
  const [, tunnel, plain] =
    /^Proxy response \((\d{3})\) !== 200|^Proxy Authentication Required \((407)\)/.exec(thrown.message) ?? [];
  const status = tunnel ?? plain;
  return status === undefined ? undefined : Number(status);
}

/** A header sent twice is joined as RFC 9110 section 5.3 allows; for the single-valued ones we read, the join then fails to parse, which is right. */
function flatten(headers: Readonly<Record<string, string | string[] | undefined>>): AnswerHead['headers'] {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  );
}
