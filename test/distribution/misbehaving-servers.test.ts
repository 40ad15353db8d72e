// Whatever a server does wrong is survived or refused by name, and no byte too many is passed on.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { ReadOptions } from '../../agent/distribution/source.ts';
import type { FaultCode } from '../../agent/fault/catalogue.ts';
import {
  type MisbehavingServer,
  type Misbehaviour,
  type SeenRequest,
  startMisbehavingServer,
} from '../support/misbehaving-server.ts';
import { makeSelfSigned } from '../support/self-signed.ts';
import { faultOf, openTestSource, readAll } from '../support/sources.ts';

const file = Uint8Array.from({ length: 200_000 }, (_, at) => (at * 7 + (at >> 8)) & 255);
const whole: ReadOptions = { expectedSize: file.length };
const part: ReadOptions = { expectedSize: file.length, range: { start: 50_000, end: 150_000 } };

const CHUNKED_HEAD = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n';

let closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closing.map(close => close()));
  closing = [];
});

async function serving(
  behave: (request: SeenRequest) => Misbehaviour | undefined,
  tls?: { readonly key: string; readonly cert: string },
): Promise<MisbehavingServer> {
  const server = await startMisbehavingServer({
    files: new Map([['f', file]]),
    behave,
    ...(tls ? { tls } : {}),
  });
  closing.push(() => server.close());
  return server;
}

function sourceOf({ url }: { readonly url: string }, ca?: string) {
  const source = openTestSource(url, ca === undefined ? {} : { ca });
  closing.unshift(() => source.close());
  return source;
}

