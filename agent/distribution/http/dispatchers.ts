// The connections of one client by undici: for each origin its own pool, so that a client certificate, or the want of verification, is for that origin
// alone; through the proxy, or straight.
import { rootCertificates } from 'node:tls';
import type { Dispatcher, Pool } from 'undici';
import { type AddressAccess, authorizationHeader } from './access.ts';
import { heedAlerts } from './heed-alerts.ts';
import { proxyTo } from './way.ts';

type Undici = typeof import('undici');

export interface DispatcherOptions {
  /** At the same time, to one origin. */
  readonly connections: number;
  readonly connectTimeoutMs: number;
  /** The origin to which `client` and `insecure` of `access` apply. */
  readonly origin: string;
  /** Asked with each request: the proxy's account may become known later. */
  access(): AddressAccess;
}

export interface Dispatchers {
  to(url: URL): Dispatcher;
  /** Ends connections with requests under way, too. */
  destroy(): Promise<void>;
}

/** Connects nothing yet. */
export function openDispatchers(undici: Undici, options: DispatcherOptions): Dispatchers {
  const opened = new Map<string, Dispatcher>();
  const { connectTimeoutMs } = options;

  function open(url: URL, access: AddressAccess, token: string | undefined): Dispatcher {
    const requestTls = tlsTo(url, access, options.origin);
    const proxy = proxyTo(url, access);
    if (proxy === undefined)
      return new undici.Pool(url.origin, {
        ...poolOptions(options),
        connect: heedAlerts(
          undici.buildConnector({ timeout: connectTimeoutMs, allowH2: false, ...requestTls }),
        ),
      });
    return new undici.ProxyAgent({
      uri: proxy.url,
      ...(token === undefined ? {} : { token }),
      requestTls,
      proxyTls: tlsTo(new URL(proxy.url), { ...(access.ca === undefined ? {} : { ca: access.ca }) }, ''),
      connectTimeout: connectTimeoutMs,
      allowH2: false,
      // Without it the pools of a proxy have time-outs of their own, and no bound.
      factory: (origin: URL | string, given: Pool.Options) =>
        new undici.Pool(origin, {
          ...given,
          ...(typeof given.connect === 'function' ? { connect: heedAlerts(given.connect) } : {}),
          ...poolOptions(options),
        }),
    });
  }

  return {
    to(url) {
      const access = options.access();
      const { proxy } = access;
      const token = proxy?.authorization === undefined ? undefined : authorizationHeader(proxy.authorization);
      const key = `${url.origin} ${token ?? ''}`;
      const dispatcher = opened.get(key) ?? open(url, access, token);
      opened.set(key, dispatcher);
      return dispatcher;
    },
    async destroy() {
      const all = [...opened.values()];
      opened.clear();
      for (const dispatcher of all) await dispatcher.destroy();
    },
  };
}

/** The stall watch measures what undici's own time-outs cannot (bytes per second), so those are off. HTTP/2 was slower in every trial. */
function poolOptions({ connections }: DispatcherOptions): Pool.Options {
  return {
    connections,
    pipelining: 1,
    allowH2: false,
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: 10_000,
  };
}

/** What Node's TLS is told. The name that is asked for (SNI) and verified is the host of the URL; an IP address is never asked for (RFC 6066 section 3). */
function tlsTo(url: URL, { ca, client, insecure }: AddressAccess, origin: string) {
  const isOwn = url.origin === origin;
  return {
    ...(ca === undefined ? {} : { ca: [...rootCertificates, ca] }),
    ...(isOwn && client !== undefined ? certificateOptions(client) : {}),
    ...(isOwn && insecure === true ? { rejectUnauthorized: false } : {}),
  };
}

/** @returns what `tls` takes. A worker thread gets a PFX as bytes, not as a Buffer. */
export function certificateOptions({ cert, key, pfx, passphrase }: NonNullable<AddressAccess['client']>) {
  return {
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(pfx === undefined ? {} : { pfx: Buffer.from(pfx) }),
    ...(passphrase === undefined ? {} : { passphrase }),
  };
}
