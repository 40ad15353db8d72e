// What a publish notices by looking, and whom it lets in.
import {
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { createKey } from '../../agent/author/key-files.ts';
import { publish } from '../../agent/author/publish.ts';
import { fingerprintOf } from '../../agent/author/publish-state.ts';
import { readSite } from '../../agent/author/read-site.ts';
import { lookAtSource } from '../../agent/author/source-tree.ts';
import { changedNs, isSettled } from '../../agent/content/file-stamp.ts';
import { claim } from '../../agent/machine/claim.ts';
import { authorKit, clockTicks, layTree, noise, SITE, type Tree } from '../support/site-kit.ts';
import { faultOf } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { readTree } from '../support/wim-kit.ts';

const temporary = tempFolder('publish-look');
let count = 0;

async function site(tree: Tree = {}): Promise<{ site: string; point: string; source: string }> {
  count += 1;
  const folder = path.join(temporary, `site-${count}`);
  layTree(folder, {
    'site.yaml': SITE['site.yaml'],
    'content/CON00003/content.yaml': SITE['content/CON00003/content.yaml'],
    'content/CON00003/files/run.cmd': 'first bytes',
    'content/CON00003/files/sub/large.bin': noise(300_000),
    'content/CON00003/files/sub/same.bin': noise(300_000),
    ...tree,
  });
  await createKey(path.join(folder, 'keys'), 'policy');
  const source = path.join(folder, 'content/CON00003/files');
  return { site: folder, point: path.join(temporary, `point-${count}`), source };
}

const outcomeOf = async (request: { site: string; point: string; rehash?: boolean }) =>
  (await publish(request, authorKit())).items[0]?.outcome;

/** Until nothing is in doubt any more. */
async function published(): Promise<Awaited<ReturnType<typeof site>>> {
  const request = await site();
  await clockTicks();
  await publish(request, authorKit());
  await clockTicks();
  await publish(request, authorKit());
  return request;
}

it('notices other bytes of the same size although the time of the last write was set back', async () => {
  const request = await published();
  const file = path.join(request.source, 'run.cmd');
  const { atime, mtime, size } = statSync(file);
  writeFileSync(file, 'other bytes');
  utimesSync(file, atime, mtime);
  expect(statSync(file)).toMatchObject({ size, mtime });
  expect(await faultOf(publish(request, authorKit()))).toMatchObject({
    code: 'USAGE-06',
    detail: { differences: ['run.cmd has other bytes'] },
  });
});

it('notices what was written within the tick of the clock in which it was read', async () => {
  const request = await site();
  const file = path.join(request.source, 'run.cmd');
  writeFileSync(file, 'first bytes');
  await publish(request, authorKit());
  writeFileSync(file, 'other bytes');
  // The same tick: the file looks as the last publish remembers it.
  const state = path.join(request.site, '.prestage/published.json');
  const remembered = JSON.parse(readFileSync(state, 'utf8'));
  const item = remembered.points[request.point].CON00003;
  // A slow machine may have come to read it when the tick was over.
  item.unsettled = ['run.cmd'];
  const [content] = (await readSite(request.site)).content;
  if (content === undefined) throw new Error('the site has an item');
  item.fingerprint = fingerprintOf(content, await lookAtSource(request.source));
  writeFileSync(state, JSON.stringify(remembered));
  expect(await faultOf(publish(request, authorKit()))).toMatchObject({ code: 'USAGE-06' });
});

it('reads what was in doubt once more, and then never again', async () => {
  const request = await published();
  const state = path.join(request.site, '.prestage/published.json');
  const remembered = JSON.parse(readFileSync(state, 'utf8'));
  remembered.points[request.point].CON00003.unsettled = ['run.cmd', 'sub/large.bin'];
  writeFileSync(state, JSON.stringify(remembered));
  for (const totalBytes of [300_011, 0]) {
    const kit = authorKit();
    await publish(request, kit);
    expect(kit.events.find(event => event.kind === 'started')).toMatchObject({ totalBytes });
  }
});

it('doubts what was changed about when it was read, by the tick of the file system', () => {
  const second = 1_000_000_000n;
  const read = 1_800_000_000n * second + 500_000_000n;
  expect(isSettled(read - 200_000_000n, read)).toBe(true);
  expect(isSettled(read - 50_000_000n, read)).toBe(false);
  expect(isSettled(read + second, read)).toBe(false);
  // FAT: times of two seconds.
  expect(isSettled(1_799_999_998n * second, read)).toBe(true);
  expect(isSettled(1_799_999_999n * second, read)).toBe(false);
  expect(changedNs({ ctimeNs: 0n, mtimeNs: 5n })).toBe(5n);
});

it.each([
  ['a published file that is gone', 'files/sub/large.bin'],
  ['a chunk index that is gone', 'chunks'],
  ['a whole folder that is gone', 'files/sub'],
])('mends %s, by a look at the folders', async (_, name) => {
  const request = await published();
  const version = path.join(request.point, 'content/CON00003/7');
  const before = await readTree(version);
  rmSync(path.join(version, name), { recursive: true });
  expect(await outcomeOf(request)).toBe('mended');
  expect(await readTree(version)).toEqual(before);
});

it('notices bytes that changed inside a published file with --rehash only, and then also that they are mended', async () => {
  const request = await published();
  const file = path.join(request.point, 'content/CON00003/7/files/run.cmd');
  truncateSync(file, 3);
  expect(await outcomeOf(request)).toBe('unchanged');
  expect(await outcomeOf({ ...request, rehash: true })).toBe('mended');
  expect(readFileSync(file, 'utf8')).toBe('first bytes');
});

it('refuses the distribution point of another site, and one signed by a key that is not its own', async () => {
  const request = await published();
  const before = await readTree(request.point);
  const other = await site({
    'site.yaml': { site: 'FAB', name: 'Fabrikam', keys: { policy: 'policy', media: 'media' } },
    'content/CON00003': undefined,
  });
  expect(await faultOf(publish({ ...other, point: request.point }, authorKit()))).toMatchObject({
    code: 'USAGE-18',
    detail: { expected: 'site FAB', found: 'site CON' },
  });
  const twin = await site();
  expect(await faultOf(publish({ ...twin, point: request.point }, authorKit()))).toMatchObject({
    code: 'USAGE-18',
    detail: { found: expect.stringContaining('signed by key') },
  });
  expect(await readTree(request.point)).toEqual(before);
  expect(existsSync(path.join(twin.site, '.prestage'))).toBe(false);
});

it('goes on with its own point after its key was replaced, while the old public key is kept', async () => {
  const request = await published();
  await createKey(path.join(request.site, 'keys'), 'second');
  layTree(request.site, {
    'site.yaml': { site: 'CON', name: 'Contoso', keys: { policy: 'second', media: 'media' } },
  });
  expect(await outcomeOf(request)).toBe('unchanged');
});

it('refuses while another publish is at work on the same point', async () => {
  const request = await site();
  const world = { ...authorKit(), claim: (what: string) => claim(what, 'linux') };
  mkdirSync(request.point);
  const [one, two] = await Promise.allSettled([publish(request, world), publish(request, world)]);
  expect([one.status, two.status].sort()).toEqual(['fulfilled', 'rejected']);
  const refused = one.status === 'rejected' ? one.reason : two.status === 'rejected' ? two.reason : undefined;
  expect(refused).toMatchObject({ code: 'USAGE-14', subject: request.point });
  expect((await publish(request, world)).serial).toBe(2);
});

it.each(['install.esd', 'install.swm', 'install2.swm'])(
  'refuses %s as an OS image, by its name',
  async name => {
    const request = await site({
      'content/CON00001/content.yaml': {
        id: 'CON00001',
        type: 'os-image',
        name: 'Windows',
        version: '1',
        source: '.',
      },
      [`content/CON00001/${name}`]: 'x',
    });
    expect(await faultOf(publish(request, authorKit()))).toMatchObject({
      code: 'USAGE-08',
      detail: { found: [name] },
    });
  },
);

it('tells a file that cannot be read apart from a disk that cannot be written', async () => {
  const request = await site();
  const kit = authorKit();
  const copyUnflushed = async (from: string): Promise<void> => {
    const error = Object.assign(new Error('EACCES'), { code: 'EACCES', syscall: 'open', path: from });
    throw error;
  };
  const { openInPlacePool } = await import('../../agent/content/in-place-pool.ts');
  const { contentJobs } = await import('../../agent/content/jobs.ts');
  const pool = openInPlacePool({ jobs: contentJobs, durable: { ...kit.durable, copyUnflushed } });
  expect(await faultOf(publish(request, { ...kit, pool }))).toMatchObject({
    code: 'USAGE-08',
    subject: expect.stringContaining(request.source),
  });
});