describe('a server that always misbehaves is refused by name', () => {
  // An answer without a length is not read, but asked for once more with the library, which knows how to: two requests.
  const cases: readonly (readonly [title: string, Misbehaviour, ReadOptions, FaultCode, requests: number])[] =
    [
      ['404', { kind: 'status', status: 404 }, whole, 'NET-02', 1],
      ['410', { kind: 'status', status: 410 }, whole, 'NET-02', 1],
      ['401', { kind: 'status', status: 401 }, whole, 'NET-03', 1],
      ['403', { kind: 'status', status: 403 }, part, 'NET-03', 1],
      ['407', { kind: 'status', status: 407 }, part, 'NET-03', 1],
      ['416', { kind: 'status', status: 416 }, part, 'NET-08', 1],
      ['429', { kind: 'status', status: 429 }, part, 'NET-04', 3],
      ['500', { kind: 'status', status: 500 }, part, 'NET-04', 3],
      ['503', { kind: 'status', status: 503 }, whole, 'NET-04', 3],
      ['501, which will not pass', { kind: 'status', status: 501 }, whole, 'NET-04', 1],
      ['400, which will not pass', { kind: 'status', status: 400 }, whole, 'NET-04', 1],
      ['204, which has no bytes', { kind: 'status', status: 204 }, whole, 'NET-04', 1],
      ['304 without being asked', { kind: 'status', status: 304 }, whole, 'NET-04', 1],
      ['a reset in place of an answer', { kind: 'reset' }, whole, 'NET-01', 3],
      ['words that are not HTTP', { kind: 'raw', text: 'SSH-2.0-OpenSSH_9.2\r\n' }, whole, 'NET-04', 1],
      [
        'two lengths that contradict each other',
        { kind: 'raw', text: 'HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 5\r\n\r\nabcde' },
        whole,
        'NET-04',
        1,
      ],
      [
        'a length and chunks, of which one lies',
        { kind: 'raw', text: `${CHUNKED_HEAD}content-length: 200000\r\n\r\n3\r\nabc\r\n0\r\n\r\n` },
        whole,
        'NET-04',
        1,
      ],
      [
        'a chunk whose length is no number',
        { kind: 'raw', text: `${CHUNKED_HEAD}\r\nxyz\r\nabc\r\n` },
        whole,
        'NET-06',
        2,
      ],
      [
        'a head that is cut short',
        { kind: 'raw', text: 'HTTP/1.1 200 OK\r\ncontent-le' },
        whole,
        'NET-01',
        3,
      ],
      [
        'early hints and nothing after them',
        { kind: 'raw', text: 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(20) },
        whole,
        'NET-01',
        3,
      ],
      [
        'a head that does not end',
        { kind: 'status', status: 200, headers: { 'x-long': 'a'.repeat(200_000) } },
        whole,
        'NET-04',
        1,
      ],
      ['a head that comes letter by letter', { kind: 'slow-head', everyMs: 20 }, whole, 'NET-05', 3],
      ['silence in place of an answer', { kind: 'stall' }, whole, 'NET-05', 3],
      ['silence in the middle', { kind: 'stall', afterBytes: 10_000 }, whole, 'NET-05', 1],
      ['a few bytes at a time', { kind: 'trickle', pieceBytes: 1, everyMs: 2 }, whole, 'NET-05', 1],
      [
        'a connection dropped in the middle of the file',
        { kind: 'drop', afterBytes: 70_000 },
        whole,
        'NET-06',
        1,
      ],
      [
        'a connection dropped in the middle of a part',
        { kind: 'drop', afterBytes: 70_000 },
        part,
        'NET-06',
        1,
      ],
      ['a reset in the middle of the file', { kind: 'reset', afterBytes: 70_000 }, whole, 'NET-06', 1],
      ['a reset in the middle of a part', { kind: 'reset', afterBytes: 70_000 }, part, 'NET-06', 1],
      ['chunks whose end never comes', { kind: 'early-fin', afterBytes: 70_000 }, whole, 'NET-06', 2],
      [
        'chunks whose end never comes, behind the last byte',
        { kind: 'early-fin', afterBytes: 100_000 },
        part,
        'NET-06',
        2,
      ],
      ['a length of more than comes', { kind: 'length', by: 10 }, whole, 'NET-07', 1],
      ['a length of less than comes', { kind: 'length', by: -10 }, whole, 'NET-07', 1],
      ['a length of more than the part', { kind: 'length', by: 10 }, part, 'NET-08', 1],
      ['a length of less than the part', { kind: 'length', by: -10 }, part, 'NET-08', 1],
      ['a part in several parts', { kind: 'multipart' }, part, 'NET-08', 1],
      ['a file cut short, without a length', { kind: 'chunked', surplus: -1 }, part, 'NET-06', 2],
      ['a file cut short', { kind: 'truncate', toBytes: 100_000 }, whole, 'NET-07', 1],
      ['a file cut short, by part', { kind: 'truncate', toBytes: 160_000 }, part, 'NET-07', 1],
      ['another size in Content-Range', { kind: 'other-size', size: 200_001 }, part, 'NET-07', 1],
      ['more bytes than asked for, without a length', { kind: 'chunked', surplus: 1 }, part, 'NET-07', 2],
      ['more bytes than the file has, without a length', { kind: 'chunked', surplus: 1 }, whole, 'NET-07', 2],
      ['compression without being asked', { kind: 'gzip' }, whole, 'NET-07', 1],
      ['compression of a part', { kind: 'gzip' }, part, 'NET-07', 1],
      ['another part than asked for', { kind: 'other-range', shift: 1 }, part, 'NET-08', 1],
      ['the whole in place of a part', { kind: 'ignore-range' }, part, 'NET-08', 1],
      ['a redirect in a circle', { kind: 'redirect', to: '/f' }, whole, 'NET-09', 1],
      ['a redirect to nowhere', { kind: 'redirect', to: 'http://' }, whole, 'NET-09', 1],
      ['a redirect to a file', { kind: 'redirect', to: 'file:///etc/passwd' }, whole, 'NET-09', 1],
      ['a redirect with a password', { kind: 'redirect', to: 'http://u:p@127.0.0.1/' }, whole, 'NET-09', 1],
      ['a captive portal', { kind: 'page' }, whole, 'NET-10', 2],
      ['a captive portal, by part', { kind: 'page' }, part, 'NET-10', 2],
      [
        'another ETag in answer to If-Range',
        { kind: 'etag', etag: '"2"' },
        { ...part, validator: '"1"' },
        'NET-11',
        1,
      ],
      [
        'the whole file in answer to If-Range',
        { kind: 'ignore-range' },
        { ...part, validator: '"1"' },
        'NET-11',
        1,
      ],
    ];
  it.each(cases)('%s', async (_title, misbehaviour, options, code, requests) => {
    const server = await serving(() => misbehaviour);
    const fault = await faultOf(readAll(sourceOf(server), 'f', options));
    expect(fault.code).toBe(code);
    expect(server.requests.length).toBe(requests);
  });

  const own = makeSelfSigned();
  it.each(cases)('%s, over https', async (_title, misbehaviour, options, code) => {
    const server = await serving(() => misbehaviour, own);
    const fault = await faultOf(readAll(sourceOf(server, own.cert), 'f', options));
    expect(fault.code).toBe(code);
  });

  it('a redirect that never ends', async () => {
    const server = await serving(({ number }) => ({ kind: 'redirect', to: `/step${number}` }));
    expect((await faultOf(readAll(sourceOf(server), 'f', whole))).code).toBe('NET-09');
    expect(server.requests.length).toBe(6);
  });

  it('nobody there', async () => {
    const server = await serving(() => undefined);
    closing = [];
    await server.close();
    expect((await faultOf(readAll(sourceOf(server), 'f', whole))).code).toBe('NET-01');
  });

  it('a name that no server has', async () => {
    expect((await faultOf(readAll(sourceOf({ url: 'http://nowhere.invalid/' }), 'f', whole))).code).toBe(
      'NET-01',
    );
  });
});

