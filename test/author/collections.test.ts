// What decides who is offered what, from the admin's YAML to signed policy and media.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { createMedia } from '../../agent/author/create-media.ts';
import { publish } from '../../agent/author/publish.ts';
import { readSite } from '../../agent/author/read-site.ts';
import { openImaging } from '../../agent/machine/open-imaging.ts';
import { mediaManifestSchema } from '../../agent/media/media-manifest.ts';
import { policySchema } from '../../agent/policy/policy.ts';
import { authorKit, laySite, SITE, type Tree } from '../support/site-kit.ts';
import { faultOf } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { captureWim, writeTree } from '../support/wim-kit.ts';

const temporary = tempFolder('collections');
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

const siteYaml = (more: object): Tree => ({ 'site.yaml': { ...(SITE['site.yaml'] as object), ...more } });
const deployed = (more: object): Tree => ({
  'deployments.yaml': [
    {
      id: 'CON20001',
      taskSequence: 'CON00020',
      collection: 'all',
      purpose: 'required',
      makeAvailableTo: 'media-pxe',
      ...more,
    },
  ],
});

describe('a site with collections', () => {
  const whole: Tree = {
    ...siteYaml({
      variables: { OSDTimeZone: 'UTC' },
      boundaries: [
        {
          name: 'Graz',
          subnets: ['10.1.0.0/16', '2001:db8::/32'],
          managementPoints: ['https://mp-graz.contoso.example'],
          distributionPoints: [{ url: '\\\\dp-graz\\prestage' }],
        },
      ],
      sharedAdapters: ['AA-BB-CC-DD-EE-FF'],
      statusUrl: 'https://status.contoso.example/in',
    }),
    'collections.yaml':
      '- name: Graz\n  rule: { subnets: [10.1.0.0/16] }\n  variables: { OSDTimeZone: W. Europe Standard Time }\n- name: Pilot\n',
    ...deployed({ collection: 'graz', schedule: { from: '2026-04-01T00:00:00Z' } }),
    'media/depot.yaml': {
      taskSequence: 'CON00020',
      createdBy: 'A. Admin',
      management: 'dynamic',
      unknownComputers: false,
    },
  };

  it('is signed as it was written, in policy and in media', async () => {
    const folder = await site(whole);
    const point = path.join(temporary, 'point');
    await publish({ site: folder, point }, authorKit());
    const policy = policySchema.parse(
      JSON.parse(readFileSync(path.join(point, 'policy/1/policy.json'), 'utf8')),
    );
    expect(policy).toMatchObject({
      variables: { OSDTimeZone: 'UTC' },
      collections: [
        {
          name: 'Graz',
          rule: { subnets: ['10.1.0.0/16'] },
          variables: { OSDTimeZone: 'W. Europe Standard Time' },
        },
        { name: 'Pilot', variables: {} },
      ],
      boundaries: [
        {
          name: 'Graz',
          subnets: ['10.1.0.0/16', '2001:db8::/32'],
          managementPoints: ['https://mp-graz.contoso.example'],
          distributionPoints: [{ url: '\\\\dp-graz\\prestage', priority: 10 }],
        },
      ],
      sharedAdapters: ['AA-BB-CC-DD-EE-FF'],
      statusUrl: 'https://status.contoso.example/in',
      deployments: [{ collection: 'graz', schedule: { from: '2026-04-01T00:00:00Z' } }],
    });
    const to = path.join(temporary, 'depot.wim');
    const world = {
      ...authorKit(),
      imaging: await openImaging({ system: 'linux' }),
      newId: () => '0e6f3a51-9f0c-4d4e-8f5a-2f7d3c1b9a10',
    };
    await createMedia({ site: folder, name: 'depot', to, from: point }, world);
    const media = mediaManifestSchema.parse(JSON.parse(readFileSync(`${to}.media.json`, 'utf8')));
    expect(media).toMatchObject({ management: 'dynamic', unknownComputers: false });
  });

  it('that says nothing of them gets site-based media for everybody', async () => {
    const read = await readSite(await site({}));
    expect(read).toMatchObject({ collections: [], boundaries: [], sharedAdapters: [], variables: {} });
    expect(read.media[0]).toMatchObject({ management: 'site', unknownComputers: true });
  });
});

