// What can be wrong with an answer as a whole, before anybody looks into it.

/** What came back is not HTTP at all. */
export class NotHttp extends Error {}

/** The proxy answered in the server's place. */
export class ProxyRefusal extends Error {
  readonly status: number;
  constructor(status: number, cause: unknown) {
    super(`the proxy answered ${status}`, { cause });
    this.status = status;
  }
}
