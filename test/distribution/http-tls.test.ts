// TLS as companies have it: their own authority, client certificates for one server each, and verification that is left out only for a server named.
import { afterEach, describe, expect, it } from 'vitest';
import { openSource } from '../../agent/distribution/open-source.ts';
import type { SourceAddress } from '../../agent/distribution/source.ts';
import { faultRecord } from '../../agent/fault/fault.ts';
import { systemClock } from '../../agent/progress/clock.ts';
import { type Answer, type SeenServer, startSeenServer } from '../support/seen-server.ts';
import { makeSelfSigned } from '../support/self-signed.ts';
import { faultOf, impatient } from '../support/sources.ts';
import { makeTlsAuthority } from '../support/tls-authority.ts';

const { ca, server: own, client } = makeTlsAuthority();
const stranger = makeSelfSigned();
/** What is tested here is no stall, also on a machine that is busy. */
const settings = { ...impatient, stallTimeoutMs: 10_000 };
const document = { maxBytes: 1000 };

let closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closing.map(close => close()));
  closing = [];
});

/** Wants a certificate of the authority, as nginx with `ssl_verify_client on`. */
async function strict(answer?: Answer, host = '127.0.0.1'): Promise<SeenServer> {
  return await serving({ tls: { ...own, ca, requestCert: true, rejectUnauthorized: true }, host }, answer);
}

async function serving(
  options: Omit<Parameters<typeof startSeenServer>[0], 'answer'>,
  answer?: Answer,
): Promise<SeenServer> {
  const server = await startSeenServer({ ...options, ...(answer === undefined ? {} : { answer }) });
  closing.push(() => server.close());
  return server;
}

function open(address: Omit<SourceAddress, 'priority'>) {
  const source = openSource({ priority: 1, ...address }, { settings, clock: systemClock, random: () => 0.5 });
  closing.unshift(() => source.close());
  return source;
}

describe('a server that asks for a certificate', () => {
  it.each([
    ['a PEM key', { cert: client.cert, key: client.key }],
    ['an encrypted PEM key', { cert: client.cert, key: client.encryptedKey, passphrase: client.passphrase }],
    ['a PFX file', { pfx: client.pfx, passphrase: client.passphrase }],
    [
      'a PFX file told to a worker thread',
      structuredClone({ pfx: client.pfx, passphrase: client.passphrase }),
    ],
  ])('is shown that of this computer: %s', async (_, certificate) => {
    const server = await strict();
    const source = open({ url: server.url, ca, client: certificate });
    expect(Buffer.from(await source.readDocument('d', document)).toString()).toBe('ok');
    expect(server.seen[0]?.client).toBe('client');
  });

  it('gives nothing without one', async () => {
    const server = await strict();
    const fault = await faultOf(open({ url: server.url, ca }).readDocument('d', document));
    expect([fault.code, fault.detail.expected]).toEqual([
      'NET-03',
      'a client certificate in clientCertificates of agent.yaml for this server',
    ]);
    expect(server.seen).toEqual([]);
  });

  it('is shown none when another server has redirected to it', async () => {
    const curious = await serving({ tls: { ...own, ca, requestCert: true, rejectUnauthorized: false } });
    const server = await strict(
      (_, response) => void response.writeHead(302, { location: `${curious.url}/to` }).end(),
    );
    const certificate = { cert: client.cert, key: client.key };
    await open({ url: server.url, ca, client: certificate }).readDocument('d', document);
    expect(server.seen[0]?.client).toBe('client');
    expect(curious.seen).toMatchObject([{ path: '/to', client: undefined }]);
  });
});

describe('the name of the server', () => {
  it('is asked for where it is a name, and not where it is an address', async () => {
    const server = await strict(undefined, '::1');
    const certificate = { cert: client.cert, key: client.key };
    await open({ url: server.url, ca, client: certificate }).readDocument('d', document);
    expect(server.seen[0]?.servername).toBe(false);
    const named = await serving({ tls: own });
    await open({ url: named.url.replace('127.0.0.1', 'localhost'), ca }).readDocument('d', document);
    expect(named.seen[0]?.servername).toBe('localhost');
  });

  it('must be in its certificate', async () => {
    const server = await serving({ tls: stranger });
    const url = server.url.replace('127.0.0.1', 'localhost');
    const fault = await faultOf(open({ url, ca: stranger.cert }).readDocument('d', document));
    expect([fault.code, fault.detail.native]).toEqual(['NET-12', 'ERR_TLS_CERT_ALTNAME_INVALID']);
    expect(server.seen).toEqual([]);
  });
});

describe('verification', () => {
  it('that fails names where the authority belongs, and not what cannot be done', async () => {
    const server = await serving({ tls: stranger });
    const fault = await faultOf(open({ url: server.url }).readDocument('d', document));
    expect([fault.code, fault.detail.native]).toEqual(['NET-12', 'DEPTH_ZERO_SELF_SIGNED_CERT']);
    expect(fault.detail.expected).toContain('`ca` of agent.yaml');
    expect(faultRecord(fault).causes).toEqual(['Error: self-signed certificate']);
  });

  it('is left out for a server that is named so, which is shown no account', async () => {
    const server = await serving({ tls: stranger });
    expect((await faultOf(open({ url: server.url }).readDocument('d', document))).code).toBe('NET-12');
    const authorization = { user: 'reader', password: 'never-shown' };
    await open({ url: server.url, insecure: true, authorization }).readDocument('d', document);
    expect(server.seen).toMatchObject([{ authorization: undefined }]);
  });

  it('is not left out for the server that one of these redirects to', async () => {
    const second = await serving({ tls: stranger });
    const first = await serving(
      { tls: stranger },
      (_, response) => void response.writeHead(302, { location: `${second.url}/to` }).end(),
    );
    const fault = await faultOf(open({ url: first.url, insecure: true }).readDocument('d', document));
    expect(fault.code).toBe('NET-12');
    expect(second.seen).toEqual([]);
  });
});
