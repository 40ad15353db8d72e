// A web server that writes down what it was shown with each request: account, client certificate, the name that was asked for by TLS.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import { TLSSocket } from 'node:tls';

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly proxyAuthorization: string | undefined;
  /** Common name of the client's certificate. */
  readonly client: string | undefined;
  /** False where the client asked for no name. */
  readonly servername: string | false | undefined;
}

export interface SeenServer {
  readonly url: string;
  readonly port: number;
  readonly seen: Seen[];
  close(): Promise<void>;
}

export type Answer = (seen: Seen, response: ServerResponse) => void;

/** Answers `ok` to everything, unless `answer` does otherwise. @param host the loopback address to listen on. */
export async function startSeenServer(
  options: { readonly tls?: ServerOptions; readonly answer?: Answer; readonly host?: string } = {},
): Promise<SeenServer> {
  const { tls, host = '127.0.0.1' } = options;
  const answer: Answer = options.answer ?? ((_, response) => void response.end('ok'));
  const seen: Seen[] = [];
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    const { socket, headers } = request;
    const secure = socket instanceof TLSSocket ? socket : undefined;
    const peer = secure?.getPeerCertificate().subject;
    const one: Seen = {
      method: request.method ?? '',
      path: request.url ?? '',
      authorization: headers.authorization,
      proxyAuthorization: headers['proxy-authorization'],
      client: peer === undefined ? undefined : String(peer.CN),
      servername: secure?.servername ?? undefined,
    };
    seen.push(one);
    request.resume();
    answer(one, response);
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  server.listen(0, host);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `${tls === undefined ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${address.port}`,
    port: address.port,
    seen,
    async close() {
      server.close();
      server.closeAllConnections();
      if (server.listening) await once(server, 'close');
    },
  };
}
