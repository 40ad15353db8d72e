// How this computer comes to a web server: who it says that it is, by which proxy, and what it believes of certificates. Each account and certificate
// is for one server, told by its origin (scheme, host and port), and never shown to another one, wherever that one redirects to.

/** By which an account is told in a request: `Basic` (RFC 7617) or `Bearer` (RFC 6750). */
export type Authorization = { readonly user: string; readonly password: string } | { readonly token: string };

/** What a server that asks for a certificate is shown: PEM texts, or a PFX file (PKCS #12). */
export interface ClientCertificate {
  readonly cert?: string;
  readonly key?: string;
  readonly pfx?: Uint8Array;
  readonly passphrase?: string;
}

/** A proxy, only where one is named: environment variables and the system's own settings say nothing here. */
export interface ProxyRoute {
  /** `http://proxy:3128`; https where the way to the proxy itself is to be encrypted. */
  readonly url: string;
  readonly authorization?: Authorization;
  /** Who is asked without it: hosts, `.domains`, addresses and networks, as `goesDirect` reads them. */
  readonly noProxy: readonly string[];
}

/** What agent.yaml says of all servers. */
export interface HttpAccess {
  /** PEM certificates of the site's own authorities, all in one text. */
  readonly ca?: string;
  readonly proxy?: ProxyRoute;
  readonly clientCertificates: ReadonlyMap<string, ClientCertificate>;
  /** Origins whose certificate is not verified. */
  readonly unverified: ReadonlySet<string>;
}

/** What of it is for one address, as plain data that a worker thread can be told. */
export interface AddressAccess {
  /** PEM certificates of the site's own authority, trusted beside the well-known ones. */
  readonly ca?: string;
  /** For the server of this address alone. */
  readonly authorization?: Authorization;
  /** For the server of this address alone. */
  readonly client?: ClientCertificate;
  readonly proxy?: ProxyRoute;
  /** The certificate of this address's server is not verified: whoever answers is believed to be that server. Then no account is shown to it. */
  readonly insecure?: true;
}

/** Nothing but the well-known authorities. */
export const PLAIN_ACCESS: HttpAccess = { clientCertificates: new Map(), unverified: new Set() };

/** @param url of a source. Nothing for a folder or a share. */
export function accessTo(url: string, access: HttpAccess): AddressAccess {
  const origin = originOf(url);
  if (origin === undefined) return {};
  const client = access.clientCertificates.get(origin);
  return {
    ...(access.ca === undefined ? {} : { ca: access.ca }),
    ...(access.proxy === undefined ? {} : { proxy: access.proxy }),
    ...(client === undefined ? {} : { client }),
    ...(access.unverified.has(origin) ? { insecure: true } : {}),
  };
}

/** @returns `https://host:port` without a port that goes without saying; undefined for what is no web address. */
export function originOf(url: string): string | undefined {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  return parsed?.protocol === 'http:' || parsed?.protocol === 'https:' ? parsed.origin : undefined;
}

/** The value of `Authorization` or `Proxy-Authorization`. UTF-8, as RFC 7617 has it for servers that say nothing of it. */
export function authorizationHeader(authorization: Authorization): string {
  if ('token' in authorization) return `Bearer ${authorization.token}`;
  return `Basic ${Buffer.from(`${authorization.user}:${authorization.password}`).toString('base64')}`;
}

/** Every form in which what is secret of it could come to light, for the redactor. */
export function secretsOf(authorization: Authorization): readonly string[] {
  if ('token' in authorization) return [authorization.token];
  const { user, password } = authorization;
  const pair = Buffer.from(`${user}:${password}`).toString('base64');
  return [password, encodeURIComponent(password), pair];
}
