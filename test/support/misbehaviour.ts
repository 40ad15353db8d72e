// What a server can do wrong with one answer, and how it does it.
import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';
import { TLSSocket } from 'node:tls';
import { gzipSync } from 'node:zlib';
import type { SeenRequest } from './misbehaving-server.ts';

/** Byte counts are counts of the body of this answer. */
export type Misbehaviour =
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  /** Closes the connection after so many bytes of the announced length. */
  | { readonly kind: 'drop'; readonly afterBytes: number }
  /** Resets the connection, after so many bytes or in place of any answer. */
  | { readonly kind: 'reset'; readonly afterBytes?: number }
  /** Sends so many bytes and then nothing, without closing; without `afterBytes` not even a head. */
  | { readonly kind: 'stall'; readonly afterBytes?: number }
  /** Sends the head byte by byte. */
  | { readonly kind: 'slow-head'; readonly everyMs: number }
  | { readonly kind: 'trickle'; readonly pieceBytes: number; readonly everyMs: number }
  /** Announces and sends a shorter file. */
  | { readonly kind: 'truncate'; readonly toBytes: number }
  /** Announces so many bytes more than it sends before it closes the connection, or fewer when negative. */
  | { readonly kind: 'length'; readonly by: number }
  /** Sends these bytes behind the end of a good answer. */
  | { readonly kind: 'surplus'; readonly text: string }
  /** Flips one bit at this offset of the file, when the answer covers it. */
  | { readonly kind: 'corrupt'; readonly offset: number }
  /** From this offset on it sends bytes of another file, under the tag of the right one. */
  | { readonly kind: 'other-bytes'; readonly from: number }
  | { readonly kind: 'ignore-range' }
  | { readonly kind: 'etag'; readonly etag: string | undefined }
  /** Tells another time than the real one. */
  | { readonly kind: 'date'; readonly date: string; readonly age?: string }
  /** 206 with another range than the one asked for. */
  | { readonly kind: 'other-range'; readonly shift: number }
  /** 206 whose Content-Range tells another size of the file. */
  | { readonly kind: 'other-size'; readonly size: number }
  /** 206 as `multipart/byteranges`, with the right bytes in it. */
  | { readonly kind: 'multipart' }
  | { readonly kind: 'redirect'; readonly to: string; readonly status?: number }
  /** A captive portal: 200 and a page. */
  | { readonly kind: 'page' }
  /** Compressed without being asked. */
  | { readonly kind: 'gzip' }
  /** No length announced, and `surplus` bytes more than there are, or fewer when negative. */
  | { readonly kind: 'chunked'; readonly surplus: number }
  /** No length announced, and the connection closed after so many bytes without the chunk that says that this is the end. */
  | { readonly kind: 'early-fin'; readonly afterBytes: number }
  /** These bytes in place of an answer, then the end of the connection. */
  | { readonly kind: 'raw'; readonly text: string };

/** Answers one request for a file, well or as it is told to. */
export async function answer(
  seen: SeenRequest,
  response: ServerResponse,
  file: Uint8Array | undefined,
  wrong: Misbehaviour | undefined,
): Promise<void> {
  if (wrong && (await answersWithoutFile(response, wrong))) return;
  if (file) await send(response, planned(seen, file, wrong), wrong);
  // With its length, as servers do: a connection whose answer ends nowhere cannot be used again.
  else response.writeHead(404, { 'content-length': 0 }).end();
}

/** @returns false for what is done wrong with the file itself. */
async function answersWithoutFile(response: ServerResponse, wrong: Misbehaviour): Promise<boolean> {
  switch (wrong.kind) {
    case 'status':
      response.writeHead(wrong.status, wrong.headers).end(wrong.body ?? `${wrong.status}`);
      return true;
    case 'redirect':
      response.writeHead(wrong.status ?? 302, { location: wrong.to }).end();
      return true;
    case 'page':
      response
        .writeHead(200, { 'content-type': 'text/html' })
        .end('<html><title>Welcome to the hotel</title></html>');
      return true;
    case 'raw':
      response.socket?.end(wrong.text);
      return true;
    case 'reset':
      if (wrong.afterBytes !== undefined) return false;
      reset(response.socket);
      return true;
    case 'stall':
      return wrong.afterBytes === undefined;
    default:
      return false;
  }
}

interface PlannedAnswer {
  readonly status: number;
  readonly headers: Record<string, string | number>;
  readonly body: Uint8Array;
}

