// By which way an address was asked: the machine to look at need not be the one that it names.
import { goesDirect } from '../../document/no-proxy.ts';
import type { Detail } from '../../fault/fault.ts';
import type { AddressAccess, ProxyRoute } from './access.ts';

export interface Way {
  /** Who was asked last: the address itself, or where it was redirected to. */
  readonly asked: URL;
  readonly isRedirected: boolean;
  /** By which it was asked. */
  readonly proxy?: ProxyRoute;
}

/** @param visited all addresses so far, the one that is asked last */
export function wayOf(visited: readonly [URL, ...URL[]], access: AddressAccess): Way {
  const asked = visited.at(-1) ?? visited[0];
  const proxy = proxyTo(asked, access);
  return { asked, isRedirected: visited.length > 1, ...(proxy === undefined ? {} : { proxy }) };
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
