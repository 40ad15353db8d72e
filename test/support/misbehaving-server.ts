// A distribution point that can be told, request by request, what to do wrong. Told nothing it is a good one.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { setTimeout as wait } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';

/** What to do wrong with one answer. Byte counts are counts of the body of this answer. */
export type Misbehaviour =
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  /** Closes the connection after so many bytes of the announced length. */
  | { readonly kind: 'drop'; readonly afterBytes: number }
  /** Resets the connection in place of any answer. */
  | { readonly kind: 'reset' }
  /** Sends so many bytes and then nothing, without closing; without `afterBytes` not even a head. */
  | { readonly kind: 'stall'; readonly afterBytes?: number }
  | { readonly kind: 'trickle'; readonly pieceBytes: number; readonly everyMs: number }
  /** Announces and sends a shorter file. */
  | { readonly kind: 'truncate'; readonly toBytes: number }
  /** Flips one bit at this offset of the file, when the answer covers it. */
  | { readonly kind: 'corrupt'; readonly offset: number }
  | { readonly kind: 'ignore-range' }
  | { readonly kind: 'etag'; readonly etag: string | undefined }
  /** Tells another time than the real one. */
  | { readonly kind: 'date'; readonly date: string; readonly age?: string }
  /** 206 with another range than the one asked for. */
  | { readonly kind: 'other-range'; readonly shift: number }
  /** 206 whose Content-Range tells another size of the file. */
  | { readonly kind: 'other-size'; readonly size: number }
  | { readonly kind: 'redirect'; readonly to: string; readonly status?: number }
  /** A captive portal: 200 and a page. */
  | { readonly kind: 'page' }
  /** Compressed without being asked. */
  | { readonly kind: 'gzip' }
  /** No length announced, and `surplus` bytes more than there are, or fewer when negative. */
  | { readonly kind: 'chunked'; readonly surplus: number }
  /** Words that are not HTTP. */
  | { readonly kind: 'gibberish' };

/** One request as the server saw it; `number` counts from 0. */
export interface SeenRequest {
  readonly number: number;
  readonly path: string;
  readonly range: string | undefined;
  readonly ifRange: string | undefined;
  readonly acceptEncoding: string | undefined;
}

export interface MisbehavingServer {
  readonly url: string;
  readonly requests: readonly SeenRequest[];
  close(): Promise<void>;
}

export interface MisbehavingOptions {
  /** What it serves, by path without leading slash; may be changed while it runs (the ETag follows). */
  readonly files: Map<string, Uint8Array>;
  /** Asked for each request; undefined for a good answer. */
  readonly behave?: (request: SeenRequest) => Misbehaviour | undefined;
  /** Serves https with this key and certificate. */
  readonly tls?: { readonly key: string; readonly cert: string };
}

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
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${address.port}`,
    requests,
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
  };
}

async function answer(
  seen: SeenRequest,
  response: ServerResponse,
  file: Uint8Array | undefined,
  wrong: Misbehaviour | undefined,
): Promise<void> {
  switch (wrong?.kind) {
    case 'status':
      response.writeHead(wrong.status, wrong.headers).end(wrong.body ?? `${wrong.status}`);
      return;
    case 'reset':
      response.socket?.resetAndDestroy();
      return;
    case 'redirect':
      response.writeHead(wrong.status ?? 302, { location: wrong.to }).end();
      return;
    case 'page':
      response
        .writeHead(200, { 'content-type': 'text/html' })
        .end('<html><title>Welcome to the hotel</title></html>');
      return;
    case 'gibberish':
      response.socket?.end('SSH-2.0-OpenSSH_9.2\r\n');
      return;
    case 'stall':
      if (wrong.afterBytes === undefined) return;
      break;
    default:
  }
  if (!file) {
    response.writeHead(404).end();
    return;
  }
  await send(response, planned(seen, file, wrong), wrong);
}

interface PlannedAnswer {
  readonly status: number;
  readonly headers: Record<string, string | number>;
  readonly body: Uint8Array;
}

/** The good answer, bent where the misbehaviour bends head or bytes. */
function planned(seen: SeenRequest, original: Uint8Array, wrong: Misbehaviour | undefined): PlannedAnswer {
  let file = original;
  if (wrong?.kind === 'truncate') file = file.subarray(0, wrong.toBytes);
  if (wrong?.kind === 'corrupt') {
    file = Uint8Array.from(file);
    file[wrong.offset] = (file[wrong.offset] ?? 0) ^ 1;
  }
  const etag = wrong?.kind === 'etag' ? wrong.etag : etagOf(file);
  const headers: Record<string, string | number> = {
    'content-type': 'application/octet-stream',
    ...(etag === undefined ? {} : { etag }),
    ...(wrong?.kind === 'date' ? { date: wrong.date } : {}),
    ...(wrong?.kind === 'date' && wrong.age !== undefined ? { age: wrong.age } : {}),
  };
  const part = wrong?.kind === 'ignore-range' ? undefined : wantedPart(seen, etag, file.length);
  if (part) {
    const shift = wrong?.kind === 'other-range' ? wrong.shift : 0;
    const size = wrong?.kind === 'other-size' ? wrong.size : file.length;
    headers['content-range'] = `bytes ${part.start + shift}-${part.end + shift - 1}/${size}`;
  }
  let body = part ? file.subarray(part.start, part.end) : file;
  if (wrong?.kind === 'gzip') {
    body = gzipSync(body);
    headers['content-encoding'] = 'gzip';
  }
  if (wrong?.kind === 'chunked')
    body =
      wrong.surplus < 0
        ? body.subarray(0, body.length + wrong.surplus)
        : Buffer.concat([body, Buffer.alloc(wrong.surplus, 1)]);
  else headers['content-length'] = body.length;
  return { status: part ? 206 : 200, headers, body };
}

function wantedPart(
  seen: SeenRequest,
  etag: string | undefined,
  size: number,
): { readonly start: number; readonly end: number } | undefined {
  const match = /^bytes=(\d+)-(\d+)$/.exec(seen.range ?? '');
  if (!match || (seen.ifRange !== undefined && seen.ifRange !== etag)) return undefined;
  return { start: Number(match[1]), end: Math.min(size, Number(match[2]) + 1) };
}

async function send(
  response: ServerResponse,
  { status, headers, body }: PlannedAnswer,
  wrong: Misbehaviour | undefined,
): Promise<void> {
  response.writeHead(status, headers);
  if (wrong?.kind === 'drop' || wrong?.kind === 'stall') {
    response.write(body.subarray(0, wrong.afterBytes));
    if (wrong.kind === 'drop') {
      await wait(5);
      response.destroy();
    }
    return;
  }
  if (wrong?.kind === 'trickle') {
    for (let at = 0; at < body.length && !response.destroyed; at += wrong.pieceBytes) {
      response.write(body.subarray(at, at + wrong.pieceBytes));
      await wait(wrong.everyMs);
    }
  } else if (wrong?.kind === 'chunked') {
    response.write(body.subarray(0, body.length >> 1));
    response.end(body.subarray(body.length >> 1));
    return;
  } else {
    response.write(body);
  }
  response.end();
}

/** Changes with the bytes, as a good server's does. */
function etagOf(file: Uint8Array): string {
  return `"${createHash('sha256').update(file).digest('hex')}"`;
}
