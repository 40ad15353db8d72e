// A distribution point that can be told, request by request, what to do wrong. Told nothing it is a good one.
import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
  type Server,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { answer, type Misbehaviour } from './misbehaviour.ts';

export type { Misbehaviour } from './misbehaviour.ts';

/** One request as the server saw it; `number` counts from 0. */
export interface SeenRequest {
  readonly number: number;
  readonly path: string;
  readonly range: string | undefined;
  readonly ifRange: string | undefined;
  readonly acceptEncoding: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

export interface MisbehavingServer {
  readonly url: string;
  readonly requests: readonly SeenRequest[];
  close(): Promise<void>;
  /** How many there were so far. */
  connections(): number;
  /** How many were open together at the most, those at rest among them. That one was ended is seen a moment after it was. */
  mostOpen(): number;
}

export interface MisbehavingOptions {
  /** What it serves, by path without leading slash; may be changed while it runs (the ETag follows). */
  readonly files: Map<string, Uint8Array>;
  /** Asked for each request; undefined for a good answer. */
  readonly behave?: (request: SeenRequest) => Misbehaviour | undefined;
  /** Serves https with this key and certificate. */
  readonly tls?: { readonly key: string; readonly cert: string };
}

const CLOSING_MS = 10;

export async function startMisbehavingServer({
  files,
  behave,
  tls,
}: MisbehavingOptions): Promise<MisbehavingServer> {
  const requests: SeenRequest[] = [];
  const listener: RequestListener = (request, response) => {
    const seen = seenRequest(request, requests.length);
    requests.push(seen);
    // A client that hangs up in the middle is what most of these answers provoke.
    response.on('error', () => {});
    void answer(seen, response, files.get(seen.path), behave?.(seen));
  };
  const server: Server = tls ? createTlsServer(tls, listener) : createServer(listener);
  let [connections, open, mostOpen] = [0, 0, 0];
  server.on('connection', socket => {
    connections++;
    open++;
    setTimeout(() => {
      mostOpen = Math.max(mostOpen, open);
    }, CLOSING_MS);
    socket.on('close', () => {
      open--;
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${address.port}`,
    requests,
    connections: () => connections,
    mostOpen: () => mostOpen,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function seenRequest({ url = '/', headers }: IncomingMessage, number: number): SeenRequest {
  const ifRange = headers['if-range'];
  const acceptEncoding = headers['accept-encoding'];
  return {
    number,
    path: decodeURIComponent(url.slice(1)),
    range: headers.range,
    ifRange: typeof ifRange === 'string' ? ifRange : undefined,
    acceptEncoding: typeof acceptEncoding === 'string' ? acceptEncoding : undefined,
    headers,
  };
}
