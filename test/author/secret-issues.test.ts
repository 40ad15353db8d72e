// Secrets where everybody could read them: told at publish, with their place and the place to put them, never with their value.
import { expect, test } from 'vitest';
import { readSite } from '../../agent/author/read-site.ts';
import { openSites } from '../support/site-issues.ts';
import type { Tree } from '../support/site-kit.ts';

const sites = openSites('secret-issues');

const SEQUENCE = 'name: Install\nosImage: { id: CON00001, index: 1 }\n';
const MEDIA = 'taskSequence: CON00020\nbootImage: CON00005\ncreatedBy: A. Admin\n';
const SITE = 'site: CON\nname: Contoso\nkeys: { policy: policy, media: media }\n';
const IN_POLICY =
  'and policy can be read by everybody: set it under secret of a machine in machines.yaml, or on media that asks for a password';
const ON_MEDIA =
  'and on media without a password it can be read by everybody: let it ask for a password, or set it under secret of a machine in machines.yaml';

test.each<[string, Tree, string]>([
  [
    'a password of Windows Setup in site.yaml',
    { 'site.yaml': `${SITE}variables:\n  osdjoinpassword: hunter2\n` },
    `site.yaml:5:20 variables.osdjoinpassword: osdjoinpassword is secret wherever it stands, ${IN_POLICY}`,
  ],
  [
    'a product key in a task sequence',
    {
      'task-sequences/CON00020.yaml': `${SEQUENCE}variables:\n  OSDProductKey: AAAAA-BBBBB-CCCCC-DDDDD-EEEEE\n`,
    },
    `task-sequences/CON00020.yaml:4:18 variables.OSDProductKey: OSDProductKey is secret wherever it stands, ${IN_POLICY}`,
  ],
  [
    'a password that a step sets',
    {
      'task-sequences/CON00020.yaml': `${SEQUENCE}steps:\n  - step: apply-os-image\n  - step: set-variable\n    variable: OSDLocalAdminPassword\n    value: hunter2-%Site%\n  - step: set-up-boot\n`,
    },
    `task-sequences/CON00020.yaml:7:12 steps[1].value: OSDLocalAdminPassword is secret wherever it stands, ${IN_POLICY}`,
  ],
  [
    'what a media calls secret, in a collection',
    {
      'media/depot.yaml': `${MEDIA}password: true\nvariables: { Pin: "1234" }\nsecret: [Pin]\n`,
      'collections.yaml': '- name: Graz\n  variables: { PIN: "5678" }\n',
    },
    `collections.yaml:2:21 [0].variables.PIN: PIN is secret (media/depot.yaml:6:10), ${IN_POLICY}`,
  ],
  [
    'a secret on media without a password',
    { 'media/depot.yaml': `${MEDIA}variables: { Pin: "1234" }\nsecret: [pin]\n` },
    `media/depot.yaml:4:19 variables.Pin: Pin is secret (media/depot.yaml:5:10), ${ON_MEDIA}`,
  ],
  [
    'what a machine calls secret, on media with a password that do not',
    {
      'media/depot.yaml': `${MEDIA}password: true\nvariables: { Pin: "1234" }\n`,
      'machines.yaml': '- serial: A1\n  secret: { Pin: "5678" }\n',
    },
    'media/depot.yaml:5:19 variables.Pin: Pin is secret (machines.yaml:2:18), and on this media not: name it under secret here, too',
  ],
])('%s is refused at its place', async (_, tree, issue) => {
  expect(await sites.issuesOf(tree)).toEqual([issue]);
});

test('secrets in records of machines, on media with a password, and made of other variables alone are in order', async () => {
  const site = await sites.lay({
    'site.yaml': `${SITE}variables:\n  OSDJoinPassword: "%Join%"\n  OSDProductKey: ""\n`,
    'media/depot.yaml': `${MEDIA}password: true\nvariables: { Join: hunter2, osdlocaladminpassword: hunter3 }\nsecret: [JOIN]\n`,
    'machines.yaml':
      '- serial: A1\n  variables: { OSDLocalAdminPassword: hunter4 }\n  secret: { Join: hunter5 }\n',
  });
  await expect(readSite(site)).resolves.toMatchObject({ site: 'CON' });
});
