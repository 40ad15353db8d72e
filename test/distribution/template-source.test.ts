// Configuration Manager's own distribution points as suppliers of bytes: what comes from them, under which addresses, and what they are never asked for.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { acquire } from '../../agent/distribution/acquire.ts';
import { fetchManifest } from '../../agent/distribution/fetch-manifest.ts';
import { addressTemplate, distributionPoint } from '../../agent/document/fields.ts';
import { acquireWorld, differences, type Files, filesBelow, publishItem } from '../support/content-kit.ts';
import { type IisPoint, startIisPoint } from '../support/iis-point.ts';
import { seeded } from '../support/seeded.ts';
import { faultOf, openTestSource } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';

const ID = 'ABC00012';
const PLAIN = 'SMS_DP_SMSPKG$/{id}/{path}';
const BY_QUERY = 'SMS_DP_SMSPKG$/{id}/sccm?/{path}';

const ground = tempFolder('template');
const { bytes: noise } = seeded(6);
const files: Files = {
  'large.bin': noise(1_500_000),
  'c#.txt': Buffer.from('sharp'),
  '100%.txt': Buffer.from('all of it'),
  'deep er/Grüße & $&.txt': Buffer.from('hello'),
};
const awkward: Files = { 'a+b.txt': Buffer.from('plus'), 'x%20y.txt': Buffer.from('no space') };

let plays = 0;
let here: string;
let packages: Map<string, Uint8Array>;
let point: IisPoint;
beforeEach(async () => {
  here = path.join(ground, `${++plays}`);
  await mkdir(path.join(here, 'volume'), { recursive: true });
  packages = new Map();
  point = await startIisPoint(packages);
});
afterEach(() => point.close());

/** The site's own point has manifest and chunk indexes; the files lie at the other one. */
async function published(content: Files, elsewhere = content) {
  const item = await publishItem(path.join(here, 'dp'), content);
  await rm(path.join(here, 'dp/content', ID, '1/files'), { recursive: true });
  for (const [name, bytes] of Object.entries(elsewhere)) packages.set(`${ID}/${name}`, bytes);
  return item;
}

async function lay(folder: string, content: Files): Promise<void> {
  for (const [name, bytes] of Object.entries(content)) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), bytes);
  }
}

// It stands for a share: a folder of this machine would be asked first.
const own = () => openTestSource(path.join(here, 'dp'), { priority: 2, level: 'default' });
const theirs = (template: string, url = point.url) => openTestSource(url, { priority: 1, template });
const world = (template: string, url?: string) =>
  acquireWorld(path.join(here, 'volume'), [theirs(template, url), own()]);
const got = () => filesBelow(path.join(here, 'volume/_SMSTaskSequence/Packages', ID));

describe('a distribution point of Configuration Manager', () => {
  it.each([
    { template: PLAIN, content: files },
    { template: `/${BY_QUERY}`, content: { ...files, ...awkward } },
  ])('supplies the files under $template, whatever is in their names', async ({ template, content }) => {
    const item = await published(content);
    const at = world(template);
    const manifest = await fetchManifest(item.reference, at);
    const acquired = await acquire({ reference: item.reference, manifest }, at);
    expect(differences(await got(), content)).toEqual([]);
    // It is named with its template, beside another source of the same address.
    expect(Object.keys(acquired.bySource)).toEqual([`${point.url}/${template.replace(/^\//, '')}`]);
    expect(point.asked.filter(line => !line.includes(`/SMS_DP_SMSPKG$/${ID}/`))).toEqual([]);
  });

  it('that filters names with + says that it has none of them, and those come from elsewhere', async () => {
    const item = await published({ ...files, ...awkward });
    await lay(path.join(here, 'dp/content', ID, '1/files'), awkward);
    await acquire(item, world(PLAIN));
    expect(differences(await got(), { ...files, ...awkward })).toEqual([]);
  });

  it('with another version of the item is not asked for it again: NET-07, and nothing of it is kept', async () => {
    const names = Object.fromEntries(
      Array.from({ length: 30 }, (_, at) => [`${at}.txt`, Buffer.from(`file ${at} of version 1`)]),
    );
    const older = Object.fromEntries(
      Object.entries(names).map(([name, bytes]) => [name, Buffer.concat([bytes, Buffer.from('.0')])]),
    );
    const item = await published(names, older);
    const fault = await faultOf(acquire(item, world(PLAIN)));
    expect(fault.code).toBe('CONTENT-01');
    expect(fault.detail.sources).toContainEqual(expect.stringMatching(/SMS_DP_SMSPKG\$.*NET-07/));
    // Those that were under way when the first answer came.
    expect(point.asked.length).toBeLessThanOrEqual(4);
    expect(await got()).toEqual({});
  });

  it('whose file has other bytes of the same length is found out by its digest', async () => {
    const content = { 'a.txt': Buffer.from('right') };
    const item = await published(content, { 'a.txt': Buffer.from('wrong') });
    const fault = await faultOf(acquire(item, world(PLAIN)));
    expect(fault.detail.sources).toContainEqual(expect.stringContaining('NET-07'));
    expect(await got()).toEqual({});
  });

  it('is a share with packages just as well', async () => {
    const item = await published(files);
    await lay(path.join(here, 'SMSPKGD$', ID), files);
    await acquire(item, world('SMSPKGD$/{id}/{path}', here));
    expect(differences(await got(), files)).toEqual([]);
    expect(point.asked).toEqual([]);
  });

  it('is never asked for manifests, chunk indexes or policy', async () => {
    const source = theirs(PLAIN);
    for (const name of ['policy/current.json', `content/${ID}/1/manifest.json`, 'keys/revocations.json'])
      expect((await faultOf(source.readDocument(name, { maxBytes: 100 }))).code).toBe('NET-02');
    expect((await faultOf(source.read('policy/current.json', { expectedSize: 1 }))).code).toBe('NET-02');
    expect(point.asked).toEqual([]);
  });
});

describe('a template', () => {
  it.each([PLAIN, BY_QUERY, '/SMS_DP_SMSPKG$/{id}/{path}', 'Our Packages/{id}.{version}/{path}'])(
    '%s is taken',
    template => {
      expect(distributionPoint.parse({ url: 'http://cm.example/', template })).toEqual({
        url: 'http://cm.example/',
        priority: 10,
        template,
      });
    },
  );

  it.each([
    ['no file', 'SMS_DP_SMSPKG$/{id}'],
    ['no item', 'SMS_DP_SMSPKG$/{path}'],
    ['something behind the file', '{id}/{path}.bin'],
    ['an unknown placeholder', '{site}/{id}/{path}'],
    ['a way out', '../{id}/{path}'],
    ['a fragment', '{id}/#/{path}'],
    ['a backslash', '{id}\\{path}'],
    ['a line feed', '{id}\n/{path}'],
  ])('with %s is refused', (_, template) => {
    expect(addressTemplate.safeParse(template).success).toBe(false);
  });
});
