// nginx, the embedded server and a folder serve the same tree in the same way, as far as a reader can tell.
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Source } from '../../agent/distribution/source.ts';
import { unobserved } from '../../agent/progress/event.ts';
import { serveFolder } from '../../agent/server/serve-folder.ts';
import { startNginx } from '../support/nginx.ts';
import { faultOf, openTestSource, readAll } from '../support/sources.ts';

const big = randomBytes(3_000_000);
const oddName = 'files/a b#c%d?é+&日本.bin';

let above: string;
let folder: string;
beforeAll(async () => {
  above = await mkdtemp(path.join(tmpdir(), 'served-'));
  folder = path.join(above, 'dp');
  await mkdir(path.join(folder, 'files/deep/er'), { recursive: true });
  await writeFile(path.join(above, 'secret.txt'), 'not served');
  await writeFile(path.join(folder, 'files/big.bin'), big);
  await writeFile(path.join(folder, 'files/empty'), '');
  await writeFile(path.join(folder, oddName), 'odd');
  await writeFile(path.join(folder, 'files/deep/er/x.json'), '{"a":1}');
  await symlink(path.join(above, 'secret.txt'), path.join(folder, 'files/out'));
});
afterAll(() => rm(above, { recursive: true, force: true }));

const kinds: Readonly<Record<string, () => Promise<{ readonly url: string; close(): Promise<void> }>>> = {
  nginx: () => startNginx(folder),
  serve: () => serveFolder({ folder, port: 0, host: '127.0.0.1', observe: unobserved }),
  'a folder by path': async () => ({ url: folder, close: async () => {} }),
  'a folder by file: URL': async () => ({ url: pathToFileURL(folder).href, close: async () => {} }),
};

describe.each(Object.entries(kinds))('%s as a source', (_name, start) => {
  let server: Awaited<ReturnType<typeof start>>;
  let source: Source;
  beforeAll(async () => {
    server = await start();
    source = openTestSource(server.url);
  });
  afterAll(async () => {
    await source.close();
    await server.close();
  });

  it('gives a whole file', async () => {
    expect(Buffer.compare(await readAll(source, 'files/big.bin', { expectedSize: big.length }), big)).toBe(0);
  });

  it.each([
    [0, 1],
    [0, big.length],
    [1_234_567, 2_345_678],
    [big.length - 1, big.length],
  ])('gives exactly bytes [%i, %i)', async (start, end) => {
    const got = await readAll(source, 'files/big.bin', { expectedSize: big.length, range: { start, end } });
    expect(Buffer.compare(got, big.subarray(start, end))).toBe(0);
  });

  it('ties a later range to the same file by its validator', async () => {
    const first = await source.read('files/big.bin', {
      expectedSize: big.length,
      range: { start: 0, end: 10 },
    });
    for await (const _piece of first.bytes);
    expect(first.validator).toBeTypeOf('string');
    const validator = first.validator ?? '';
    const got = await readAll(source, 'files/big.bin', {
      expectedSize: big.length,
      range: { start: 10, end: 20 },
      validator,
    });
    expect(Buffer.compare(got, big.subarray(10, 20))).toBe(0);
  });

  it('refuses to go on when the file is no longer the one the transfer began with', async () => {
    const changing = path.join(folder, 'files/changing.bin');
    await writeFile(changing, 'a'.repeat(100));
    const first = await source.read('files/changing.bin', {
      expectedSize: 100,
      range: { start: 0, end: 10 },
    });
    for await (const _piece of first.bytes);
    // nginx tells changes apart by whole seconds.
    await writeFile(changing, 'b'.repeat(100));
    await utimes(changing, 1e9, 1e9);
    const again = source.read('files/changing.bin', {
      expectedSize: 100,
      range: { start: 10, end: 20 },
      validator: first.validator ?? '',
    });
    expect((await faultOf(again)).code).toBe('NET-11');
  });

  it('gives a file whose name holds characters that mean something in a URL', async () => {
    expect(Buffer.from(await readAll(source, oddName, { expectedSize: 3 })).toString()).toBe('odd');
  });

  it('gives a document, and an empty one', async () => {
    expect(Buffer.from(await source.readDocument('files/deep/er/x.json', { maxBytes: 100 })).toString()).toBe(
      '{"a":1}',
    );
    expect((await source.readDocument('files/empty', { maxBytes: 100 })).length).toBe(0);
  });

  it('refuses a document beyond its cap, and gives one that just fits', async () => {
    expect((await faultOf(source.readDocument('files/deep/er/x.json', { maxBytes: 6 }))).code).toBe(
      'TRUST-08',
    );
    expect((await source.readDocument('files/deep/er/x.json', { maxBytes: 7 })).length).toBe(7);
  });

  it('names a file that is not there', async () => {
    expect((await faultOf(source.readDocument('files/none.json', { maxBytes: 100 }))).code).toBe('NET-02');
    expect((await faultOf(source.read('none/none', { expectedSize: 1 }))).code).toBe('NET-02');
  });

  it('names a file of another size than the manifest tells', async () => {
    const fault = await faultOf(
      readAll(source, 'files/big.bin', { expectedSize: 2_999_999, range: { start: 0, end: 10 } }),
    );
    expect(fault.code).toBe(source.name.startsWith('http') ? 'NET-07' : 'CONTENT-08');
  });

  it('stops when asked to', async () => {
    const stop = new AbortController();
    const { bytes } = await source.read('files/big.bin', { expectedSize: big.length, signal: stop.signal });
    const reading = (async () => {
      for await (const _piece of bytes) stop.abort();
    })();
    expect((await faultOf(reading)).code).toBe('STOP-01');
  });

  it('lets a reader go away in the middle', async () => {
    const { bytes } = await source.read('files/big.bin', { expectedSize: big.length });
    for await (const _piece of bytes) break;
    expect(
      (await readAll(source, 'files/big.bin', { expectedSize: big.length, range: { start: 5, end: 6 } }))[0],
    ).toBe(big[5]);
  });
});

