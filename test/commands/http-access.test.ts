// What agent.yaml and its credentials file say of web servers: read, tried and refused before anything is asked of one.
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { readAgentSettings, takeHttpSettings } from '../../agent/commands/deployment/agent-settings.ts';
import { accessTo } from '../../agent/distribution/http/access.ts';
import { openAccounts } from '../../agent/distribution/http/accounts.ts';
import { openRedactor } from '../../agent/fault/redact.ts';
import type { ProgressEvent } from '../../agent/progress/event.ts';
import { newKeyPair } from '../../agent/trust/keys.ts';
import { layTree, type Tree } from '../support/site-kit.ts';
import { faultOf } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { makeTlsAuthority } from '../support/tls-authority.ts';

const temporary = tempFolder('http-access');
const { ca, client, server } = makeTlsAuthority();
const keys = [newKeyPair().public.text];
let count = 0;

/** Lays agent.yaml with what it names, and reads it. */
async function read(agent: object, files: Tree = {}) {
  const folder = path.join(temporary, String(count++));
  layTree(folder, { 'agent.yaml': { keys, ...agent }, ...files });
  return await readAgentSettings(undefined, folder);
}

const FILES: Tree = {
  'tls/client.pem': client.cert,
  'tls/client.key': client.encryptedKey,
  'tls/client.pfx': client.pfx,
  'tls/ca.pem': ca,
};
const PEM = { for: 'https://dp.example.com/x', certificate: 'tls/client.pem', key: 'tls/client.key' };
const PFX = { for: 'https://mp.example.com:8443', pfx: 'tls/client.pfx' };
const SECRET = {
  accounts: [
    { for: 'https://dp.example.com', user: 'reader', password: 'word of reader' },
    { for: 'http://proxy:3128', user: 'machine', password: 'word/of+proxy' },
    { for: 'https://mp.example.com:8443', token: 'tok.en-4711' },
  ],
  passphrases: { 'tls/client.key': client.passphrase, 'tls/client.pfx': client.passphrase },
};

describe('agent.yaml', () => {
  it('gives each server its certificate, all of them authority and proxy, and names every file to take along', async () => {
    const settings = await read(
      {
        ca: ['tls/ca.pem'],
        clientCertificates: [PEM, PFX],
        credentials: 'credentials.yaml',
        proxy: 'http://proxy:3128',
        noProxy: ['.example.org'],
        unverifiedTlsServers: ['https://old.example.com/x'],
      },
      { ...FILES, 'credentials.yaml': SECRET },
    );
    const proxy = { url: 'http://proxy:3128', noProxy: ['.example.org'] };
    expect(accessTo('https://dp.example.com/prestage/', settings.http)).toEqual({
      ca,
      proxy,
      client: { cert: client.cert, key: client.encryptedKey, passphrase: client.passphrase },
    });
    expect(accessTo('https://mp.example.com:8443/', settings.http).client?.pfx).toEqual(client.pfx);
    expect(accessTo('https://mp.example.com/', settings.http)).toEqual({ ca, proxy });
    expect(accessTo('https://old.example.com/', settings.http)).toEqual({ ca, proxy, insecure: true });
    expect(accessTo('\\\\server\\share', settings.http)).toEqual({});
    expect(settings.certificates).toEqual([
      'tls/ca.pem',
      'tls/client.pem',
      'tls/client.key',
      'tls/client.pfx',
      'credentials.yaml',
    ]);
  });

  it('has its secrets masked in every shape, and what is insecure shown', async () => {
    const settings = await read(
      { credentials: 'credentials.yaml', unverifiedTlsServers: ['https://old.example.com'] },
      { 'credentials.yaml': SECRET },
    );
    const { redact, learn: learnSecret } = openRedactor();
    const accounts = openAccounts();
    const events: ProgressEvent[] = [];
    takeHttpSettings(settings, { learnSecret, accounts }, event => events.push(event));
    const basic = Buffer.from('reader:word of reader').toString('base64');
    const shown = redact(
      `word of reader; word%20of%20reader; ${basic}; word/of+proxy; tok.en-4711; ${client.passphrase}`,
    );
    expect(shown).toBe(Array(6).fill('********').join('; '));
    expect(accounts.of('https://dp.example.com/any')).toEqual({ user: 'reader', password: 'word of reader' });
    expect(events).toMatchObject([
      {
        level: 'info',
        text: expect.stringContaining('http://proxy:3128 goes over the network in the clear'),
      },
      {
        level: 'warning',
        text: expect.stringContaining('INSECURE: the certificate of https://old.example.com'),
      },
    ]);
  });
});

describe('refused before anything is asked of a server', () => {
  it.each<[string, object, Tree, string, RegExp]>([
    ['a file that is not there', { ca: ['tls/none.pem'] }, {}, 'USAGE-08', /none\.pem/],
    [
      'a key without its passphrase',
      { clientCertificates: [PEM] },
      FILES,
      'USAGE-02',
      /client\.key.*its passphrase, where it has one, under passphrases/,
    ],
    [
      'a key that belongs to another certificate',
      { clientCertificates: [PEM] },
      { ...FILES, 'tls/client.key': server.key },
      'USAGE-02',
      /a PEM key that belongs to its certificate/,
    ],
    [
      'a PFX file with another passphrase',
      { clientCertificates: [PFX], credentials: 'c.yaml' },
      { ...FILES, 'c.yaml': { passphrases: { 'tls/client.pfx': 'word-4711' } } },
      'USAGE-02',
      /client\.pfx.*a PFX file encrypted with AES256/,
    ],
    [
      'an account for a server that is not verified',
      { credentials: 'c.yaml', unverifiedTlsServers: ['https://dp.example.com:443/'] },
      { 'c.yaml': { accounts: [{ for: 'https://dp.example.com', token: 'word-4711' }] } },
      'USAGE-02',
      /no account for https:\/\/dp\.example\.com, or its certificate verified/,
    ],
    [
      'a proxy with its account in the address',
      { proxy: 'http://machine:word-4711@proxy:3128' },
      {},
      'USAGE-02',
      /without user name and password: these belong into the credentials file/,
    ],
    ['a proxy of another kind', { proxy: 'socks5://proxy:1080' }, {}, 'USAGE-02', /a proxy such as http/],
    [
      'a pattern that noProxy does not know',
      { noProxy: ['*.example.com'] },
      {},
      'USAGE-02',
      /a host, a \.domain/,
    ],
    [
      'verification left out for a server without TLS',
      { unverifiedTlsServers: ['http://dp'] },
      {},
      'USAGE-02',
      /an https:\/\/ address/,
    ],
    ['verification left out for all', { unverifiedTlsServers: ['*'] }, {}, 'USAGE-02', /a URL/],
    [
      'credentials with a slip, of which nothing is told',
      { credentials: 'c.yaml' },
      {
        'c.yaml': {
          accounts: [{ for: 'https://dp', user: 'a:b', password: 4711 }],
          passphrases: { k: 4711 },
        },
      },
      'USAGE-02',
      /password: expected text.*passphrases/,
    ],
    [
      'a key outside the folder of agent.yaml',
      { clientCertificates: [{ ...PEM, key: '../client.key' }] },
      FILES,
      'USAGE-02',
      /a path below the folder of agent\.yaml/,
    ],
  ])('%s', async (_title, agent, files, code, says) => {
    const fault = await faultOf(read(agent, files));
    expect(fault.code).toBe(code);
    const told = JSON.stringify([fault.subject, fault.message, fault.detail]);
    expect(told).toMatch(says);
    expect(openRedactor().redact(told)).not.toContain('4711');
  });
});
