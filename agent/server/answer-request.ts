// Answers one request as a static distribution point must: GET and HEAD, one range, validators; no listing, nothing written.
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { isNotModified, mayHonourRange, validatorsOf } from './conditions.ts';
import { type LocatedFile, locateFile } from './locate-file.ts';
import { wantedRange } from './range-header.ts';

/** The kinds of documents that a distribution point holds; everything else is bytes. */
const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.json': 'application/json',
  '.sig': 'text/plain; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
};

const PIECE_BYTES = 1024 * 1024;

/** Answers `request` with the file below `root` that it names. Rejects when the file cannot be read or the client has gone. */
export async function answerRequest(
  root: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return refuse(response, 405, { allow: 'GET, HEAD' });
  const file = await locateFile(root, request.url ?? '/');
  if (!file) return refuse(response, 404);
  try {
    await answerFile(file, request, response);
  } finally {
    await file.handle.close();
  }
}

async function answerFile(
  file: LocatedFile,
  { headers, method, url = '/' }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const validators = validatorsOf(file);
  const size = Number(file.size);
  const {
    'if-none-match': ifNoneMatch,
    'if-modified-since': ifModifiedSince,
    'if-range': ifRange,
    range,
  } = headers;
  response.setHeader('etag', validators.etag);
  response.setHeader('last-modified', validators.lastModified);
  response.setHeader('accept-ranges', 'bytes');
  if (
    isNotModified(
      {
        ...(ifNoneMatch === undefined ? {} : { ifNoneMatch }),
        ...(ifModifiedSince === undefined ? {} : { ifModifiedSince }),
      },
      validators,
    )
  ) {
    response.writeHead(304).end();
    return;
  }
  // HEAD is answered as GET without Range: section 14.2 defines Range for GET only.
  const wanted =
    method === 'GET' && mayHonourRange(typeof ifRange === 'string' ? ifRange : undefined, validators)
      ? wantedRange(range, size)
      : 'whole';
  if (wanted === 'unsatisfiable') return refuse(response, 416, { 'content-range': `bytes */${size}` });
  const { start, end } = wanted === 'whole' ? { start: 0, end: size } : wanted;
  if (wanted !== 'whole') response.setHeader('content-range', `bytes ${start}-${end - 1}/${size}`);
  response.writeHead(wanted === 'whole' ? 200 : 206, {
    'content-type': CONTENT_TYPES[path.posix.extname(url).toLowerCase()] ?? 'application/octet-stream',
    'content-length': end - start,
  });
  if (method === 'HEAD' || start === end) {
    response.end();
    return;
  }
  await pipeline(
    file.handle.createReadStream({ start, end: end - 1, autoClose: false, highWaterMark: PIECE_BYTES }),
    response,
  );
}

/** A short plain sentence, never a page: a client that takes it for content would fail its digest anyway, but a person may read it. */
function refuse(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>> = {},
): void {
  const text = `${status}\n`;
  // With its length: clients can use the connection again, and many ask for what is not there.
  const about = { 'content-type': 'text/plain; charset=utf-8', 'content-length': text.length };
  response.writeHead(status, { ...about, ...headers }).end(text);
}
