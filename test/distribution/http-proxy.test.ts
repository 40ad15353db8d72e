// A proxy, only where one is named: it is told its own account, servers are told theirs, and its refusals are told apart from theirs.
import { inspect } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import type { ProxyRoute } from '../../agent/distribution/http/access.ts';
import { openSource } from '../../agent/distribution/open-source.ts';
import type { SourceAddress } from '../../agent/distribution/source.ts';
import { systemClock } from '../../agent/progress/clock.ts';
import { type SeenServer, startSeenServer } from '../support/seen-server.ts';
import { makeSelfSigned } from '../support/self-signed.ts';
import { faultOf, impatient } from '../support/sources.ts';
import { startTinyproxy, type Tinyproxy } from '../support/tinyproxy.ts';

const tls = makeSelfSigned();
/** What is tested here is no stall, also on a machine that is busy. */
const settings = { ...impatient, stallTimeoutMs: 10_000 };
const document = { maxBytes: 1000 };
const proxyAccount = { user: 'machine', password: 'proxy-word' };
const serverAccount = { user: 'reader', password: 'server-word' };
const basic = ({ user, password }: { user: string; password: string }) =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

let closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closing.map(close => close()));
  closing = [];
});

async function serving(kind: 'http' | 'https'): Promise<SeenServer> {
  const server = await startSeenServer(kind === 'https' ? { tls } : {});
  closing.push(() => server.close());
  return server;
}

async function proxying(options: Parameters<typeof startTinyproxy>[0] = {}): Promise<Tinyproxy> {
  const proxy = await startTinyproxy(options);
  closing.push(() => proxy.close());
  return proxy;
}

function open(url: string, proxy?: Partial<ProxyRoute> & { readonly url: string }) {
  const address: SourceAddress = {
    url,
    priority: 1,
    ca: tls.cert,
    authorization: serverAccount,
    ...(proxy === undefined ? {} : { proxy: { noProxy: [], ...proxy } }),
  };
  const source = openSource(address, { settings, clock: systemClock, random: () => 0.5 });
  closing.unshift(() => source.close());
  return source;
}

describe.each(['http', 'https'] as const)('through a proxy, over %s,', kind => {
  it('documents, files and posts reach the server; each of the two is told its own account alone', async () => {
    const server = await serving(kind);
    const proxy = await proxying({ account: proxyAccount });
    const source = open(server.url, { url: proxy.url, authorization: proxyAccount });
    expect(Buffer.from(await source.readDocument('d', document)).toString()).toBe('ok');
    await source.read('f', { expectedSize: 2 });
    await source.post?.('p', Buffer.from('{}'), { timeoutMs: 2000 });
    expect(server.seen.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /d',
      'GET /f',
      'POST /p',
    ]);
    for (const { authorization, proxyAuthorization } of server.seen)
      expect([authorization, proxyAuthorization]).toEqual([basic(serverAccount), undefined]);
    const asked = await proxy.requests();
    expect(asked.length).toBeGreaterThan(0);
    const form = kind === 'https' ? `CONNECT 127.0.0.1:${server.port}` : `GET ${server.url}/d`;
    expect(asked[0]).toBe(form);
  });

  it('a proxy that wants an account is told apart from a server that does', async () => {
    const server = await serving(kind);
    const proxy = await proxying({ account: proxyAccount });
    const fault = await faultOf(open(server.url, { url: proxy.url }).readDocument('d', document));
    expect([fault.code, fault.detail.status]).toEqual(['NET-03', 407]);
    expect(fault.detail.expected).toContain('an account for the proxy');
    expect(server.seen).toEqual([]);
  });

  it('a wrong password for the proxy ends the matter, and is not told', async () => {
    const server = await serving(kind);
    const proxy = await proxying({ account: proxyAccount });
    const authorization = { user: 'machine', password: 'wrong-word' };
    const source = open(server.url, { url: proxy.url, authorization });
    const fault = await faultOf(source.readDocument('d', document));
    expect(fault.code).toBe('NET-03');
    expect(fault.detail.expected).toContain('for the proxy');
    const secret = new RegExp(`wrong-word|server-word|${basic(authorization).slice(6)}`);
    expect(inspect(fault, { depth: 9, showHidden: true })).not.toMatch(secret);
    expect(server.seen).toEqual([]);
  });

  it('who is listed under noProxy is asked without it', async () => {
    const server = await serving(kind);
    const proxy = await proxying();
    await open(server.url, { url: proxy.url, noProxy: ['127.0.0.0/8'] }).readDocument('d', document);
    expect(server.seen).toHaveLength(1);
    expect(await proxy.requests()).toEqual([]);
  });
});

describe('a proxy', () => {
  it('that lets an address not through is named for it', async () => {
    const server = await serving('https');
    const proxy = await proxying({ tunnels: 443 });
    const fault = await faultOf(open(server.url, { url: proxy.url }).readDocument('d', document));
    expect(fault.code).toBe('NET-03');
    expect(fault.detail).toMatchObject({ status: 403, found: 'the proxy' });
  });

  it('that is not there, or does not reach the server, is a server not reached', async () => {
    const proxy = await proxying();
    for (const [url, way, found] of [
      ['https://127.0.0.1:9', proxy.url, 'the proxy does not reach the server'],
      ['https://127.0.0.1:9', 'http://127.0.0.1:9', 'the proxy is not reached'],
      ['http://127.0.0.1:9', 'http://127.0.0.1:9', 'the proxy is not reached'],
      ['http://dp.example.invalid', 'http://proxy.example.invalid:3128', 'the proxy is not reached'],
    ] as const) {
      const fault = await faultOf(open(url, { url: way }).readDocument('d', document));
      expect(fault.code).toBe('NET-01');
      expect(fault.detail).toMatchObject({ found, proxy: way });
    }
  });

  it('is not named where it is not asked, and never with its account', async () => {
    const dead = 'http://127.0.0.1:9';
    const direct = open(dead, { url: 'http://127.0.0.1:10', noProxy: ['127.0.0.1'] });
    expect((await faultOf(direct.readDocument('d', document))).detail).toEqual({ native: 'ECONNREFUSED' });
    const through = open(dead, { url: 'http://machine:proxy-word@127.0.0.1:9/' });
    const fault = await faultOf(
      through.post?.('p', Buffer.from('{}'), { timeoutMs: 5000 }) ?? Promise.resolve(),
    );
    expect(fault.detail.proxy).toBe(dead);
  });

  it('of the environment is not taken', async () => {
    const server = await serving('http');
    const proxy = await proxying();
    const before = { ...process.env };
    Object.assign(process.env, { http_proxy: proxy.url, HTTP_PROXY: proxy.url, ALL_PROXY: proxy.url });
    try {
      await open(server.url).readDocument('d', document);
    } finally {
      for (const name of ['http_proxy', 'HTTP_PROXY', 'ALL_PROXY']) delete process.env[name];
      Object.assign(process.env, before);
    }
    expect(server.seen).toHaveLength(1);
    expect(await proxy.requests()).toEqual([]);
  });

  it('sees of an https server its name and port only', async () => {
    const server = await serving('https');
    const proxy = await proxying();
    await open(server.url, { url: proxy.url }).readDocument('secret-path', document);
    expect((await proxy.requests()).join('\n')).not.toContain('secret-path');
  });
});
