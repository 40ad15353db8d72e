// The real executable between a near, a neighbouring and a far server: which of them is asked, seen from the servers, and what it says about it.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { applyMedia } from '../../agent/author/apply-media.ts';
import { createMedia } from '../../agent/author/create-media.ts';
import { loadPublicKey } from '../../agent/author/key-files.ts';
import { type MisbehavingServer, startMisbehavingServer } from '../support/misbehaving-server.ts';
import { servePoint } from '../support/serve-point.ts';
import { authorKit, layTree } from '../support/site-kit.ts';
import { makeSmallSite, type SmallSite, wearDisk } from '../support/small-site.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { overwrite } from '../support/wim-kit.ts';
import { runPrestage } from './run-prestage.ts';
import { snapshotOf } from './snapshot.ts';

const folder = tempFolder('near-and-far');
const nearFiles = new Map<string, Uint8Array>();
const nextFiles = new Map<string, Uint8Array>();
let near: MisbehavingServer;
let next: MisbehavingServer;
let far: SmallSite;
let disks = 0;

beforeAll(async () => {
  near = await startMisbehavingServer({ files: nearFiles });
  next = await startMisbehavingServer({ files: nextFiles });
  far = await makeSmallSite(folder, {
    differences: {
      'media/depot.yaml': {
        taskSequence: 'CON00020',
        bootImage: 'CON00005',
        createdBy: 'A. Admin',
        management: 'dynamic',
      },
    },
  });
  layTree(far.site, {
    'site.yaml': {
      site: 'CON',
      name: 'Contoso',
      distributionPoints: [{ url: far.url, priority: 1 }],
      managementPoints: [far.url],
      keys: { policy: 'policy', media: 'media' },
      boundaries: [
        {
          name: 'Graz',
          gateways: ['10.1.4.1'],
          adSites: ['Graz-Office'],
          neighbours: ['Linz'],
          distributionPoints: [{ url: near.url, priority: 900 }],
        },
        {
          name: 'Linz',
          subnets: ['10.2.0.0/16'],
          neighbours: ['Graz'],
          distributionPoints: [{ url: next.url, priority: 5 }],
        },
      ],
    },
  });
  await far.publish();
});
afterAll(async () => {
  await near?.close();
  await next?.close();
  await far?.close();
});
beforeEach(async () => {
  await servePoint(far.point, nearFiles);
  await servePoint(far.point, nextFiles);
});

/** A worn disk of this media at this place. */
async function diskAt(facts: object, lay: (disk: string) => Promise<void> = far.layDisk): Promise<string> {
  disks += 1;
  const disk = path.join(folder, `disk-${disks}`);
  await lay(disk);
  layTree(disk, { 'machine.json': JSON.stringify({ facts }) });
  await wearDisk(disk);
  return disk;
}

const prestage = (...words: readonly string[]) => runPrestage(words, { cwd: folder });
const at = (disk: string): readonly string[] => ['--disk', disk, '--config', far.config];

/** IDs of the content that these requests were for. */
function idsIn(requests: readonly string[]): readonly string[] {
  return [...new Set(requests.flatMap(each => /content\/(CON\d+)/.exec(each)?.[1] ?? []))].sort();
}

/** Deploys and proves that the whole image was applied. @returns the report, and who was asked for content: IDs by server. */
async function deployed(disk: string) {
  const before = { near: near.requests.length, next: next.requests.length, far: far.requests.length };
  const ended = await prestage('deploy', ...at(disk));
  expect(ended, ended.stderr).toMatchObject({ code: 3 });
  const applied = snapshotOf(path.join(disk, 'volumes/windows'));
  for (const [name, digest] of Object.entries(snapshotOf(far.osTree)))
    expect(applied[name], name).toBe(digest);
  const report = JSON.parse((await prestage('report', '--disk', disk, '--json')).stdout);
  return {
    policy: report.policy,
    asked: {
      near: idsIn(near.requests.slice(before.near).map(request => request.path)),
      next: idsIn(next.requests.slice(before.next).map(request => request.path)),
      far: idsIn(far.requests.slice(before.far)),
    },
  };
}

/** What the network has to give; the rest of the wear is mended from what lies on the disk. */
const WORN = ['CON00004', 'CON00006'];

it('behind a gateway of Graz everything comes from there, whatever priority a far point has', async () => {
  const { policy, asked } = await deployed(await diskAt({ gateways: ['10.1.4.1'] }));
  expect(asked).toEqual({ near: WORN, next: [], far: [] });
  expect(policy.boundary).toEqual({
    groups: [{ name: 'Graz', why: 'gateway 10.1.4.1' }],
    neighbours: ['Linz'],
  });
});