describe('a server that misbehaves once is survived', () => {
  const cases: readonly (readonly [title: string, Misbehaviour])[] = [
    ['429 with a short Retry-After', { kind: 'status', status: 429, headers: { 'retry-after': '0' } }],
    ['500', { kind: 'status', status: 500 }],
    ['503', { kind: 'status', status: 503 }],
    [
      '503 with a Retry-After in the past',
      { kind: 'status', status: 503, headers: { 'retry-after': 'Sun, 06 Nov 1994 08:49:37 GMT' } },
    ],
    ['a reset', { kind: 'reset' }],
    ['silence', { kind: 'stall' }],
    ['a head that comes letter by letter', { kind: 'slow-head', everyMs: 20 }],
  ];
  const own = makeSelfSigned();
  it.each(
    cases.flatMap(([title, misbehaviour]) => [
      [title, misbehaviour, undefined] as const,
      [`${title}, over https`, misbehaviour, own] as const,
    ]),
  )('%s', async (_title, misbehaviour, tls) => {
    const server = await serving(({ number }) => (number === 0 ? misbehaviour : undefined), tls);
    const got = await readAll(sourceOf(server, tls?.cert), 'f', part);
    expect(Buffer.compare(got, file.subarray(50_000, 150_000))).toBe(0);
    expect(server.requests.length).toBe(2);
  });

  it('waits as long as Retry-After asks', async () => {
    const server = await serving(({ number }) =>
      number === 0 ? { kind: 'status', status: 503, headers: { 'retry-after': '1' } } : undefined,
    );
    const begun = performance.now();
    await readAll(sourceOf(server), 'f', part);
    expect(performance.now() - begun).toBeGreaterThan(950);
  });

  it('a document whose transfer breaks is asked for again', async () => {
    const server = await serving(({ number }) =>
      number === 0 ? { kind: 'drop', afterBytes: 10 } : undefined,
    );
    expect((await sourceOf(server).readDocument('f', { maxBytes: file.length })).length).toBe(file.length);
  });
});

describe('documents', () => {
  const cases: readonly (readonly [title: string, Misbehaviour, FaultCode])[] = [
    ['a captive portal', { kind: 'page' }, 'NET-10'],
    ['compression without being asked', { kind: 'gzip' }, 'NET-07'],
    ['more than the cap, without a length', { kind: 'chunked', surplus: 1 }, 'TRUST-08'],
    ['a part in place of the whole', { kind: 'status', status: 206 }, 'NET-08'],
    ['silence in the middle', { kind: 'stall', afterBytes: 10 }, 'NET-05'],
  ];
  it.each(cases)('%s is refused by name', async (_title, misbehaviour, code) => {
    const server = await serving(() => misbehaviour);
    expect((await faultOf(sourceOf(server).readDocument('f', { maxBytes: file.length }))).code).toBe(code);
  });
});

