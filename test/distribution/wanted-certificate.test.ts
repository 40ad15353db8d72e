// A server that wants a client certificate, and gets none or a strange one: the fault says that this is what is expected, however the server says it.
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { openSource } from '../../agent/distribution/open-source.ts';
import type { SourceAddress } from '../../agent/distribution/source.ts';
import { systemClock } from '../../agent/progress/clock.ts';
import { startGuardedNginx } from '../support/guarded-nginx.ts';
import { type Answer, startSeenServer } from '../support/seen-server.ts';
import { makeSelfSigned } from '../support/self-signed.ts';
import { startServerProcess } from '../support/server-process.ts';
import { faultOf, impatient } from '../support/sources.ts';
import { startTinyproxy } from '../support/tinyproxy.ts';
import { makeTlsAuthority } from '../support/tls-authority.ts';

const authority = makeTlsAuthority();
const { ca, server: own } = authority;
const stranger = makeTlsAuthority().client;
/** What is tested here is no stall, also on a machine that is busy. */
const settings = { ...impatient, stallTimeoutMs: 10_000 };
const document = { maxBytes: 1000 };

let closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing) await close();
  closing = [];
});

async function serving(tls: TlsOptions | undefined, answer?: Answer): Promise<string> {
  const server = await startSeenServer({ ...(tls && { tls }), ...(answer && { answer }) });
  closing.push(() => server.close());
  return server.url;
}

const strict = (more: TlsOptions = {}): Promise<string> =>
  serving({ ...own, ca, requestCert: true, rejectUnauthorized: true, ...more });

function open(url: string, more: Partial<SourceAddress> = {}) {
  const source = openSource(
    { priority: 1, ca, ...more, url },
    { settings, clock: systemClock, random: () => 0.5 },
  );
  closing.unshift(() => source.close());
  return source;
}

const refusal = (url: string, more?: Partial<SourceAddress>) =>
  faultOf(open(url, more).readDocument('d', document));

/** As nginx says it. */
const SAID = 'No required SSL certificate was sent';
const WANTED = 'a client certificate in clientCertificates of agent.yaml for this server';
const ANOTHER = 'another client certificate in clientCertificates of agent.yaml for this server';

/** OpenSSL's own server, which looks at certificates during the handshake, as most servers do; Node's does so afterwards. */
async function startOpenssl(): Promise<string> {
  const server = await startServerProcess({
    name: 'openssl',
    async prepare(folder, port) {
      for (const [name, text] of Object.entries({ ...own, ca }))
        await writeFile(path.join(folder, name), text);
      const files = ['-key', 'key', '-cert', 'cert', '-CAfile', 'ca'];
      const address = ['-accept', `127.0.0.1:${port}`];
      return ['openssl', 's_server', ...address, ...files, '-Verify', '1', '-verify_return_error', '-www'];
    },
  });
  closing.push(() => server.close());
  return server.url.replace('http:', 'https:');
}