describe.each(Object.entries(kinds).slice(0, 2))('%s as a web server', (_name, start) => {
  let server: Awaited<ReturnType<typeof start>>;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server.close());
  const ask = (target: string, headers: Record<string, string> = {}, method = 'GET') =>
    fetch(`${server.url}/${target}`, { method, headers });

  it('answers HEAD with the size and no body', async () => {
    const answer = await ask('files/big.bin', {}, 'HEAD');
    expect([
      answer.status,
      answer.headers.get('content-length'),
      (await answer.arrayBuffer()).byteLength,
    ]).toEqual([200, '3000000', 0]);
    expect(answer.headers.get('accept-ranges')).toBe('bytes');
  });

  it('answers 304 to a client that has the file', async () => {
    const etag = (await ask('files/big.bin', {}, 'HEAD')).headers.get('etag') ?? '';
    expect(etag).toMatch(/^"/);
    expect((await ask('files/big.bin', { 'if-none-match': etag })).status).toBe(304);
    expect((await ask('files/big.bin', { 'if-none-match': '"other"' }, 'HEAD')).status).toBe(200);
    expect(
      (
        await ask(
          'files/big.bin',
          { 'if-modified-since': new Date(Date.now() - 86_400_000).toUTCString() },
          'HEAD',
        )
      ).status,
    ).toBe(200);
  });

  it.each([
    ['bytes=0-9', 206, 'bytes 0-9/3000000', 10],
    ['bytes=2999990-', 206, 'bytes 2999990-2999999/3000000', 10],
    ['bytes=-5', 206, 'bytes 2999995-2999999/3000000', 5],
    ['bytes=2999999-9999999', 206, 'bytes 2999999-2999999/3000000', 1],
  ])('answers Range: %s', async (range, status, contentRange, length) => {
    const answer = await ask('files/big.bin', { range });
    expect([
      answer.status,
      answer.headers.get('content-range'),
      (await answer.arrayBuffer()).byteLength,
    ]).toEqual([status, contentRange, length]);
  });

  it('answers 416 with the size to a range beyond the end', async () => {
    const answer = await ask('files/big.bin', { range: 'bytes=3000000-' });
    expect([answer.status, answer.headers.get('content-range')]).toEqual([416, 'bytes */3000000']);
  });

  it('ignores a unit that it does not know, and sends the whole to an If-Range of another file', async () => {
    expect((await ask('files/deep/er/x.json', { range: 'lines=1-2' })).status).not.toBe(206);
    const whole = await ask('files/deep/er/x.json', { range: 'bytes=0-1', 'if-range': '"other"' });
    expect([whole.status, await whole.text()]).toEqual([200, '{"a":1}']);
  });

  it('calls JSON by its name and the rest bytes', async () => {
    expect((await ask('files/deep/er/x.json')).headers.get('content-type')).toContain('application/json');
    expect((await ask('files/empty')).headers.get('content-type')).toBe('application/octet-stream');
  });

  it('lists no folder', async () => {
    for (const target of ['', 'files/', 'files/deep/er/']) {
      const answer = await ask(target);
      expect([403, 404]).toContain(answer.status);
      expect(await answer.text()).not.toContain('big.bin');
    }
  });

  it('writes nothing', async () => {
    for (const method of ['PUT', 'POST', 'DELETE'])
      expect((await ask('files/empty', {}, method)).status).toBeGreaterThanOrEqual(400);
  });

  it.each([
    '/../secret.txt',
    '/files/../../secret.txt',
    '/%2e%2e/secret.txt',
    '/files/%2e%2e%2f%2e%2e%2fsecret.txt',
    '/..%5csecret.txt',
    '//etc/passwd',
    '/files/x%00.json',
    '/%zz',
  ])('gives nothing outside the folder for %s', async target => {
    const answer = await rawGet(new URL(server.url).port, target);
    expect(answer).toMatch(/^HTTP\/1\.1 4/);
    expect(answer).not.toContain('not served');
  });
});

it('serve follows no link out of the folder (nginx does, unless told otherwise)', async () => {
  const server = await serveFolder({ folder, port: 0, host: '127.0.0.1', observe: unobserved });
  expect((await fetch(`${server.url}/files/out`)).status).toBe(404);
  await server.close();
});

/** A request line exactly as given; every library would tidy it. */
async function rawGet(port: string, target: string): Promise<string> {
  const socket = connect(Number(port), '127.0.0.1');
  socket.write(`GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  let text = '';
  for await (const piece of socket) text += piece;
  return text;
}
