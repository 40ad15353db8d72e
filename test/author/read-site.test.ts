import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { createKey, loadPrivateKey, loadPublicKey } from '../../agent/author/key-files.ts';
import { readSite } from '../../agent/author/read-site.ts';
import { laySite, type Tree } from '../support/site-kit.ts';
import { faultOf } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { captureWim, writeTree } from '../support/wim-kit.ts';

const temporary = tempFolder('read-site');
let wim: Uint8Array;
let count = 0;

beforeAll(async () => {
  await writeTree(path.join(temporary, 'tree'), { 'Windows/a.txt': 'a' });
  await captureWim(path.join(temporary, 'os.wim'), [{ folder: path.join(temporary, 'tree'), name: 'OS' }]);
  wim = readFileSync(path.join(temporary, 'os.wim'));
});

async function site(differences: Tree = {}): Promise<string> {
  count += 1;
  const folder = path.join(temporary, String(count));
  await laySite(folder, wim, differences);
  return folder;
}

async function refusal(differences: Tree) {
  const fault = await faultOf(readSite(await site(differences)));
  return { code: fault.code, issues: fault.detail.issues };
}

const content = (differences: object) => ({
  id: 'CON00003',
  type: 'package',
  name: 'Runtime',
  version: '7',
  source: 'files',
  ...differences,
});

describe('readSite', () => {
  it('gives every document with its defaults', async () => {
    const read = await readSite(await site());
    expect(read).toMatchObject({ site: 'CON', policyValidDays: 90 });
    expect(read.content.map(item => item.id)).toEqual([
      'CON00001',
      'CON00002',
      'CON00003',
      'CON00004',
      'CON00005',
    ]);
    expect(read.taskSequences).toEqual([
      {
        id: 'CON00020',
        name: 'Install Windows',
        osImage: { id: 'CON00001', index: 1 },
        drivers: 'auto',
        packages: [],
        applications: ['CON00002'],
        variables: {},
      },
    ]);
    expect(read.media[0]).toMatchObject({
      name: 'depot',
      unattended: true,
      allowOffline: false,
      version: '1',
    });
    expect(path.isAbsolute(read.content[0]?.sourceFolder ?? '')).toBe(true);
  });

  it('tells the mistakes of all documents together', async () => {
    const { code, issues } = await refusal({
      'site.yaml':
        'site: contoso\nname: Contoso\nkeys: { policy: policy, media: media }\ndistributionPoints:\n  - url: 12\n',
      'content/CON00003/content.yaml': 'id: CON00003\ntype: script\nname: x\nversion: 7\nsource: files\n',
      'task-sequences/CON00020.yaml':
        'name: x\nosImage: { id: CON00001, index: 0 }\nvariables: { OSDComputerName: 12 }\n',
      'task-sequences/Install.yaml': 'name: x\nosImage: { id: CON00001, index: 1 }\n',
      'deployments.yaml':
        '- id: CON20001\n  taskSequence: CON00021\n  collection: everyone\n  purpose: required\n  makeAvailableTo: media-pxe\n',
      'media/depot.yaml': 'taskSequence: CON00020\ncreatedby: A. Admin\n',
    });
    expect(code).toBe('USAGE-02');
    expect(issues).toEqual(
      expect.arrayContaining([
        'site.yaml:1:7 site: expected a site code of three letters or digits, such as CON, found contoso',
        expect.stringContaining('site.yaml:5:10 distributionPoints[0].url: expected a URL'),
        'content/CON00003/content.yaml:2:7 type: expected one of application, package, driver-package, os-image, boot-image, found script',
        'content/CON00003/content.yaml:4:10 version: expected text (write it in quotes), found 7',
        'task-sequences/CON00020.yaml:2:33 osImage.index: expected at least 1, found 0',
        'task-sequences/CON00020.yaml:3:31 variables.OSDComputerName: expected text (write it in quotes), found 12',
        "task-sequences/Install.yaml: expected a name such as ABC00020.yaml, the task sequence's ID",
        'deployments.yaml:3:15 [0].collection: collections.yaml has no collection everyone',
        'media/depot.yaml:1:1 createdBy: required, but absent',
        'media/depot.yaml:2:1 createdby: unknown key; did you mean createdBy?',
      ]),
    );
  });

  it('refuses an ID used twice and shows both places', async () => {
    const { code, issues } = await refusal({
      'content/another/content.yaml': content({ source: '../CON00003/files' }),
    });
    expect(code).toBe('USAGE-04');
    expect(issues).toEqual([
      'content/another/content.yaml:1:5 id: CON00003 is used twice, first at content/CON00003/content.yaml:1:5',
    ]);
  });

  it('refuses every reference that leads nowhere or to the wrong type', async () => {
    const { code, issues } = await refusal({
      'content/CON00003/content.yaml': content({ source: 'absent', dependencies: ['CON00004'] }),
      'task-sequences/CON00020.yaml': {
        name: 'x',
        osImage: { id: 'CON00009', index: 1 },
        drivers: ['CON00003'],
      },
      'deployments.yaml': [
        {
          id: 'CON20001',
          taskSequence: 'CON00021',
          collection: 'all',
          purpose: 'required',
          makeAvailableTo: 'media-pxe',
        },
      ],
      'media/depot.yaml': { taskSequence: 'CON00022', createdBy: 'A. Admin', bootImage: 'CON00001' },
    });
    expect(code).toBe('USAGE-05');
    expect(issues).toEqual([
      expect.stringMatching(/^content\/CON00003\/content.yaml:5:9 source: no folder at .*absent$/),
      'content/CON00003/content.yaml:7:5 dependencies[0]: expected an application or package, found CON00004 of type driver-package',
      'task-sequences/CON00020.yaml:3:7 osImage.id: no content has the ID CON00009',
      'task-sequences/CON00020.yaml:6:5 drivers[0]: expected content of type driver-package, found CON00003 of type package',
      'deployments.yaml:2:17 [0].taskSequence: no task sequence has the ID CON00021',
      'media/depot.yaml:1:15 taskSequence: no task sequence has the ID CON00022',
      'media/depot.yaml:3:12 bootImage: expected content of type boot-image, found CON00001 of type os-image',
    ]);
  });

  it('refuses dependencies that form a circle, once a circle', async () => {
    const { code, issues } = await refusal({
      'content/CON00003/content.yaml': content({ dependencies: ['CON00002'] }),
    });
    expect(code).toBe('USAGE-05');
    expect(issues).toEqual([
      expect.stringContaining('dependencies form a circle: CON00002 -> CON00003 -> CON00002'),
    ]);
  });

  it('refuses an image index that the WIM does not have, and shows where it is asked for', async () => {
    const { code, issues } = await refusal({
      'task-sequences/CON00020.yaml': { name: 'x', osImage: { id: 'CON00001', index: 3 } },
    });
    expect(code).toBe('USAGE-05');
    expect(issues).toEqual([
      'task-sequences/CON00020.yaml:4:10 osImage.index: expected 1 to 1, the images of CON00001: 1 (OS); found 3',
    ]);
  });

  it('refuses a folder that is not a site', async () => {
    expect((await faultOf(readSite(temporary))).code).toBe('USAGE-03');
    expect((await faultOf(readSite(path.join(temporary, 'nowhere')))).code).toBe('USAGE-03');
  });

  it('names a content folder without its document', async () => {
    const folder = await site();
    mkdirSync(path.join(folder, 'content/CON00099'));
    expect((await faultOf(readSite(folder))).detail.issues).toEqual([
      'content/CON00099/content.yaml: required, but absent',
    ]);
  });

  it('refuses media that demands the receipt of a depot where the site names none', async () => {
    const media = 'taskSequence: CON00020\nbootImage: CON00005\ncreatedBy: A\nreceipt: required\n';
    const { issues } = await refusal({ 'media/depot.yaml': media });
    expect(issues).toEqual([
      expect.stringMatching(/^media\/depot\.yaml:4:10 receipt: is required, and site\.yaml names no depot/),
    ]);
  });
});