it('what the near server lacks comes from its neighbour, and nothing from far away', async () => {
  for (const name of [...nearFiles.keys()]) if (name.startsWith('content/CON00004/')) nearFiles.delete(name);
  const { asked } = await deployed(await diskAt({ adSite: 'graz-office' }));
  expect(asked).toEqual({ near: WORN, next: ['CON00004'], far: [] });
});

it('what near and neighbour both lack comes from the point that the media names', async () => {
  for (const files of [nearFiles, nextFiles])
    for (const name of [...files.keys()]) if (name.startsWith('content/CON00006/')) files.delete(name);
  const { asked } = await deployed(await diskAt({ ipAddresses: ['10.2.0.7'] }));
  expect(asked).toEqual({ near: ['CON00006'], next: WORN, far: ['CON00006'] });
});

it('outside of all boundaries nobody is asked but the point that the media names', async () => {
  const { policy, asked } = await deployed(await diskAt({ ipAddresses: ['192.168.1.7'] }));
  expect(asked).toEqual({ near: [], next: [], far: WORN });
  expect(policy.boundary).toEqual({ groups: [], neighbours: [] });
});

it('in the new Windows the site that it has joined makes points near that Windows PE did not know to be', async () => {
  const disk = await diskAt({ ipAddresses: ['192.168.1.7'] });
  expect((await deployed(disk)).asked.near).toEqual([]);
  layTree(disk, { 'machine.json': JSON.stringify({ facts: { adSite: 'Graz-Office' } }) });
  const file = 'volumes/windows/_SMSTaskSequence/Packages/CON00006/data.bin';
  await overwrite(path.join(disk, file), 1, Buffer.from('X'));
  const before = { near: near.requests.length, far: far.requests.length };
  const ended = await prestage('continue', ...at(disk));
  expect(ended, ended.stderr).toMatchObject({ code: 0 });
  expect(idsIn(near.requests.slice(before.near).map(request => request.path))).toEqual(['CON00006']);
  expect(idsIn(far.requests.slice(before.far))).toEqual([]);
});

it('plan --why says where the computer is, why, and whom that makes it ask', async () => {
  const disk = await diskAt({ gateways: ['10.1.4.1'] });
  const { code, stdout, stderr } = await prestage('plan', ...at(disk), '--why');
  expect(code, stderr).toBe(0);
  const [, from] = stdout.split('The computer is in Graz (gateway 10.1.4.1); next to Linz.\n');
  expect(from).toMatch(
    new RegExp(
      `^Content is asked of, in this order:\n  ${near.url} \\(boundary\\)\n  ${next.url} \\(neighbour\\)\n  ${far.url}\n`,
    ),
  );
  const { stdout: data } = await prestage('plan', ...at(disk), '--json');
  expect(JSON.parse(data)).toMatchObject({
    boundary: { groups: [{ name: 'Graz', why: 'gateway 10.1.4.1' }], neighbours: ['Linz'] },
    sources: [
      { name: near.url, level: 'boundary' },
      { name: next.url, level: 'neighbour' },
      { name: far.url },
    ],
  });
});

it('site-based media ask the near one of their own points first, and nobody whom they do not name', async () => {
  layTree(far.site, {
    'media/site.yaml': {
      taskSequence: 'CON00020',
      bootImage: 'CON00005',
      createdBy: 'A. Admin',
      distributionPoints: [
        { url: far.url, priority: 1 },
        { url: `${near.url}/`, priority: 2 },
      ],
      // Windows PE cannot find it out.
      variables: { PrestageADSite: 'Graz-Office' },
    },
  });
  const world = {
    ...authorKit(new Date().toISOString()),
    imaging: far.imaging,
    newId: () => '0e6f3a51-9f0c-4d4e-8f5a-2f7d3c1b9a11',
  };
  const wim = path.join(folder, 'site.wim');
  await createMedia({ site: far.site, name: 'site', to: wim, from: far.point }, world);
  const keys = [await loadPublicKey(path.join(far.site, 'keys'), 'media')];
  const lay = async (disk: string): Promise<void> => {
    await applyMedia({ wim, target: { disk }, keys, confirmed: true }, world);
  };
  for (const name of [...nearFiles.keys()]) if (name.startsWith('content/CON00004/')) nearFiles.delete(name);

  const disk = await diskAt({}, lay);
  const graz = await deployed(disk);
  expect(graz.asked).toEqual({ near: WORN, next: [], far: ['CON00004'] });
  expect(graz.policy).toMatchObject({
    from: far.url,
    boundary: { groups: [{ name: 'Graz', why: 'Active Directory site Graz-Office' }] },
  });
  const log = await readFile(path.join(disk, 'volumes/windows/_SMSTaskSequence/Logs/prestage.log'), 'utf8');
  expect(log).toContain('This machine is in Graz (Active Directory site Graz-Office); next to Linz.');

  const elsewhere = await deployed(await diskAt({ adSite: 'Wien' }, lay));
  expect(elsewhere.asked).toEqual({ near: [], next: [], far: WORN });
});
