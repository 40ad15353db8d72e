// Site folders with mistakes in them: what an admin wrote, and what publishing says of it.
import type { Tree } from '../support/site-kit.ts';
import type { Words } from './judge.ts';

export interface SiteCase {
  readonly title: string;
  /** Laid over a good site; undefined removes. */
  readonly site: Tree;
  /** Publishing the good site comes first. */
  readonly publishedBefore?: true;
  /** `publish site --to point` unless it says otherwise. */
  readonly words?: readonly string[];
  readonly exitCode?: number;
  readonly fault: string;
  readonly subject: Words;
  readonly says: readonly Words[];
}

const content = (id: string, differences: object = {}) => ({
  id,
  type: 'package',
  name: 'Runtime',
  version: '7',
  source: 'files',
  ...differences,
});

export const SITE_CASES: readonly SiteCase[] = [
  {
    title: 'no site.yaml',
    site: { 'site.yaml': undefined },
    fault: 'USAGE-03',
    subject: 'site',
    says: ['expected: site.yaml'],
  },
  {
    title: 'an empty site.yaml',
    site: { 'site.yaml': '' },
    fault: 'USAGE-02',
    subject: 'site',
    says: ['site.yaml:1:1'],
  },
  {
    title: 'malformed YAML in one document and mistakes in two others, told together',
    site: {
      'site.yaml': 'site: CON\nname: [Contoso\nkeys: {policy: policy, media: media}\n',
      'content/CON00003/content.yaml':
        'id: con3\ntype: package\nname: Runtime\nversion: 7\nsource: files\nsurce: files\n',
      'deployments.yaml':
        '- id: CON20001\n  taskSequence: CON00020\n  collection: all\n  purpose: requird\n  makeAvailableTo: media-pxe\n',
    },
    fault: 'USAGE-02',
    subject: 'site',
    says: [
      /site\.yaml:3:\d+ not valid YAML/,
      'content/CON00003/content.yaml:1:5 id: expected a content ID such as ABC00012, found con3',
      /content\/CON00003\/content\.yaml:4:10 version: expected .*, found 7/,
      'content/CON00003/content.yaml:6:1 surce: unknown key',
      /deployments\.yaml:4:12 \[0\]\.purpose: expected one of .*required.*, found requird/,
    ],
  },
  {
    title: 'templates of distribution points that name no file, or lead elsewhere',
    site: {
      'site.yaml':
        'site: CON\nname: Contoso\nkeys: {policy: policy, media: media}\ndistributionPoints:\n' +
        '  - {url: "http://dp/"}\n' +
        '  - {url: "http://cm/", template: "SMS_DP_SMSPKG$/{id}"}\n' +
        '  - {url: "http://cm/", template: "../{id}/{path}"}\n',
    },
    fault: 'USAGE-02',
    subject: 'site',
    says: [
      /site\.yaml:6:\d+ distributionPoints\[1\]\.template: expected a path with \{id\} that ends with \{path\}, such as /,
      /site\.yaml:7:\d+ distributionPoints\[2\]\.template: expected a path with \{id\} /,
    ],
  },
  {
    title: 'no distribution point but those that supply files alone',
    site: {
      'site.yaml':
        'site: CON\nname: Contoso\nkeys: {policy: policy, media: media}\ndistributionPoints:\n' +
        '  - {url: "http://cm/", template: "SMS_DP_SMSPKG$/{id}/{path}"}\n',
    },
    fault: 'USAGE-02',
    subject: 'site',
    says: [/site\.yaml:5:\d+ distributionPoints: expected one without template/],
  },
  {
    title: 'the password of the account for shares where everybody could read it',
    site: {
      'site.yaml':
        'site: CON\nname: Contoso\nkeys: {policy: policy, media: media}\n' +
        'variables: {SMSConnectNetworkFolderPassword: not-shown}\n',
    },
    fault: 'USAGE-02',
    subject: 'site',
    says: [
      /site\.yaml:4:\d+ .*SMSConnectNetworkFolderPassword is secret wherever it stands, and policy can be read/,
    ],
  },
  {
    title: 'a tab where YAML wants spaces',
    site: { 'media/depot.yaml': 'taskSequence: CON00020\n\tcreatedBy: A. Admin\n' },
    fault: 'USAGE-02',
    subject: 'site',
    says: [/media\/depot\.yaml:2:1 not valid YAML: .*[Tt]ab/],
  },
  {
    title: 'a key that stands twice',
    site: { 'media/depot.yaml': 'taskSequence: CON00020\ncreatedBy: A\ncreatedBy: B\n' },
    fault: 'USAGE-02',
    subject: 'site',
    says: ['media/depot.yaml:3:1 key used twice in one mapping'],
  },
  {
    title: 'aliases that unfold without end',
    site: {
      'media/depot.yaml': `a: &a [x,x,x,x,x,x,x,x,x]\n${['b', 'c', 'd', 'e', 'f']
        .map((name, at) => `${name}: &${name} [${Array(9).fill(`*${'abcdef'[at]}`).join(',')}]`)
        .join('\n')}\n`,
    },
    fault: 'USAGE-02',
    subject: 'site',
    says: [/media\/depot\.yaml:1:1 .*alias/],
  },
  {
    title: 'documents under names that nothing reads',
    site: { 'deployment.yaml': '[]\n', 'media/bench.yml': 'taskSequence: CON00020\ncreatedBy: A\n' },
    fault: 'USAGE-02',
    subject: 'site',
    says: [
      'deployment.yaml: nothing reads this name; did you mean deployments.yaml?',
      'media/bench.yml: expected a name that ends in .yaml',
    ],
  },
  {
    title: 'a folder where a document belongs',
    site: { 'collections.yaml/x.txt': '', 'media/depot.yaml': 'taskSequence: CON00020\ncreatdBy: A\n' },
    fault: 'USAGE-02',
    subject: 'site',
    says: [
      'collections.yaml: expected a file, found a folder',
      'media/depot.yaml:2:1 creatdBy: unknown key; did you mean createdBy?',
    ],
  },
  {
    title: 'a document that is not UTF-8',
    site: { 'media/depot.yaml': Buffer.from('createdBy: J\xf6rg\n', 'latin1') },
    fault: 'USAGE-02',
    subject: 'site',
    says: ['media/depot.yaml:1:13 expected UTF-8 text'],
  },
  {
    title: 'a document beyond all measure',
    site: { 'deployments.yaml': `# ${'x'.repeat(5 * 1024 * 1024)}\n` },
    fault: 'USAGE-02',
    subject: 'site',
    says: [/deployments\.yaml: expected at most 4194304 bytes, found 5\d{6}/],
  },
  {
    title: 'wrong types all over one document',
    site: {
      'site.yaml':
        'site: CON\nname: {de: Contoso}\ndistributionPoints: http://dp\nmanagementPoints: [ftp://mp, "https://mp/?a=1"]\nkeys: [policy]\npolicyValidDays: soon\n',
    },
    fault: 'USAGE-02',
    subject: 'site',
    says: [
      'site.yaml:2:7 name: expected text, found a mapping of keys',
      'site.yaml:3:21 distributionPoints: expected a list, found http://dp',
      'site.yaml:4:20 managementPoints[0]: expected a URL',
      'site.yaml:4:30 managementPoints[1]: expected a URL',
      /site\.yaml:5:7 keys: expected .*, found a list/,
      /site\.yaml:6:18 policyValidDays: expected .*, found soon/,
    ],
  },
  {
    title: 'one content ID for two items',
    site: {
      'content/another/content.yaml': content('CON00003', { name: 'Another' }),
      'content/another/files/a.txt': 'a',
    },
    fault: 'USAGE-04',
    subject: 'site',
    says: [
      'content/another/content.yaml:1:5 id: CON00003 is used twice, first at content/CON00003/content.yaml:1:5',
    ],
  },
  {
    title: 'references to what is not there',
    site: {
      'task-sequences/CON00020.yaml': {
        name: 'Install Windows',
        osImage: { id: 'CON00003', index: 1 },
        applications: ['CON00002', 'CON00FFF'],
      },
      'content/CON00003/content.yaml': content('CON00003', { dependencies: ['CON00002'], source: 'nowhere' }),
    },
    fault: 'USAGE-05',
    subject: 'site',
    says: [
      'osImage.id: expected content of type os-image, found CON00003 of type package',
      'applications[1]: no content has the ID CON00FFF',
      'source: no folder at',
      'dependencies form a circle: CON00002 -> CON00003 -> CON00002',
    ],
  },
  {
    title: 'an image index out of range',
    site: {
      'task-sequences/CON00020.yaml': {
        name: 'Install Windows',
        osImage: { id: 'CON00001', index: 3 },
      },
    },
    fault: 'USAGE-05',
    subject: 'site',
    says: ['task-sequences/CON00020.yaml:4:10 osImage.index: expected 1 to 1, the images of CON00001'],
  },
  {
    title: 'an OS image that is not a WIM',
    site: { 'content/CON00001/files/install.wim': 'PK\u0003\u0004 this is a ZIP file'.padEnd(4096) },
    exitCode: 60,
    fault: 'IMAGE-01',
    subject: 'install.wim',
    says: ['expected', 'found'],
  },
  {
    title: 'names that Windows cannot store, and two that it takes for one',
    site: {
      'content/CON00003/files/NUL.txt': 'x',
      'content/CON00003/files/setup.exe:hidden': 'x',
      'content/CON00003/files/RUN.CMD': 'x',
      'content/CON00003/files/sub/trailing.': 'x',
      'content/CON00003/files/back\\slash': 'x',
    },
    fault: 'USAGE-07',
    subject: 'CON00003',
    says: [
      'NUL.txt has the device name "NUL"',
      'setup.exe:hidden names a stream (colon)',
      /(run\.cmd|RUN\.CMD) differs only by case from "(run\.cmd|RUN\.CMD)"/,
      'sub/trailing. has a part that ends with a dot or a space',
      'back\\slash has a backslash',
    ],
  },
  {
    title: 'a key that was never made',
    site: { 'keys/policy.pem': undefined },
    fault: 'USAGE-11',
    subject: 'policy.pem',
    says: [],
  },
  {
    title: 'a key file that is none',
    site: { 'keys/policy.pem': '-----BEGIN PRIVATE KEY-----\nbm8ga2V5\n-----END PRIVATE KEY-----\n' },
    fault: 'USAGE-11',
    subject: 'policy.pem',
    says: ['expected: an Ed25519 private key in PEM'],
  },
  {
    title: 'other bytes under a version that is published',
    publishedBefore: true,
    site: { 'content/CON00003/files/run.cmd': '@exit /b 1\r\n' },
    fault: 'USAGE-06',
    subject: 'CON00003 7',
    says: ['run.cmd', 'expected', 'found'],
  },
  {
    title: 'a distribution point that is a file',
    site: {},
    words: ['publish', 'site', '--to', 'site/site.yaml'],
    fault: 'USAGE-09',
    subject: 'site/site.yaml',
    says: [],
  },
  {
    title: 'media that the site does not describe',
    publishedBefore: true,
    site: {},
    words: ['media', 'create', 'site', 'depo', '--from', 'point', '--to', 'depot.wim'],
    fault: 'USAGE-05',
    subject: 'depo',
    says: ['expected: one of depot'],
  },
  {
    title: 'media from a distribution point that nobody published to',
    site: {},
    words: ['media', 'create', 'site', 'depot', '--from', 'point', '--to', 'depot.wim'],
    exitCode: 2,
    fault: 'USAGE-08',
    subject: 'point',
    says: ['expected: a folder that `prestage publish` wrote', 'missing: policy/current.json'],
  },
];