/** The good answer, bent where the misbehaviour bends head or bytes. */
function planned(seen: SeenRequest, original: Uint8Array, wrong: Misbehaviour | undefined): PlannedAnswer {
  const file = bent(original, wrong);
  const etag = wrong?.kind === 'etag' ? wrong.etag : etagOf(wrong?.kind === 'other-bytes' ? original : file);
  const headers: Record<string, string | number> = {
    'content-type': 'application/octet-stream',
    ...(etag === undefined ? {} : { etag }),
    ...(wrong?.kind === 'date' ? { date: wrong.date } : {}),
    ...(wrong?.kind === 'date' && wrong.age !== undefined ? { age: wrong.age } : {}),
  };
  const part = wrong?.kind === 'ignore-range' ? undefined : wantedPart(seen, etag, file.length);
  let body = part ? file.subarray(part.start, part.end) : file;
  if (part) {
    const shift = wrong?.kind === 'other-range' ? wrong.shift : 0;
    const size = wrong?.kind === 'other-size' ? wrong.size : file.length;
    const range = `bytes ${part.start + shift}-${part.end + shift - 1}/${size}`;
    if (wrong?.kind === 'multipart') {
      headers['content-type'] = 'multipart/byteranges; boundary=b';
      body = Buffer.concat([
        Buffer.from(`--b\r\ncontent-range: ${range}\r\n\r\n`),
        body,
        Buffer.from('\r\n--b--'),
      ]);
    } else headers['content-range'] = range;
  }
  if (wrong?.kind === 'gzip') {
    body = gzipSync(body);
    headers['content-encoding'] = 'gzip';
  }
  if (wrong?.kind === 'chunked') body = resized(body, body.length + wrong.surplus);
  if (wrong?.kind !== 'chunked' && wrong?.kind !== 'early-fin')
    headers['content-length'] = body.length + (wrong?.kind === 'length' ? wrong.by : 0);
  return { status: part ? 206 : 200, headers, body };
}

function bent(original: Uint8Array, wrong: Misbehaviour | undefined): Uint8Array {
  if (wrong?.kind === 'truncate') return original.subarray(0, wrong.toBytes);
  if (wrong?.kind !== 'corrupt' && wrong?.kind !== 'other-bytes') return original;
  const file = Uint8Array.from(original);
  if (wrong.kind === 'corrupt') {
    if (wrong.offset < file.length) file[wrong.offset] = (file[wrong.offset] ?? 0) ^ 1;
    return file;
  }
  for (let at = wrong.from; at < file.length; at++) file[at] = ~(file[at] ?? 0);
  return file;
}

function resized(bytes: Uint8Array, length: number): Uint8Array {
  return length <= bytes.length
    ? bytes.subarray(0, length)
    : Buffer.concat([bytes, Buffer.alloc(length - bytes.length, 1)]);
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
  const { socket } = response;
  if (wrong?.kind === 'slow-head') {
    const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    for (const letter of `HTTP/1.1 ${status} OK\r\n${head.join('')}\r\n`) {
      if (response.destroyed) return;
      socket?.write(letter);
      await wait(wrong.everyMs);
    }
    socket?.end(body);
    return;
  }
  response.writeHead(status, headers);
  switch (wrong?.kind) {
    case 'stall':
      response.write(body.subarray(0, wrong.afterBytes));
      return;
    case 'drop':
    case 'reset':
    case 'early-fin':
      if (wrong.afterBytes === 0) response.flushHeaders();
      else response.write(body.subarray(0, wrong.afterBytes));
      await wait(5);
      if (wrong.kind === 'reset') reset(socket);
      else if (wrong.kind === 'drop') response.destroy();
      else socket?.end();
      return;
    case 'length':
      response.write(body);
      await wait(5);
      socket?.end();
      return;
    case 'trickle':
      for (let at = 0; at < body.length && !response.destroyed; at += wrong.pieceBytes) {
        response.write(body.subarray(at, at + wrong.pieceBytes));
        await (wrong.everyMs === 0 ? nextTurn() : wait(wrong.everyMs));
      }
      response.end();
      return;
    case 'chunked':
      response.write(body.subarray(0, body.length >> 1));
      response.end(body.subarray(body.length >> 1));
      return;
    default:
      response.end(body, () => {
        if (wrong?.kind === 'surplus') socket?.write(wrong.text);
      });
  }
}

/** Changes with the bytes, as a good server's does. */
function etagOf(file: Uint8Array): string {
  return `"${createHash('sha256').update(file).digest('hex')}"`;
}

/** Node resets no TLS connection; the one below it, which TLS keeps to itself, it does. None is left where the client went first. */
function reset(socket: Socket | null): void {
  if (!socket || socket.destroyed) return;
  const below: unknown = socket instanceof TLSSocket ? Reflect.get(socket, '_parent') : socket;
  if (below instanceof Socket) below.resetAndDestroy();
  else throw new Error('no connection to reset');
}
