// A distribution point over HTTP or HTTPS: any static web server that knows GET and, better, Range. It is not trusted; every answer is
// judged before its bytes are used, and a failing head is asked for again with patience. A body that breaks is the reader's to resume,
// since only the reader knows which bytes were proven.
import { Fault } from '../fault/fault.ts';
import type { Clock } from '../progress/clock.ts';
import { readWithin, takeBandwidth } from './bandwidth-throttle.ts';
import type { AddressAccess } from './http/access.ts';
import type { Accounts } from './http/accounts.ts';
import { type Exchange, type HttpClient, openHttpClient } from './http/exchange.ts';
import { judgeDocumentAnswer, judgeFileAnswer, judgePostAnswer } from './http/judge.ts';
import { networkFault } from './http/network-fault.ts';
import { collect, exactly } from './http/pieces.ts';
import { isRedirect, nextAddress } from './http/redirect.ts';
import { serverDate } from './http/server-date.ts';
import { refuseWantOfCertificate } from './http/wanted-certificate.ts';
import { machinesOf } from './http/way.ts';
import { type Patience, retrying } from './retry.ts';
import type { ReadOptions, Source, SourceAddress, SourceStream } from './source.ts';
import { type StallWatch, watchForStall } from './stall-watch.ts';
import type { TransferSettings } from './transfer-settings.ts';

/** A near server fills it; a longer one gains nothing more. */
const MOST_READ_BYTES = 1024 * 1024;

/** What an HTTP source works with. */
export interface HttpSourceWorld {
  readonly settings: TransferSettings;
  readonly clock: Clock;
  readonly random: () => number;
  /** For what the address itself does not carry. */
  readonly accounts?: Accounts;
  /** Told of each wait before a request is repeated. */
  readonly onPause?: Patience['onPause'];
}

/**
 * Opens no connection yet. The address is checked by the caller (`openSource`).
 * @param locate where a path lies; below the address, name by name, when left out.
 */
export function openHttpSource(
  address: SourceAddress,
  world: HttpSourceWorld,
  locate?: (path: string) => URL,
): Source {
  const { settings, random } = world;
  const root = new URL(address.url.endsWith('/') ? address.url : `${address.url}/`);
  const urlOf = locate ?? ((path: string): URL => addressOf(root, path));
  let lastDate: Date | undefined;
  const client = openHttpClient({
    origin: root.origin,
    access: () => accessNow(address, world.accounts),
    heard(head) {
      const date = serverDate(head);
      // The latest: an answer out of a cache may be told with the time at which it was made.
      if (date !== undefined && (lastDate === undefined || date > lastDate)) lastDate = date;
    },
    connections: settings.connections,
    readBytes: () => Math.min(MOST_READ_BYTES, readWithin(world)),
    connectTimeoutMs: Math.min(10_000, settings.stallTimeoutMs),
  });
  const patience = (signal?: AbortSignal): Patience => ({
    retryCount: settings.retryCount,
    retryDelayMs: settings.retryDelayMs,
    longestWaitMs: settings.longestWaitMs,
    random,
    onPause: world.onPause,
    ...(signal ? { signal } : {}),
  });

  return {
    name: address.url,
    priority: address.priority,
    ...(address.level === undefined ? {} : { level: address.level }),
    get address() {
      return { ...address, ...accessNow(address, world.accounts) };
    },
    readDocument(path, { maxBytes, signal, onAnswer }) {
      const url = urlOf(path);
      return retrying(async () => {
        const transfer = await begin(client, url, {}, world, signal);
        onAnswer?.();
        return transfer.judged(
          head => judgeDocumentAnswer(head, url.href, maxBytes),
          () => collect(transfer.pieces(), maxBytes, url.href),
        );
      }, patience(signal));
    },
    read(path, options) {
      const url = urlOf(path);
      return retrying(() => readFile(client, url, options, world), patience(options.signal));
    },
    lastDate: () => lastDate,
    async post(path, document, { timeoutMs, headers = {}, signal }) {
      const url = urlOf(path);
      const limit = AbortSignal.timeout(timeoutMs);
      try {
        const exchange = await client.post(
          url,
          { 'content-type': 'application/json', ...headers },
          document,
          signal === undefined ? limit : AbortSignal.any([signal, limit]),
        );
        exchange.discard();
        judgePostAnswer(exchange, url.href);
        return exchange.status;
      } catch (thrown) {
        if (signal?.aborted) throw new Fault('STOP-01', url.href, {}, { cause: thrown });
        if (limit.aborted) throw new Fault('NET-05', url.href, { timeoutMs });
        throw networkFault(thrown, url.href, 'head', client.wayOf([url]));
      }
    },
    limitConnections: most => client.limitConnections(most),
    letGo: () => client.letGo(),
    close: () => client.close(),
  };
}

