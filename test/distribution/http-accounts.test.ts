// Accounts reach the server that they are for, and nobody else, by no way; and a refusal says which account is wanted.
import { inspect } from 'node:util';
import { afterEach, describe, expect, it, test } from 'vitest';
import { type Accounts, openAccounts } from '../../agent/distribution/http/accounts.ts';
import { openSource } from '../../agent/distribution/open-source.ts';
import type { SourceAddress } from '../../agent/distribution/source.ts';
import { systemClock } from '../../agent/progress/clock.ts';
import { type Answer, type SeenServer, startSeenServer } from '../support/seen-server.ts';
import { faultOf, impatient } from '../support/sources.ts';

const account = { user: 'CONTOSO\\reader', password: 'pä55:wörd' };
const shown = `Basic ${Buffer.from('CONTOSO\\reader:pä55:wörd').toString('base64')}`;

let closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closing.map(close => close()));
  closing = [];
});

async function serving(answer?: Answer, host?: string): Promise<SeenServer> {
  const server = await startSeenServer({
    ...(answer === undefined ? {} : { answer }),
    ...(host === undefined ? {} : { host }),
  });
  closing.push(() => server.close());
  return server;
}

function open(address: Omit<SourceAddress, 'priority'>, accounts?: Accounts) {
  const world = { settings, clock: systemClock, random: () => 0.5 };
  const source = openSource(
    { priority: 1, ...address },
    { ...world, ...(accounts === undefined ? {} : { accounts }) },
  );
  closing.unshift(() => source.close());
  return source;
}

/** What is tested here is no stall, also on a machine that is busy. */
const settings = { ...impatient, stallTimeoutMs: 10_000 };
const document = { maxBytes: 1000 };
const redirectTo =
  (location: () => string): Answer =>
  (seen, response) =>
    void (seen.path === '/from'
      ? response.writeHead(302, { location: location() }).end()
      : response.end('ok'));

describe('an account', () => {
  it('is shown to its server with documents, files and posts', async () => {
    const server = await serving();
    const source = open({ url: server.url, authorization: account });
    await source.readDocument('d', document);
    await source.read('f', { expectedSize: 2 });
    await source.post?.('p', Buffer.from('{}'), { timeoutMs: 1000 });
    expect(server.seen.map(({ authorization }) => authorization)).toEqual([shown, shown, shown]);
  });

  it('may be a token', async () => {
    const server = await serving();
    await open({ url: server.url, authorization: { token: 'abc.DEF_1-2' } }).readDocument('d', document);
    expect(server.seen[0]?.authorization).toBe('Bearer abc.DEF_1-2');
  });

  it('goes along with a redirect within its server', async () => {
    const server = await serving(redirectTo(() => '/to'));
    await open({ url: server.url, authorization: account }).readDocument('from', document);
    expect(server.seen.map(({ path, authorization }) => [path, authorization])).toEqual([
      ['/from', shown],
      ['/to', shown],
    ]);
  });

  it('goes to no other port and no other name of the same computer', async () => {
    const other = await serving();
    for (const place of [other.url, other.url.replace('127.0.0.1', 'localhost')]) {
      const server = await serving(redirectTo(() => `${place}/to`));
      await open({ url: server.url, authorization: account }).readDocument('from', document);
      expect(server.seen[0]?.authorization).toBe(shown);
    }
    expect(other.seen.map(({ authorization }) => authorization)).toEqual([undefined, undefined]);
  });

  it('of another server stays away from this one', async () => {
    const server = await serving();
    const accounts = openAccounts();
    accounts.add([
      { for: server.url.replace('127.0.0.1', 'localhost'), ...account },
      { for: server.url.replace('http:', 'https:'), ...account },
    ]);
    await open({ url: server.url }, accounts).readDocument('d', document);
    expect(server.seen[0]?.authorization).toBeUndefined();
  });

  it('that becomes known while the source is open is shown from then on, and told to worker threads', async () => {
    const server = await serving();
    const accounts = openAccounts();
    const source = open({ url: `${server.url}/site` }, accounts);
    await source.readDocument('d', document);
    accounts.add([{ for: server.url, ...account }]);
    accounts.add([{ for: server.url, token: 'of-older-media' }]);
    await source.readDocument('d', document);
    expect(server.seen.map(({ authorization }) => authorization)).toEqual([undefined, shown]);
    expect(structuredClone(source.address)?.authorization).toEqual(account);
  });
});

describe('a refusal', () => {
  it.each([
    [401, 'an account for this server'],
    [403, 'an account, or a client certificate'],
    [407, 'an account for the proxy'],
  ])('with %i says that it wants %s, and is not repeated', async (status, words) => {
    const server = await serving((_, response) => void response.writeHead(status).end());
    const fault = await faultOf(
      open({ url: server.url, authorization: account }).readDocument('d', document),
    );
    expect(fault.code).toBe('NET-03');
    expect(fault.detail.expected).toContain(words);
    expect(server.seen).toHaveLength(1);
    expect(inspect(fault, { depth: 9, showHidden: true })).not.toMatch(/pä55|Q09OVE9TT1/);
  });
});

describe('a captive portal', () => {
  const portal: Answer = (_, response) =>
    void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Please sign in</html>');

  it.each([
    ['a document', (source: ReturnType<typeof open>) => source.readDocument('d', document)],
    ['a file', (source: ReturnType<typeof open>) => source.read('f', { expectedSize: 100 })],
    [
      'a part',
      (source: ReturnType<typeof open>) =>
        source.read('f', { expectedSize: 100, range: { start: 1, end: 9 } }),
    ],
    [
      'a post',
      async (source: ReturnType<typeof open>) => source.post?.('p', Buffer.from('{}'), { timeoutMs: 1000 }),
    ],
  ])('is not taken for the answer to %s', async (_, ask) => {
    const server = await serving(portal);
    expect((await faultOf(ask(open({ url: server.url })))).code).toBe('NET-10');
  });

  it('is not suspected in an empty answer to a post', async () => {
    const server = await serving(
      (_, response) =>
        void response.writeHead(200, { 'content-type': 'text/html', 'content-length': '0' }).end(),
    );
    expect(await open({ url: server.url }).post?.('p', Buffer.from('{}'), { timeoutMs: 1000 })).toBe(200);
  });
});

test('an IPv6 address is a server like any other, and has its account', async () => {
  const server = await serving(undefined, '::1');
  const accounts = openAccounts();
  accounts.add([{ for: server.url.replace('[::1]', '[0:0:0:0:0:0:0:1]'), ...account }]);
  const bytes = await open({ url: server.url }, accounts).readDocument('d', document);
  expect(Buffer.from(bytes).toString()).toBe('ok');
  expect(server.seen[0]?.authorization).toBe(shown);
});
