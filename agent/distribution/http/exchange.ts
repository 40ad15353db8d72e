// One request and its answer, by undici: connections kept alive, nothing followed, nothing decompressed, nothing retried.
// The library is loaded with the first request, so that a run that needs no network does not pay for it.
import { rootCertificates } from 'node:tls';
import type { Agent } from 'undici';
import { VERSION } from '../../version.ts';
import type { AnswerHead } from './judge.ts';

/** An answer whose body has not been read yet. It must be read to its end or discarded. */
export interface Exchange extends AnswerHead {
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Gives up the body; the connection is closed unless the body was at its end. */
  discard(): void;
}

/** What came back is not HTTP at all. */
export class NotHttp extends Error {}

export interface HttpClient {
  /** GET. Throws what undici throws, and NotHttp. */
  get(url: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Exchange>;
  /** POST. Throws as `get` does. */
  post(
    url: URL,
    headers: Readonly<Record<string, string>>,
    body: Uint8Array,
    signal: AbortSignal,
  ): Promise<Exchange>;
  close(): Promise<void>;
}

export interface HttpClientOptions {
  readonly connections: number;
  readonly connectTimeoutMs: number;
  /** PEM certificates of the site's own authority, trusted beside the well-known ones. */
  readonly ca?: string;
  /** Told the head of every answer, redirects among them. */
  heard?(head: AnswerHead): void;
}

/** Opens nothing yet: the first `get` does. */
export function openHttpClient(options: HttpClientOptions): HttpClient {
  let opening: Promise<{ undici: typeof import('undici'); agent: Agent }> | undefined;
  const open = async () => {
    const undici = await import('undici');
    return { undici, agent: new undici.Agent(agentOptions(options)) };
  };
  const send = async (
    method: 'GET' | 'POST',
    url: URL,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
    body?: Uint8Array,
  ): Promise<Exchange> => {
    opening ??= open();
    const { undici, agent } = await opening;
    const answer = await undici
      .request(url, {
        method,
        dispatcher: agent,
        signal,
        headers: { 'accept-encoding': 'identity', 'user-agent': `prestage/${VERSION}`, ...headers },
        ...(body === undefined ? {} : { body }),
      })
      .catch(thrown => {
        throw thrown instanceof undici.errors.HTTPParserError
          ? new NotHttp(thrown.message, { cause: thrown })
          : thrown;
      });
    // After `discard` undici may still report the broken connection; nobody is left who would want to know.
    answer.body.on('error', () => {});
    const head = { status: answer.statusCode, headers: flatten(answer.headers) };
    options.heard?.(head);
    return {
      ...head,
      bytes: answer.body,
      discard: () => void answer.body.destroy(),
    };
  };
  return {
    get: (url, headers, signal) => send('GET', url, headers, signal),
    post: (url, headers, body, signal) => send('POST', url, headers, signal, body),
    async close() {
      // `destroy`, not `close`: at the end of an aborted run nobody waits for a stalled answer.
      if (opening) await (await opening).agent.destroy();
    },
  };
}

/** The stall watch measures what undici's own time-outs cannot (bytes per second), so those are off. HTTP/2 was slower in every trial. */
function agentOptions({ connections, connectTimeoutMs, ca }: HttpClientOptions): Agent.Options {
  return {
    connections,
    pipelining: 1,
    allowH2: false,
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: 10_000,
    connect: { timeout: connectTimeoutMs, ...(ca === undefined ? {} : { ca: [...rootCertificates, ca] }) },
  };
}

/** A header sent twice is joined as RFC 9110 section 5.3 allows; for the single-valued ones we read, the join then fails to parse, which is right. */
function flatten(headers: Readonly<Record<string, string | string[] | undefined>>): AnswerHead['headers'] {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  );
}
