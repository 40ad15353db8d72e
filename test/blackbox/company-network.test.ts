// A deployment in a company's network with the real executable: TLS by the company's own authority, a client certificate, an account at the distribution
// point and another one at the proxy. Then every byte that was made or shown is searched for what is secret.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type GuardedNginx, startGuardedNginx } from '../support/guarded-nginx.ts';
import { findBelow, secretFinder } from '../support/secret-needles.ts';
import { layTree, noise, SITE } from '../support/site-kit.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { startTinyproxy, type Tinyproxy } from '../support/tinyproxy.ts';
import { makeTlsAuthority } from '../support/tls-authority.ts';
import { captureWim, writeTree } from '../support/wim-kit.ts';
import { type Ended, printedFault, runPrestage } from './run-prestage.ts';

const folder = tempFolder('company-network');
const at = (...names: readonly string[]): string => path.join(folder, ...names);
const secrets = {
  'account of the distribution point': 'p0int-Passw0rd-8c1e',
  'account of the proxy': 'pr0xy-Passw0rd-77ab',
  'passphrase of the client key': 'cl1ent-Passphr4se-30d2',
  'media password': 'med1a-Passw0rd-2d9f',
};
const reader = { user: 'reader', password: secrets['account of the distribution point'] };
const machine = { user: 'machine', password: secrets['account of the proxy'] };
const authority = makeTlsAuthority(secrets['passphrase of the client key']);
const find = secretFinder(secrets);
const PASSWORD = { PRESTAGE_MEDIA_PASSWORD: secrets['media password'] };
const AT_DISK = ['--disk', 'disk', '--config', 'agent/agent.yaml', '--json'];

let point: GuardedNginx;
let proxy: Tinyproxy;
const screens: string[] = [];

async function prestage(words: readonly string[], expected = 0): Promise<Ended> {
  const ended = await runPrestage(words, { cwd: folder, env: { ...PASSWORD, TMPDIR: at('tmp') } });
  const screen = `prestage ${words.join(' ')}\n${ended.stdout}\n${ended.stderr}`;
  screens.push(screen);
  expect(ended.code, screen).toBe(expected);
  return ended;
}

beforeAll(async () => {
  for (const name of ['tmp', 'point', 'agent']) mkdirSync(at(name), { recursive: true });
  point = await startGuardedNginx(at('point'), authority, reader);
  proxy = await startTinyproxy({ account: machine, tunnels: Number(new URL(point.url).port) });
  await writeTree(at('tree'), { 'Windows/System32/ntoskrnl.exe': noise(300_000, 11) });
  await captureWim(at('os.wim'), [{ folder: at('tree'), name: 'Windows', properties: ['WINDOWS/ARCH=9'] }]);
  const wim = readFileSync(at('os.wim'));
  const address = point.url.replace('https://', `https://${reader.user}:${reader.password}@`);
  layTree(at('site'), {
    ...SITE,
    'content/CON00001/files/install.wim': wim,
    'content/CON00005/files/sources/boot.wim': wim,
    'site.yaml': {
      site: 'CON',
      name: 'Contoso',
      distributionPoints: [{ url: `${address}/`, priority: 1 }],
      managementPoints: [point.url],
      keys: { policy: 'policy', media: 'media' },
    },
    'media/depot.yaml': {
      taskSequence: 'CON00020',
      bootImage: 'CON00005',
      createdBy: 'A. Admin',
      password: true,
    },
  });
});
afterAll(async () => {
  await point?.close();
  await proxy?.close();
});

const agentYaml = (differences: object = {}): string =>
  JSON.stringify({
    keys: [readFileSync(at('site/keys/media.pub'), 'utf8').trim()],
    clientCertificates: [{ for: point.url, pfx: 'client.pfx' }],
    credentials: 'credentials.yaml',
    proxy: proxy.url,
    transfer: { retryCount: 1, retryDelaySeconds: 0.01 },
    ...differences,
  });