describe('mistakes of collections', () => {
  it.each<[string, Tree, string, readonly string[]]>([
    [
      'a name that leads nowhere',
      { ...deployed({ collection: 'Grazz' }), 'collections.yaml': '- name: Graz\n' },
      'USAGE-05',
      ['deployments.yaml:3:15 [0].collection: collections.yaml has no collection Grazz'],
    ],
    [
      'a machine in a collection that nobody described',
      { 'machines.yaml': '- serial: SN-1\n  collections: [Graz]\n' },
      'USAGE-05',
      ['machines.yaml:2:17 [0].collections[0]: collections.yaml has no collection Graz'],
    ],
    [
      'a name told twice',
      { 'collections.yaml': '- name: Graz\n- name: GRAZ\n' },
      'USAGE-04',
      ['collections.yaml:2:9 [1].name: GRAZ is used twice, first at collections.yaml:1:9'],
    ],
    [
      'a name that every site has',
      { 'collections.yaml': '- name: all\n- name: Unknown\n' },
      'USAGE-02',
      [
        'collections.yaml:1:9 [0].name: all is the name of a collection that every site has',
        'collections.yaml:2:9 [1].name: Unknown is the name of a collection that every site has',
      ],
    ],
    [
      'identifiers and networks that are none',
      {
        'collections.yaml':
          '- name: Graz\n  rule:\n    macs: ["00:11:22:33:44"]\n    uuids: [4C4C4544]\n    serials: [" "]\n    subnets: [10.1.0.0/33, 10.1.0.0/16, Graz]\n',
      },
      'USAGE-02',
      [
        'collections.yaml:5:15 [0].rule.serials[0]: expected a serial number, found " "',
        'collections.yaml:4:13 [0].rule.uuids[0]: expected a UUID of 32 hex digits, such as 4C4C4544-0042-4810-8051-B4C04F4E3132, found "4C4C4544"',
        'collections.yaml:3:12 [0].rule.macs[0]: expected a MAC address of 12 hex digits, such as 00:11:22:33:44:55, found "00:11:22:33:44"',
        'collections.yaml:6:15 [0].rule.subnets[0]: expected a network such as 10.1.0.0/16 or 2001:db8::/32, found "10.1.0.0/33"',
        'collections.yaml:6:41 [0].rule.subnets[2]: expected a network such as 10.1.0.0/16 or 2001:db8::/32, found "Graz"',
      ],
    ],
    [
      'the same in a deployment’s own lists, and a schedule that never begins',
      deployed({
        collection: { subnets: ['10.1/16'] },
        schedule: { from: '2026-05-01T00:00:00Z', until: '2026-04-01T00:00:00Z' },
      }),
      'USAGE-02',
      [
        'deployments.yaml:5:9 [0].collection.subnets[0]: expected a network such as 10.1.0.0/16 or 2001:db8::/32, found "10.1/16"',
        'deployments.yaml:10:12 [0].schedule.until: expected a time after 2026-05-01T00:00:00Z, found 2026-04-01T00:00:00Z',
      ],
    ],
    [
      'a rule without any list, and a time without its zone',
      {
        'collections.yaml': '- name: Graz\n  rule: {}\n',
        ...deployed({ schedule: { from: '2026-05-01 08:00' } }),
      },
      'USAGE-02',
      [
        expect.stringContaining('deployments.yaml:7:11 [0].schedule.from: expected a time in UTC'),
        expect.stringContaining('collections.yaml:2:9 [0].rule: expected'),
      ],
    ],
    [
      'boundaries and shared adapters',
      siteYaml({
        boundaries: [{ name: 'Graz', subnets: ['10.1.0.0/16', 'Graz'] }],
        sharedAdapters: ['00:11'],
      }),
      'USAGE-02',
      [
        expect.stringMatching(/^site\.yaml:\d+:9 boundaries\[0\]\.subnets\[1\]: expected a network/),
        expect.stringMatching(/^site\.yaml:\d+:5 sharedAdapters\[0\]: expected a MAC address/),
      ],
    ],
  ])('%s', async (_, differences, code, issues) => {
    const fault = await faultOf(readSite(await site(differences)));
    expect({ code: fault.code, issues: fault.detail.issues }).toEqual({ code, issues });
  });
});
