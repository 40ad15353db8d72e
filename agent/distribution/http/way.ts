// By which way an address was asked: the machine to look at need not be the one that it names.
import { goesDirect } from '../../document/no-proxy.ts';
import type { Detail } from '../../fault/fault.ts';
import type { AddressAccess, ProxyRoute } from './access.ts';

export interface Way {
  /** Who was asked last: the address itself, or where it was redirected to. */
  readonly asked: URL;
  /** To another server than that of the address. */
  readonly isRedirected: boolean;
  /** By which it was asked. */
  readonly proxy?: ProxyRoute;
  /** It is shown a client certificate if it asks for one. */
  readonly showsCertificate: boolean;
  /** It has answered an earlier request of the same client. */
  readonly hasAnswered: boolean;
}

/**
 * @param visited all addresses so far, the one that is asked last
 * @param client the origin to which its certificate is shown, and those from which it has had an answer
 */
export function wayOf(
  visited: readonly [URL, ...URL[]],
  access: AddressAccess,
  client: { readonly origin: string; readonly answered: ReadonlySet<string> },
): Way {
  const asked = visited.at(-1) ?? visited[0];
  const proxy = proxyTo(asked, access);
  return {
    asked,
    isRedirected: asked.origin !== visited[0].origin,
    ...(proxy === undefined ? {} : { proxy }),
    showsCertificate: access.client !== undefined && asked.origin === client.origin,
    hasAnswered: client.answered.has(asked.origin),
  };
}

/** @returns undefined for who is asked without one. */
export function proxyTo(url: URL, { proxy }: AddressAccess): ProxyRoute | undefined {
  return proxy === undefined || goesDirect(url, proxy.noProxy) ? undefined : proxy;
}

/** What a fault names besides the address. Without accounts and without a query, which may be one. */
export function machinesOf({ asked, isRedirected, proxy }: Way): Detail {
  return {
    ...(isRedirected ? { redirectedTo: `${asked.origin}${asked.pathname}` } : {}),
    ...(proxy === undefined ? {} : { proxy: new URL(proxy.url).origin }),
  };
}