test('the account in the address goes sealed onto the media, and is in nothing that is published', async () => {
  for (const name of ['policy', 'media']) await prestage(['keys', 'new', name, '--in', 'site/keys']);
  const published = await prestage(['publish', 'site', '--to', 'point']);
  const said = `user name and password were taken out of the address of ${point.url} and go sealed onto each media`;
  expect(published.stderr).toContain(said);
  await prestage(['media', 'create', 'site', 'depot', '--to', 'depot.wim', '--from', 'point', '--json']);
  layTree(at('agent'), {
    'ca.pem': authority.ca,
    'client.pfx': authority.client.pfx,
    'credentials.yaml': {
      accounts: [{ for: proxy.url, ...machine }],
      passphrases: { 'client.pfx': authority.client.passphrase },
    },
    'agent.yaml': agentYaml({ ca: ['ca.pem'] }),
  });
  await prestage(['media', 'apply', 'depot.wim', '--to', 'disk', '--config', 'agent/agent.yaml', '--yes']);
  for (const place of ['point', 'disk']) expect(findBelow(at(place), find)).toEqual([]);
});

test('a server that is not verified is warned of, shown no account, and reported', async () => {
  writeFileSync(at('agent/insecure.yaml'), agentYaml({ unverifiedTlsServers: [point.url] }));
  const before = (await point.requests()).length;
  const words = ['deploy', '--no-restart', '--disk', 'disk', '--config', 'agent/insecure.yaml', '--json'];
  const ended = await prestage(words, 40);
  expect(printedFault(ended)?.code).toMatch(/^NET-|CONTENT-/);
  expect(ended.stderr).toContain(`INSECURE: the certificate of ${point.url} is not verified`);
  const asked = (await point.requests()).slice(before);
  expect(asked.length).toBeGreaterThan(0);
  for (const line of asked) expect(line).toMatch(/^401 - CN=client /);
  const { stdout } = await prestage(['report', '--disk', 'disk', '--json']);
  expect(JSON.parse(stdout)).toMatchObject({ unverifiedTls: [point.url] });
  expect((await prestage(['report', '--disk', 'disk'])).stdout).toContain(
    `INSECURE   TLS certificates were not verified: ${point.url}`,
  );
});

// More than a worker thread is started for: it opens the source for itself, with all that it is told.
test('what has changed since comes through the proxy, from a server that wants certificate and account', async () => {
  layTree(at('site'), {
    'content/CON00002/content.yaml': { ...(SITE['content/CON00002/content.yaml'] as object), version: '1.1' },
    'content/CON00002/files/setup.exe': noise(40_000_000, 77),
  });
  await prestage(['publish', 'site', '--to', 'point']);
  const before = (await point.requests()).length;
  const deployed = await prestage(['deploy', '--no-restart', '--fresh', ...AT_DISK], 3);
  expect(deployed.stderr).not.toContain('INSECURE');
  const asked = (await point.requests()).slice(before);
  expect(asked.filter(line => line.includes('/content/CON00002/1.1/files/setup.exe'))).not.toEqual([]);
  for (const line of asked) expect(line).toMatch(/^\d+ reader CN=client /);
  const tunnels = await proxy.requests();
  expect(new Set(tunnels)).toEqual(new Set([`CONNECT ${new URL(point.url).host}`]));
});

test('nothing that was made or shown tells a secret, but the files in which they were given', () => {
  const staged = 'volumes/windows/_SMSTaskSequence/Prestage/agent/credentials.yaml';
  const found = findBelow(at('disk'), find);
  // The new Windows needs them, too; the folder is left to SYSTEM and Administrators.
  expect(found.filter(finding => !finding.startsWith(`${staged}: `))).toEqual([]);
  expect(found).toContain(`${staged}: account of the proxy, UTF-8`);
  for (const place of ['point', 'tmp']) expect(findBelow(at(place), find)).toEqual([]);
  expect(screens.flatMap(screen => find(screen.split('\n')[0] ?? '', Buffer.from(screen)))).toEqual([]);
});
