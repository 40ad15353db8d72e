// The server of `prestage serve` answers any client as nginx does (real-servers.test.ts: as what Prestage itself fetches from).
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unobserved } from '../../agent/progress/event.ts';
import { serveFolder } from '../../agent/server/serve-folder.ts';
import { startNginx } from '../support/nginx.ts';

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
};

describe.each(Object.entries(kinds))('%s as a web server', (_name, start) => {
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
