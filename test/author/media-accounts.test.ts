// Accounts in a site's documents end up sealed on media, or nowhere; addresses are published without them.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { sealSecrets } from '../../agent/author/media-secrets.ts';
import { readSite } from '../../agent/author/read-site.ts';
import { siteWarnings } from '../../agent/author/site-warnings.ts';
import { openWithPassword } from '../../agent/trust/password-box.ts';
import { laySite, SITE, type Tree } from '../support/site-kit.ts';
import { faultOf } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { captureWim, writeTree } from '../support/wim-kit.ts';

const temporary = tempFolder('media-accounts');
let wim: Uint8Array;
let count = 0;

beforeAll(async () => {
  await writeTree(path.join(temporary, 'tree'), { 'Windows/a.txt': 'a' });
  await captureWim(path.join(temporary, 'os.wim'), [{ folder: path.join(temporary, 'tree'), name: 'OS' }]);
  wim = readFileSync(path.join(temporary, 'os.wim'));
});

async function site(differences: Tree): Promise<string> {
  count += 1;
  const folder = path.join(temporary, String(count));
  await laySite(folder, wim, differences);
  return folder;
}

const depot = { ...(SITE['media/depot.yaml'] as object), password: true };
const addresses = {
  site: 'CON',
  name: 'Contoso',
  keys: { policy: 'policy', media: 'media' },
  distributionPoints: [{ url: 'https://reader:w%40rd-4711@dp.contoso.example/prestage', priority: 1 }],
  managementPoints: ['https://mp.contoso.example:8443'],
  boundaries: [
    {
      name: 'Graz',
      subnets: ['10.1.0.0/16'],
      managementPoints: ['http://graz:geheim-4712@mp-graz/'],
      distributionPoints: [{ url: 'http://graz:geheim-4712@dp-graz/' }],
    },
  ],
  statusUrl: 'https://status:word-4713@status.contoso.example/in',
};

describe('user name and password in an address', () => {
  it('are moved to the accounts of each media, which seals them, and it is said', async () => {
    const read = await readSite(await site({ 'site.yaml': addresses, 'media/depot.yaml': depot }));
    const { boundaries, distributionPoints, statusUrl } = read;
    expect(distributionPoints[0]?.url).toBe('https://dp.contoso.example/prestage');
    expect(boundaries[0]?.managementPoints).toEqual(['http://mp-graz/']);
    expect(boundaries[0]?.distributionPoints[0]?.url).toBe('http://dp-graz/');
    expect(statusUrl).toBe('https://status.contoso.example/in');
    const accounts = [
      { for: 'https://dp.contoso.example', user: 'reader', password: 'w@rd-4711' },
      { for: 'http://mp-graz', user: 'graz', password: 'geheim-4712' },
      { for: 'http://dp-graz', user: 'graz', password: 'geheim-4712' },
      { for: 'https://status.contoso.example', user: 'status', password: 'word-4713' },
    ];
    const media = read.media[0];
    if (media === undefined) throw new Error('no media');
    expect(media.accounts).toEqual(accounts);

    const { secrets, ...open } = await sealSecrets(media, undefined, 'correct horse');
    if (secrets === undefined) throw new Error('not sealed');
    expect(
      JSON.parse(Buffer.from(await openWithPassword(secrets, 'correct horse')).toString()),
    ).toMatchObject({
      accounts,
    });
    expect(JSON.stringify(open)).not.toMatch(/4711|4712|4713/);

    const said = siteWarnings(read);
    expect(said).toHaveLength(4);
    expect(said[0]).toMatch(
      /^site\.yaml:\d+:\d+: .* taken out of the address of https:\/\/dp\.contoso\.example and go sealed onto each media/,
    );
    expect(said.join('\n')).not.toMatch(/4711|w%40rd|w@rd|4712|4713/);
  });

  it('give way to what the media document says of the same server', async () => {
    const own = { for: 'https://DP.contoso.example:443/', token: 'own-token' };
    const media = {
      ...depot,
      accounts: [own],
      managementPoints: ['http://media:word-4714@mp/', 'http://mp-graz/'],
    };
    const read = await readSite(await site({ 'site.yaml': addresses, 'media/depot.yaml': media }));
    expect(read.media[0]?.managementPoints).toEqual(['http://mp/', 'http://mp-graz/']);
    expect(read.media[0]?.accounts.slice(0, 2)).toEqual([
      own,
      { for: 'http://mp', user: 'media', password: 'word-4714' },
    ]);
    expect(read.media[0]?.accounts.filter(each => each.for.includes('dp.contoso'))).toEqual([]);
  });
});

describe('accounts that nothing would hide are refused, in words that say where they belong', () => {
  const { password: _, ...open } = depot;
  it.each<[string, Tree, RegExp]>([
    [
      'site.yaml, with media that have no password',
      { 'site.yaml': addresses, 'media/depot.yaml': open },
      /^site\.yaml:\d+:\d+ distributionPoints\[0\]\.url: https:\/\/dp\.contoso\.example has user name and password in its address, .* media\/depot\.yaml has no password to seal them with: set it under accounts/,
    ],
    [
      'site.yaml, with no media at all',
      { 'site.yaml': addresses, 'media/depot.yaml': undefined },
      /there is no media that could carry them sealed/,
    ],
    [
      'media without a password, in an address',
      { 'media/depot.yaml': { ...open, managementPoints: ['http://media:word-4714@mp/'] } },
      /^media\/depot\.yaml:\d+:\d+ managementPoints\[0\]: http:\/\/mp has user name .* media without a password: set it under accounts .* credentials file beside agent\.yaml/,
    ],
    [
      'media without a password, under accounts',
      {
        'media/depot.yaml': {
          ...open,
          accounts: [{ for: 'http://mp', user: 'media', password: 'word-4714' }],
        },
      },
      /^media\/depot\.yaml:\d+:\d+ accounts: on media without a password .* let it ask for a password/,
    ],
    [
      'an address with a user name alone',
      { 'media/depot.yaml': { ...depot, managementPoints: ['http://word-4714@mp/'] } },
      /managementPoints\[0\]: what stands before @ in the address is no user name and password/,
    ],
    [
      'an address with a control character in its password',
      { 'media/depot.yaml': { ...depot, managementPoints: ['http://media:word-4714%0d%0aX@mp/'] } },
      /managementPoints\[0\]: what stands before @ in the address is no user name and password/,
    ],
    [
      'a password that YAML reads as a number',
      { 'media/depot.yaml': { ...depot, accounts: [{ for: 'http://mp', user: 'media', password: 4714 }] } },
      /accounts\[0\]\.password: expected text/,
    ],
    [
      'two accounts for one server',
      {
        'media/depot.yaml': {
          ...depot,
          accounts: [
            { for: 'http://mp', token: 'word-4714' },
            { for: 'http://MP:80/x', token: 'word-4714' },
          ],
        },
      },
      /accounts\[1\]\.for: http:\/\/mp has an account already/,
    ],
  ])('%s', async (_title, differences, says) => {
    const fault = await faultOf(readSite(await site(differences)));
    expect(fault.code).toBe('USAGE-02');
    const issues = fault.detail.issues as readonly string[];
    expect(issues[0]).toMatch(says);
    expect(JSON.stringify([fault.message, fault.detail])).not.toMatch(/4711|4712|4713|4714/);
  });
});