describe('readSite, where files are not what they should be', () => {
  const laid = async (change: (at: (...names: string[]) => string) => void, differences: Tree = {}) => {
    const folder = await site(differences);
    change((...names) => path.join(folder, ...names));
    const fault = await faultOf(readSite(folder));
    return { code: fault.code, issues: fault.detail.issues, found: fault.detail.found };
  };

  it('tells each one beside the mistakes of all others', async () => {
    const { code, issues } = await laid(
      at => {
        mkdirSync(at('deployments.yaml'));
        mkdirSync(at('media/folder.yaml'), { recursive: true });
        symlinkSync('nowhere', at('machines.yaml'));
        symlinkSync('nowhere', at('content/CON00099'));
        // A plain file that can be opened and not be read, by nobody: the memory of this process from its first byte.
        symlinkSync('/proc/self/mem', at('collections.yaml'));
        renameSync(at('task-sequences/CON00020.yaml'), at('task-sequences/CON00020.yml'));
      },
      {
        'deployments.yaml': undefined,
        'media/depot.yaml': undefined,
        'content/CON00077.yaml': 'id: CON00077\n',
        'site.yaml':
          'site: CON\nname: Contoso\ndistributionPoint: []\nname: Again\nkeys: { policy: p, media: m }\n',
      },
    );
    expect(code).toBe('USAGE-02');
    expect(issues).toEqual([
      'site.yaml:3:1 distributionPoint: unknown key; did you mean distributionPoints?',
      'site.yaml:4:1 key used twice in one mapping: name, first in line 2',
      'content/CON00077.yaml: expected a folder that holds content.yaml, found a file',
      'content/CON00099: a link that leads nowhere',
      'task-sequences/CON00020.yml: expected a name that ends in .yaml',
      'deployments.yaml: expected a file, found a folder',
      'collections.yaml: cannot be read (EIO: i/o error, read)',
      'media/folder.yaml: expected a file, found a folder',
      'machines.yaml: a link that leads nowhere',
    ]);
  });

  it('opens no pipe, which would wait for ever', async () => {
    const { code, issues } = await laid(at => symlinkSync('/dev/zero', at('machines.yaml')));
    expect(code).toBe('USAGE-08');
    expect(issues).toEqual(['machines.yaml: expected a file, found a device or pipe']);
  });

  it('weighs a document before it reads it', async () => {
    const { issues } = await laid(() => {}, { 'collections.yaml': Buffer.alloc(4 * 1024 * 1024 + 1) });
    expect(issues).toEqual(['collections.yaml: expected at most 4194304 bytes, found 4194305']);
  });

  it('tells of a folder that is a file once, and not of all that would have been in it', async () => {
    const file = await laid(at => renameSync(at('site.yaml.copy'), at('content')), {
      content: undefined,
      'site.yaml.copy': 'x',
    });
    expect(file).toMatchObject({
      code: 'USAGE-08',
      issues: ['content: expected a folder, found another thing'],
    });
  });

  it.each([
    ['deployments.yaml', 'deployment.yaml'],
    ['deployments.yaml', 'Deployments.yml'],
    ['task-sequences', 'task-sequence'],
    ['media', 'Media'],
  ])('asks whether %s was meant by %s, which nothing reads', async (meant, name) => {
    const { code, issues } = await laid(at => renameSync(at(meant), at(name)));
    expect(code).toBe('USAGE-02');
    expect(issues).toContain(`${name}: nothing reads this name; did you mean ${meant}?`);
  });

  it('asks the same of site.yaml', async () => {
    expect(await laid(at => renameSync(at('site.yaml'), at('site.yml')))).toMatchObject({
      code: 'USAGE-03',
      found: ['site.yml: nothing reads this name; did you mean site.yaml?'],
    });
  });

  it('says nothing of a reference to a document that is there and has mistakes', async () => {
    const { issues } = await laid(
      at => renameSync(at('content/CON00003/content.yaml'), at('content/CON00003/content.yml')),
      {
        'collections.yaml': '- name: Graz\n  rul: all\n',
        'deployments.yaml': [
          {
            id: 'CON20001',
            taskSequence: 'CON00020',
            collection: 'Graz',
            purpose: 'required',
            makeAvailableTo: 'media-pxe',
          },
        ],
      },
    );
    expect(issues).toEqual([
      'content/CON00003/content.yaml: required, but absent',
      'collections.yaml:2:3 [0].rul: unknown key; did you mean rule?',
    ]);
  });

  it('shows a circle of three as a chain, at the entry that turns', async () => {
    const { issues } = await laid(() => {}, {
      'content/CON00002/content.yaml': content({ id: 'CON00002', dependencies: ['CON00003'] }),
      'content/CON00003/content.yaml': content({ dependencies: ['CON00006'] }),
      'content/CON00006/content.yaml': content({ id: 'CON00006', dependencies: ['CON00002'] }),
      'content/CON00006/files/a.txt': 'a',
      'task-sequences/CON00020.yaml': { name: 'x', osImage: { id: 'CON00001', index: 1 } },
    });
    expect(issues).toEqual([
      'content/CON00002/content.yaml:7:5 dependencies[0]: dependencies form a circle: CON00002 -> CON00003 -> CON00006 -> CON00002',
    ]);
  });
});

describe('key files', () => {
  it('are made once, the private one for its owner alone', async () => {
    const folder = path.join(temporary, 'keys');
    const made = await createKey(folder, 'policy');
    expect(statSync(made.privateFile).mode & 0o777).toBe(0o600);
    expect((await loadPrivateKey(folder, 'policy')).public.text).toBe(made.public.text);
    expect((await loadPublicKey(folder, 'policy')).text).toBe(made.public.text);
    expect(await faultOf(createKey(folder, 'policy'))).toMatchObject({
      code: 'USAGE-09',
      subject: made.privateFile,
    });
    expect(readdirSync(folder).sort()).toEqual(['policy.pem', 'policy.pub']);
  });

  it.each(['../evil', '', 'a/b', '.hidden'])('refuse the name %j', async name => {
    expect((await faultOf(createKey(path.join(temporary, 'keys'), name))).code).toBe('USAGE-01');
  });
});