/** With the accounts that are known by now, for the server and for the proxy. */
function accessNow(address: SourceAddress, accounts: Accounts | undefined): AddressAccess {
  const authorization = address.authorization ?? accounts?.of(address.url);
  const { proxy } = address;
  const known = proxy && (proxy.authorization ?? accounts?.of(proxy.url));
  return {
    ...address,
    ...(authorization === undefined ? {} : { authorization }),
    ...(proxy === undefined || known === undefined ? {} : { proxy: { ...proxy, authorization: known } }),
  };
}

async function readFile(
  client: HttpClient,
  url: URL,
  options: ReadOptions,
  world: HttpSourceWorld,
): Promise<SourceStream> {
  const { range, validator, expectedSize } = options;
  const transfer = await begin(client, url, rangeHeaders(options), world, options.signal);
  return transfer.judged(
    head =>
      judgeFileAnswer(head, {
        subject: url.href,
        expectedSize,
        ...(range ? { range } : {}),
        ...(validator === undefined ? {} : { validator }),
      }),
    found => ({
      ...found,
      bytes: exactly(range ? range.end - range.start : expectedSize, transfer.pieces(), url.href),
    }),
  );
}

/** If-Range without Range would say nothing (RFC 9110 section 13.1.5); the judge compares the validator of a whole answer itself. */
function rangeHeaders({ range, validator }: ReadOptions): Record<string, string> {
  if (!range) return {};
  const headers: Record<string, string> = { range: `bytes=${range.start}-${range.end - 1}` };
  if (validator !== undefined) headers['if-range'] = validator;
  return headers;
}

/** An answer under watch: stalls and aborts end it under their own names. */
interface Transfer {
  /** Applies a judgement to the head and then uses the body; a refusal gives the body up. */
  judged<J, T>(judge: (head: Exchange) => J, use: (judgement: J) => T | Promise<T>): Promise<T>;
  pieces(): AsyncGenerator<Uint8Array, void, undefined>;
}

/** Sends the request and follows redirects until there is an answer. */
async function begin(
  client: HttpClient,
  url: URL,
  headers: Readonly<Record<string, string>>,
  world: HttpSourceWorld,
  signal?: AbortSignal,
): Promise<Transfer> {
  const own = new AbortController();
  const visited: [URL, ...URL[]] = [url];
  let stalled = false;
  const watch = watchForStall(world.settings, world.clock, () => {
    stalled = true;
    own.abort();
  });
  const name = (thrown: unknown, phase: 'head' | 'body'): Fault => {
    if (signal?.aborted) return new Fault('STOP-01', url.href, {}, { cause: thrown });
    const way = client.wayOf(visited);
    if (stalled) {
      const { leastBytesPerSecond, stallTimeoutMs } = world.settings;
      // Without its cause: that is our own giving up.
      return new Fault('NET-05', url.href, {
        leastBytesPerSecond,
        stallTimeoutMs,
        phase,
        ...machinesOf(way),
      });
    }
    return networkFault(thrown, url.href, phase, way);
  };
  try {
    watch.waiting();
    const exchange = await follow(
      client,
      visited,
      headers,
      signal ? AbortSignal.any([signal, own.signal]) : own.signal,
    );
    watch.received(0);
    await refuseWantOfCertificate(exchange, url.href, () => client.wayOf(visited));
    signal?.throwIfAborted();
    return transferOf(exchange, {
      watch,
      nameBreak: thrown => name(thrown, 'body'),
      take: bytes => takeBandwidth(bytes, world, signal),
    });
  } catch (thrown) {
    watch.stop();
    throw name(thrown, 'head');
  }
}

/** Adds to `visited` each address that it is sent on to. */
async function follow(
  client: HttpClient,
  visited: [URL, ...URL[]],
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Exchange> {
  const [first] = visited;
  for (;;) {
    const exchange = await client.get(visited.at(-1) ?? first, headers, signal);
    if (!isRedirect(exchange.status)) return exchange;
    exchange.discard();
    visited.push(nextAddress(visited, exchange.headers.location, first.href));
  }
}

interface TransferEffects {
  readonly watch: StallWatch;
  readonly nameBreak: (thrown: unknown) => Fault;
  /** Resolves when the run may take so many bytes more. */
  readonly take: (bytes: number) => Promise<void>;
}

function transferOf(exchange: Exchange, { watch, nameBreak, take }: TransferEffects): Transfer {
  const end = (): void => {
    watch.stop();
    exchange.discard();
  };
  return {
    async judged(judge, use) {
      try {
        return await use(judge(exchange));
      } catch (thrown) {
        end();
        throw thrown;
      }
    },
    async *pieces() {
      const pieces = exchange.bytes[Symbol.asyncIterator]();
      try {
        for (;;) {
          watch.waiting();
          const next = await pieces.next();
          watch.received(next.done ? 0 : next.value.length);
          if (next.done) return;
          await take(next.value.length);
          yield next.value;
        }
      } catch (thrown) {
        throw nameBreak(thrown);
      } finally {
        end();
      }
    },
  };
}

/** Each name encoded by itself, so that `#`, `%`, `?` and spaces in a file name stay part of it. */
function addressOf(root: URL, path: string): URL {
  return new URL(path.split('/').map(encodeURIComponent).join('/'), root);
}