describe('by an alert of TLS 1.3', () => {
  it('that it wants one', async () => {
    const fault = await refusal(await strict());
    expect([fault.code, fault.detail]).toEqual([
      'NET-03',
      { expected: WANTED, native: 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED' },
    ]);
  });

  it.each([
    ['none', undefined, WANTED],
    ['one of another authority', makeSelfSigned(), ANOTHER],
    ['one of another authority with the same name', stranger, ANOTHER],
  ])('of openssl, to who has %s', async (_, client, expected) => {
    const url = await startOpenssl();
    const fault = await refusal(url, client && { client: { cert: client.cert, key: client.key } });
    expect([fault.code, fault.detail.expected]).toEqual(['NET-03', expected]);
  });

  it('through a proxy', async () => {
    const proxy = await startTinyproxy();
    closing.push(() => proxy.close());
    const fault = await refusal(await strict(), { proxy: { url: proxy.url, noProxy: [] } });
    expect([fault.code, fault.detail.expected, fault.detail.proxy]).toEqual(['NET-03', WANTED, proxy.url]);
  });

  it('where a redirect leads, which is shown none', async () => {
    const to = await strict();
    const from = await serving(own, (_, response) => void response.writeHead(302, { location: to }).end());
    const fault = await refusal(from, { client: { cert: stranger.cert, key: stranger.key } });
    expect([fault.code, fault.detail.redirectedTo]).toEqual(['NET-03', `${to}/`]);
    expect(fault.detail.expected).toContain(`${to} itself as address`);
  });
});

it('by the alert of TLS 1.2, which may mean the ciphers, too', async () => {
  const fault = await refusal(await strict({ maxVersion: 'TLSv1.2' }));
  expect([fault.code, fault.detail.expected]).toEqual([
    'NET-01',
    `TLS 1.2 or 1.3 with ciphers that are not outdated, or ${WANTED}`,
  ]);
});

describe('by closing the connection', () => {
  /** Takes every connection, and ends it when something comes. */
  async function mute(tls?: TlsOptions): Promise<string> {
    const end = (socket: Socket): void => {
      socket.on('error', () => {});
      socket.once('data', () => socket.end());
    };
    const server = tls === undefined ? createServer(end) : createTlsServer(tls, end);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closing.push(() => once(server.close(), 'close'));
    const { port } = server.address() as AddressInfo;
    return `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`;
  }
  const found = 'the server was reached, but closed the connection before an answer came';

  it('it may want one', async () => {
    const fault = await refusal(await mute(own));
    expect([fault.code, fault.detail]).toEqual([
      'NET-01',
      { found, expected: `perhaps ${WANTED}`, native: 'UND_ERR_SOCKET' },
    ]);
  });

  it('it may want another one than that which it was shown', async () => {
    const { cert, key } = makeSelfSigned();
    const fault = await refusal(await strict(), { client: { cert, key } });
    expect([fault.code, fault.detail.expected]).toEqual(['NET-01', `perhaps ${ANOTHER}`]);
  });

  it('is something else over http', async () => {
    const fault = await refusal(await mute());
    expect([fault.code, fault.detail]).toEqual(['NET-01', { found, native: 'ECONNRESET' }]);
  });

  it('is something else where it has answered before', async () => {
    let answers = 0;
    const url = await serving(own, (_, response) => {
      if (answers++ === 0) response.end('ok');
      else response.destroy();
    });
    const source = open(url);
    await source.readDocument('d', document);
    const fault = await faultOf(source.readDocument('d', document));
    expect([fault.code, fault.detail.found, fault.detail.expected]).toEqual(['NET-01', found, undefined]);
  });
});

describe('by a page', () => {
  it('of nginx', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'wanted-'));
    closing.push(() => rm(folder, { recursive: true }));
    const nginx = await startGuardedNginx(folder, authority, { user: 'reader', password: 'not-shown' });
    closing.unshift(() => nginx.close());
    const none = await refusal(nginx.url);
    expect([none.code, none.detail]).toEqual(['NET-03', { status: 400, expected: WANTED }]);
    const strange = await refusal(nginx.url, { client: { cert: stranger.cert, key: stranger.key } });
    expect([strange.code, strange.detail]).toEqual(['NET-03', { status: 400, expected: ANOTHER }]);
  });

  const saying = (status: number, body: string) =>
    serving(own, (_, response) => void response.writeHead(status).end(body));

  it.each([495, 496])('with status %i, whatever it says', async status => {
    const fault = await refusal(await saying(status, ''));
    expect([fault.code, fault.detail]).toEqual(['NET-03', { status, expected: WANTED }]);
  });

  it.each([
    ['says nothing of it', 'Bad Request'],
    [
      'names the file that was asked for',
      '<Resource>/content/AAA00001/files/root certificate.cer</Resource>',
    ],
    ['says it behind the first few KiB', `${'x'.repeat(5000)} SSL certificate`],
  ])('that %s is the server’s failure', async (_, body) => {
    expect(await refusal(await saying(400, body))).toMatchObject({ code: 'NET-04', detail: { status: 400 } });
  });

  it('that does not come is not waited for', async () => {
    const url = await serving(own, (_, response) => void response.writeHead(400).write('<html>'));
    expect(await refusal(url)).toMatchObject({ code: 'NET-04', detail: { status: 400 } });
  });

  it('over http is the server’s failure', async () => {
    const url = await serving(undefined, (_, response) => void response.writeHead(400).end(SAID));
    expect((await refusal(url)).code).toBe('NET-04');
  });
});