describe('what is normal is taken', () => {
  it('a redirect to another host, which is not told who asks', async () => {
    const authorization = { user: 'u', password: 'p' };
    const good = await serving(() => undefined);
    const server = await serving(() => ({ kind: 'redirect', to: `${good.url}/f` }));
    const source = openTestSource(server.url, { authorization });
    closing.unshift(() => source.close());
    expect((await readAll(source, 'f', whole)).length).toBe(file.length);
    expect(server.requests[0]?.headers.authorization).toBe('Basic dTpw');
    expect(good.requests[0]?.headers).not.toHaveProperty('authorization');
  });

  it('a redirect to another host, kept to the same range', async () => {
    const good = await serving(() => undefined);
    const server = await serving(() => ({ kind: 'redirect', to: `${good.url}/f`, status: 307 }));
    expect(Buffer.compare(await readAll(sourceOf(server), 'f', part), file.subarray(50_000, 150_000))).toBe(
      0,
    );
    expect(good.requests[0]?.range).toBe('bytes=50000-149999');
  });

  it('a server without ETag: no validator', async () => {
    const server = await serving(() => ({ kind: 'etag', etag: undefined }));
    const { bytes, validator } = await sourceOf(server).read('f', part);
    for await (const _piece of bytes);
    expect(validator).toBeUndefined();
  });

  it('a weak ETag ties nothing', async () => {
    const server = await serving(() => ({ kind: 'etag', etag: 'W/"1"' }));
    const { bytes, validator } = await sourceOf(server).read('f', part);
    for await (const _piece of bytes);
    expect(validator).toBeUndefined();
  });

  it('a page that was asked for, without a length', async () => {
    const server = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).write('<html>');
      response.end('</html>');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    closing.push(async () => {
      server.close();
      server.closeAllConnections();
    });
    const { port } = server.address() as AddressInfo;
    const source = sourceOf({ url: `http://127.0.0.1:${port}` });
    expect((await readAll(source, 'help/index.htm', { expectedSize: 13 })).length).toBe(13);
    expect((await faultOf(readAll(source, 'setup.exe', { expectedSize: 13 }))).code).toBe('NET-10');
  });

  it('a whole file without a length', async () => {
    const server = await serving(() => ({ kind: 'chunked', surplus: 0 }));
    expect((await readAll(sourceOf(server), 'f', whole)).length).toBe(file.length);
  });

  it('one byte at a time, but quickly', async () => {
    const few = { expectedSize: file.length, range: { start: 50_000, end: 52_000 } };
    const server = await serving(() => ({ kind: 'trickle', pieceBytes: 1, everyMs: 0 }));
    expect(Buffer.compare(await readAll(sourceOf(server), 'f', few), file.subarray(50_000, 52_000))).toBe(0);
  });

  it('bytes behind the end of an answer are not taken for the next one', async () => {
    const forged = `HTTP/1.1 206 Partial Content\r\ncontent-range: bytes 50000-149999/200000\r\ncontent-length: 100000\r\n\r\n${'x'.repeat(100_000)}`;
    const server = await serving(({ number }) =>
      number % 2 === 0 ? { kind: 'surplus', text: forged } : undefined,
    );
    const source = sourceOf(server);
    for (let times = 0; times < 4; times++) {
      const got = await readAll(source, 'f', part);
      expect(Buffer.compare(got, file.subarray(50_000, 150_000))).toBe(0);
    }
    expect(server.requests.length).toBe(4);
  });

  it('a reader slower than the least rate is no stall of the server', async () => {
    const server = await serving(() => undefined);
    const { bytes } = await sourceOf(server).read('f', whole);
    let got = 0;
    for await (const piece of bytes) {
      if (got === 0) await new Promise(resolve => setTimeout(resolve, 600));
      got += piece.length;
    }
    expect(got).toBe(file.length);
  });

  it('a request asks for plain bytes and ties its range by If-Range', async () => {
    const server = await serving(() => ({ kind: 'etag', etag: '"1"' }));
    await readAll(sourceOf(server), 'f', { ...part, validator: '"1"' });
    expect(server.requests[0]).toMatchObject({
      acceptEncoding: 'identity',
      range: 'bytes=50000-149999',
      ifRange: '"1"',
    });
  });
});

it('a redirect to who is not there names that machine, without its query', async () => {
  const server = await serving(() => ({
    kind: 'redirect',
    to: 'http://127.0.0.1:9/a/f?signature=not-shown',
  }));
  const fault = await faultOf(readAll(sourceOf(server), 'f', whole));
  expect([fault.code, fault.subject]).toEqual(['NET-01', `${server.url}/f`]);
  expect(fault.detail).toEqual({ native: 'ECONNREFUSED', redirectedTo: 'http://127.0.0.1:9/a/f' });
});

it.each([
  ['in place of an answer', { kind: 'stall' }],
  ['in the middle', { kind: 'stall', afterBytes: 10_000 }],
] as const)('silence %s is told without the abort by which it is ended', async (_, stall) => {
  const server = await serving(() => stall);
  const fault = await faultOf(readAll(sourceOf(server), 'f', whole));
  expect([fault.code, fault.cause]).toEqual(['NET-05', undefined]);
});

describe('https', () => {
  const own = makeSelfSigned();

  it('refuses a certificate that nobody vouches for', async () => {
    const server = await serving(() => undefined, own);
    const fault = await faultOf(readAll(sourceOf(server), 'f', whole));
    expect(fault.code).toBe('NET-12');
    expect(server.requests.length).toBe(0);
  });

  it("takes one of the site's own authority", async () => {
    const server = await serving(() => undefined, own);
    expect((await readAll(sourceOf(server, own.cert), 'f', whole)).length).toBe(file.length);
  });

  it('refuses a redirect from https down to http', async () => {
    const server = await serving(() => ({ kind: 'redirect', to: 'http://127.0.0.1/f' }), own);
    expect((await faultOf(readAll(sourceOf(server, own.cert), 'f', whole))).code).toBe('NET-09');
  });

  it('https asked of a port that speaks http is a server not reached', async () => {
    const server = await serving(() => undefined);
    expect(
      (await faultOf(readAll(sourceOf({ url: server.url.replace('http', 'https') }), 'f', whole))).code,
    ).toBe('NET-01');
  });
});
