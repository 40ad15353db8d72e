// Boundary groups from the admin's YAML: what is refused at publish, at which line and column, and what is none of its business.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { readSite } from '../../agent/author/read-site.ts';
import { laySite, SITE } from '../support/site-kit.ts';
import { faultOf } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { captureWim, writeTree } from '../support/wim-kit.ts';

const temporary = tempFolder('boundaries');
let wim: Uint8Array;
let count = 0;

beforeAll(async () => {
  await writeTree(path.join(temporary, 'tree'), { 'Windows/a.txt': 'a' });
  await captureWim(path.join(temporary, 'os.wim'), [{ folder: path.join(temporary, 'tree'), name: 'OS' }]);
  wim = readFileSync(path.join(temporary, 'os.wim'));
});

/** A site whose site.yaml ends with these boundary groups; its first line of them is `line`. */
async function siteWith(boundaries: string): Promise<{ readonly folder: string; readonly line: number }> {
  count += 1;
  const folder = path.join(temporary, String(count));
  const head = Object.entries(SITE['site.yaml'] as object).map(
    ([name, value]) => `${name}: ${JSON.stringify(value)}`,
  );
  await laySite(folder, wim, { 'site.yaml': `${[...head, 'boundaries:'].join('\n')}\n${boundaries}` });
  return { folder, line: head.length + 2 };
}

describe('mistakes of boundary groups', () => {
  it.each<[string, string, string, readonly [number, string][]]>([
    [
      'a neighbour that leads nowhere, or to itself',
      '  - name: Graz\n    subnets: [10.1.0.0/16]\n    neighbours: [Linz, graz, Wien]\n  - { name: LINZ, default: true }\n',
      'USAGE-02',
      [
        [2, '24 boundaries[0].neighbours[1]: Graz is no neighbour of itself'],
        [2, '30 boundaries[0].neighbours[2]: boundaries has no group Wien'],
      ],
    ],
    [
      'nothing but neighbours that lead nowhere',
      '  - name: Graz\n    subnets: [10.1.0.0/16]\n    neighbours: [Wien]\n',
      'USAGE-05',
      [[2, '18 boundaries[0].neighbours[0]: boundaries has no group Wien']],
    ],
    [
      'a name told twice',
      '  - { name: Graz, adSites: [Graz] }\n  - name: GRAZ\n    adSites: [Graz]\n',
      'USAGE-04',
      [[1, '11 boundaries[1].name: GRAZ is used twice, first at site.yaml:{0}:13']],
    ],
    [
      'gateways and networks that are none, and gateways that every network has',
      '  - name: Graz\n    subnets: [10.1.0.0/33]\n    gateways: [10.1.0.0/16, router, "fe80::1", "fe80::1%5", 10.1.0.1]\n',
      'USAGE-02',
      [
        [
          1,
          '15 boundaries[0].subnets[0]: expected a network such as 10.1.0.0/16 or 2001:db8::/32, found "10.1.0.0/33"',
        ],
        [2, '16 boundaries[0].gateways[0]: expected the IP address of a gateway, found "10.1.0.0/16"'],
        [2, '29 boundaries[0].gateways[1]: expected the IP address of a gateway, found "router"'],
        [
          2,
          '37 boundaries[0].gateways[2]: expected an address that only one network has, found the link-local "fe80::1"',
        ],
        [2, '48 boundaries[0].gateways[3]: expected the IP address of a gateway, found "fe80::1%5"'],
      ],
    ],
    [
      'a group that nobody is in or next to',
      '  - name: Graz\n    subnets: []\n    managementPoints: [https://mp-graz.contoso.example]\n',
      'USAGE-02',
      [
        [
          0,
          "5 boundaries[0]: expected subnets, gateways, adSites or default: nobody is in Graz, and it is no group's neighbour",
        ],
      ],
    ],
  ])('%s', async (_, boundaries, code, issues) => {
    const { folder, line } = await siteWith(boundaries);
    const fault = await faultOf(readSite(folder));
    expect(fault.code).toBe(code);
    expect(fault.detail.issues).toEqual(
      issues.map(([below, text]) => `site.yaml:${line + below}:${text.replace('{0}', String(line))}`),
    );
  });

  it('stop at nine neighbours', async () => {
    const names = Array.from({ length: 9 }, (_, n) => `G${n}`);
    const { folder } = await siteWith(
      `  - { name: Graz, default: true, neighbours: [${names.join(', ')}] }\n${names.map(name => `  - { name: ${name} }\n`).join('')}`,
    );
    const fault = await faultOf(readSite(folder));
    expect(JSON.stringify(fault.detail)).toMatch(/boundaries\[0\]\.neighbours/);
  });
});

it('a circle of neighbours is none, and neighbours may hold nobody', async () => {
  const { folder } = await siteWith(
    '  - { name: Graz, gateways: ["2001:db8::1"], neighbours: [Linz] }\n  - { name: Linz, neighbours: [Graz] }\n',
  );
  expect((await readSite(folder)).boundaries).toMatchObject([
    { name: 'Graz', gateways: ['2001:db8::1'], neighbours: ['Linz'] },
    { name: 'Linz', neighbours: ['Graz'] },
  ]);
});
