import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadPublicKey } from '../../agent/author/key-files.ts';
import { publish } from '../../agent/author/publish.ts';
import { decodeManifest } from '../../agent/content/decode-manifest.ts';
import { openInPlacePool } from '../../agent/content/in-place-pool.ts';
import { contentJobs } from '../../agent/content/jobs.ts';
import { openDurableFiles } from '../../agent/durable/open-durable-files.ts';
import { verifyPolicy } from '../../agent/policy/verify-policy.ts';
import { authorKit, clockTicks, laySite, layTree, noise, type Tree } from '../support/site-kit.ts';
import { ITEMS } from '../support/small-site.ts';
import { faultOf } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { captureWim, overwrite, readTree, writeTree } from '../support/wim-kit.ts';

const temporary = tempFolder('publish');
let wim: Uint8Array;
let count = 0;

beforeAll(async () => {
  await writeTree(path.join(temporary, 'tree'), { 'Windows/big.bin': noise(600_000), 'Windows/a.txt': 'a' });
  await captureWim(path.join(temporary, 'os.wim'), [{ folder: path.join(temporary, 'tree'), name: 'OS' }]);
  wim = readFileSync(path.join(temporary, 'os.wim'));
});

async function site(differences: Tree = {}): Promise<{ site: string; point: string }> {
  count += 1;
  const folder = path.join(temporary, `site-${count}`);
  await laySite(folder, wim, differences);
  return { site: folder, point: path.join(temporary, `point-${count}`) };
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const outcomes = (published: Awaited<ReturnType<typeof publish>>) =>
  Object.fromEntries(published.items.map(item => [item.id, item.outcome]));

describe('publish', () => {
  it('leaves plain files, manifests that prove them, and a policy that proves the manifests', async () => {
    const request = await site();
    const published = await publish(request, authorKit());
    const { serial } = JSON.parse(readFileSync(path.join(request.point, 'policy/current.json'), 'utf8'));
    expect(serial).toBe(1);
    const key = await loadPublicKey(path.join(request.site, 'keys'), 'policy');
    const { policy } = verifyPolicy(
      readFileSync(path.join(request.point, `policy/${serial}/policy.json`)),
      readFileSync(path.join(request.point, `policy/${serial}/policy.json.sig`)),
      {
        keys: [key],
        site: 'CON',
        floor: 1,
        clock: new Date('2026-03-02T00:00:00Z'),
        provenTimes: [],
      },
    );
    expect(policy.created).toBe('2026-03-01T12:00:00Z');
    expect(policy.expires).toBe('2026-05-30T12:00:00Z');
    expect(policy.content.map(item => item.id)).toEqual([
      'CON00001',
      'CON00002',
      'CON00003',
      'CON00004',
      'CON00005',
    ]);
    for (const reference of policy.content) {
      const folder = path.join(request.point, 'content', reference.id, reference.version);
      const manifest = decodeManifest(readFileSync(path.join(folder, 'manifest.json')), reference);
      for (const file of manifest.files) {
        const bytes = readFileSync(path.join(folder, 'files', file.path));
        expect(sha256(bytes)).toBe(file.sha256);
        expect(sha256(bytes)).toBe(
          sha256(readFileSync(path.join(request.site, 'content', reference.id, 'files', file.path))),
        );
        if (file.chunks)
          expect(sha256(readFileSync(path.join(folder, 'chunks', `${file.sha256}.chunks`)))).toBe(
            file.chunks.sha256,
          );
      }
    }
    expect(published.items.find(item => item.id === 'CON00002')?.files).toBe(2);
    expect(readdirSync(path.join(request.point, 'content/CON00002'))).toEqual(['1.0']);
  });

  it('carries install commands, detection and dependencies in the manifest', async () => {
    const request = await site();
    const { items } = await publish(request, authorKit());
    const digest = items.find(item => item.id === 'CON00002')?.digest ?? '';
    const manifest = decodeManifest(
      readFileSync(path.join(request.point, 'content/CON00002/1.0/manifest.json')),
      { digest },
    );
    expect(manifest.install).toEqual([{ command: 'setup.exe /S', successCodes: [0, 3010] }]);
    expect(manifest.dependencies).toEqual(['CON00003']);
    expect(manifest.detection).toHaveLength(1);
  });

  it('skips unchanged items by a look and still raises the serial number', async () => {
    const request = await site();
    await clockTicks();
    const first = await publish(request, authorKit());
    await clockTicks();
    expect(outcomes(await publish(request, authorKit()))).toMatchObject({ CON00002: 'unchanged' });
    const before = await readTree(path.join(request.point, 'content'));
    const kit = authorKit();
    const second = await publish(request, kit);
    expect(new Set(Object.values(outcomes(second)))).toEqual(new Set(['unchanged']));
    expect(kit.events.find(event => event.kind === 'started')).toMatchObject({ totalBytes: 0 });
    expect(second.serial).toBe(3);
    expect(second.items.map(item => item.digest)).toEqual(first.items.map(item => item.digest));
    expect(await readTree(path.join(request.point, 'content'))).toEqual(before);
  });

  it('gives the same digests from a site laid elsewhere at another time', async () => {
    const [one, two] = [await site(), await site()];
    const [first, second] = [
      await publish(one, authorKit()),
      await publish(two, authorKit('2027-01-01T00:00:00Z')),
    ];
    expect(second.items.map(item => item.digest)).toEqual(first.items.map(item => item.digest));
  });

  it('publishes a new version beside the old one', async () => {
    const request = await site();
    await publish(request, authorKit());
    layTree(request.site, {
      'content/CON00003/content.yaml': {
        id: 'CON00003',
        type: 'package',
        name: 'Runtime',
        version: '8',
        source: 'files',
      },
      'content/CON00003/files/run.cmd': '@exit /b 1\r\n',
    });
    const second = await publish(request, authorKit());
    expect(outcomes(second)).toMatchObject({ CON00003: 'published', CON00002: 'unchanged' });
    expect(readdirSync(path.join(request.point, 'content/CON00003'))).toEqual(['7', '8']);
  });

  it('refuses other bytes under a published version and names them; nothing of the run appears', async () => {
    const request = await site();
    await publish(request, authorKit());
    const before = await readTree(request.point);
    layTree(request.site, {
      'content/CON00002/content.yaml': {
        id: 'CON00002',
        type: 'application',
        name: 'Editor',
        version: '2.0',
        source: 'files',
      },
      'content/CON00003/files/run.cmd': '@exit /b 1\r\n',
      'content/CON00003/files/new.txt': 'new',
      'content/CON00003/files/empty.txt': undefined,
    });
    const fault = await faultOf(publish(request, authorKit()));
    expect(fault).toMatchObject({ code: 'USAGE-06', subject: 'CON00003 7' });
    expect(fault.detail.differences).toEqual([
      'new.txt is new',
      'run.cmd has other bytes',
      'empty.txt is gone',
    ]);
    expect(await readTree(request.point)).toEqual(before);
  });

  it('refuses other install commands under a published version', async () => {
    const request = await site();
    await publish(request, authorKit());
    layTree(request.site, {
      'content/CON00003/content.yaml': {
        id: 'CON00003',
        type: 'package',
        name: 'Runtime',
        version: '7',
        source: 'files',
      },
    });
    const fault = await faultOf(publish(request, authorKit()));
    expect(fault.code).toBe('USAGE-06');
    expect(fault.detail.differences).toEqual([expect.stringContaining('content.yaml')]);
  });

  it('accepts a source whose files were only touched', async () => {
    const request = await site();
    await publish(request, authorKit());
    layTree(request.site, { 'content/CON00003/files/run.cmd': '@exit /b 0\r\n' });
    expect(outcomes(await publish(request, authorKit()))).toMatchObject({ CON00003: 'unchanged' });
  });

  it('mends a published file that was lost, and with --rehash one whose bytes rotted', async () => {
    const request = await site();
    await publish(request, authorKit());
    const whole = await readTree(path.join(request.point, 'content'));
    rmSync(path.join(request.point, 'content/CON00002/1.0/files/setup.exe'));
    expect(outcomes(await publish(request, authorKit()))).toMatchObject({
      CON00002: 'mended',
      CON00003: 'unchanged',
    });
    expect(await readTree(path.join(request.point, 'content'))).toEqual(whole);
    await overwrite(
      path.join(request.point, 'content/CON00002/1.0/files/setup.exe'),
      1000,
      Buffer.from('rot'),
    );
    await overwrite(path.join(request.point, 'content/CON00004/2/manifest.json'), 3, Buffer.from('rot'));
    expect(outcomes(await publish({ ...request, rehash: true }, authorKit()))).toMatchObject({
      CON00002: 'mended',
      CON00004: 'mended',
    });
    expect(await readTree(path.join(request.point, 'content'))).toEqual(whole);
  });

  it('reads everything again when what it remembers is lost or damaged', async () => {
    const request = await site();
    await publish(request, authorKit());
    writeFileSync(path.join(request.site, '.prestage/published.json'), '{"format":');
    const again = await publish(request, authorKit());
    expect(new Set(Object.values(outcomes(again)))).toEqual(new Set(['unchanged']));
    expect(again.serial).toBe(2);
  });

  it('takes a serial number above one that an interrupted run left behind', async () => {
    const request = await site();
    await publish(request, authorKit());
    mkdirSync(path.join(request.point, 'policy/7'));
    expect((await publish(request, authorKit())).serial).toBe(8);
  });

  it('warns when its clock is behind that of the policy before', async () => {
    const request = await site();
    await publish(request, authorKit('2027-01-01T00:00:00Z'));
    const kit = authorKit('2026-12-01T00:00:00Z');
    const warned: string[] = [];
    await publish(request, {
      ...kit,
      observe: event => {
        if (event.kind === 'note' && event.level === 'warning') warned.push(event.text);
      },
    });
    expect(warned).toEqual([expect.stringContaining('was made at 2027-01-01T00:00:00Z')]);
  });

  it('keeps the last five policies', async () => {
    const request = await site();
    for (let run = 0; run < 7; run += 1) await publish(request, authorKit());
    expect(readdirSync(path.join(request.point, 'policy')).sort()).toEqual([
      '3',
      '4',
      '5',
      '6',
      '7',
      'current.json',
    ]);
  });

  it('refuses a source that changes while it is copied, and leaves nothing of it', async () => {
    const request = await site();
    const kit = authorKit();
    const durable = openDurableFiles();
    const copyUnflushed: typeof durable.copyUnflushed = async (from, to, tools) => {
      await durable.copyUnflushed(from, to, tools);
      if (from.endsWith('run.cmd')) writeFileSync(from, 'written meanwhile');
    };
    const pool = openInPlacePool({ jobs: contentJobs, durable: { ...durable, copyUnflushed } });
    const fault = await faultOf(publish(request, { ...kit, pool }));
    expect(fault).toMatchObject({
      code: 'USAGE-13',
      subject: path.join(request.site, 'content/CON00003/files/run.cmd'),
    });
    expect(existsSync(request.point)).toBe(false);
  });

  it('refuses an item without the detection script that it names', async () => {
    const { editor } = ITEMS;
    const detection = [{ any: [{ file: 'C:\\x' }, { all: [{ script: 'Sub folder\\is-there.PS1' }] }] }];
    const request = await site({ 'content/CON00002/content.yaml': { ...editor, detection } });
    const fault = await faultOf(publish(request, authorKit()));
    expect(fault).toMatchObject({
      code: 'USAGE-08',
      detail: { expected: expect.stringContaining('is-there.PS1'), found: 'no such file' },
    });
    layTree(request.site, { 'content/CON00002/files/sub folder/is-there.ps1': '1' });
    expect(outcomes(await publish(request, authorKit()))).toMatchObject({ CON00002: 'published' });
  });

  it('lists every name that Windows cannot store', async () => {
    const request = await site({
      'content/CON00003/files/nul.txt': 'x',
      'content/CON00003/files/EMPTY.TXT': 'x',
      'content/CON00003/files/a:b': 'x',
    });
    const fault = await faultOf(publish(request, authorKit()));
    expect(fault).toMatchObject({ code: 'USAGE-07', subject: 'CON00003' });
    expect(fault.detail.paths).toHaveLength(3);
  });

  it('refuses a link in a source', async () => {
    const request = await site();
    symlinkSync('/etc/hostname', path.join(request.site, 'content/CON00003/files/link'));
    expect(await faultOf(publish(request, authorKit()))).toMatchObject({
      code: 'USAGE-08',
      detail: { found: 'a link' },
    });
  });

  it.each([
    ['not a WIM', () => Buffer.from('MZ, but not a WIM'.repeat(100)), 'IMAGE-01'],
    ['a truncated WIM', () => wim.subarray(0, wim.length - 1000), 'IMAGE-02'],
  ])('refuses %s as an OS image', async (_, bytes, code) => {
    const request = await site({ 'content/CON00001/files/install.wim': bytes() });
    expect((await faultOf(publish(request, authorKit()))).code).toBe(code);
  });

  it('stops between items and leaves nothing behind', async () => {
    const request = await site();
    const stop = new AbortController();
    const kit = authorKit();
    const fault = await faultOf(
      publish(request, {
        ...kit,
        signal: stop.signal,
        observe: event => {
          if (event.kind === 'advanced') stop.abort();
        },
      }),
    );
    expect(fault.code).toBe('STOP-01');
    expect(existsSync(request.point)).toBe(false);
  });

  it('refuses a distribution point inside a source, and one that is a file', async () => {
    const request = await site();
    const inside = path.join(request.site, 'content/CON00003/files/point');
    expect((await faultOf(publish({ ...request, point: inside }, authorKit()))).code).toBe('USAGE-09');
    // The same by another name.
    symlinkSync(path.dirname(inside), path.join(request.site, 'elsewhere'));
    const linked = path.join(request.site, 'elsewhere/point');
    expect((await faultOf(publish({ ...request, point: linked }, authorKit()))).code).toBe('USAGE-09');
    writeFileSync(request.point, '');
    expect((await faultOf(publish(request, authorKit()))).code).toBe('USAGE-09');
  });

  it('refuses without the key that signs policy, before anything is written', async () => {
    const request = await site({
      'site.yaml': { site: 'CON', name: 'x', keys: { policy: 'absent', media: 'media' } },
    });
    expect((await faultOf(publish(request, authorKit()))).code).toBe('USAGE-11');
    expect(statSync(request.point, { throwIfNoEntry: false })).toBeUndefined();
  });

  it.each([
    ['of a first publish', false],
    ['with --rehash, which reads source and point', true],
  ])('tells progress that never falls and ends at its total, %s', async (_, rehash) => {
    const request = await site();
    if (rehash) await publish(request, authorKit());
    const kit = authorKit();
    await publish({ ...request, rehash }, kit);
    const advanced = kit.events.filter(event => event.kind === 'advanced');
    expect(advanced.map(event => event.doneBytes)).toEqual(
      advanced.map(event => event.doneBytes).toSorted((a, b) => a - b),
    );
    // Half of it is read at the source, so nothing is at its end before the point is read.
    const [halfway] = advanced.filter(event => event.doneBytes === event.totalBytes);
    expect(advanced.indexOf(halfway!)).toBeGreaterThan(advanced.length / 2);
    expect(advanced.at(-1)?.doneBytes).toBe(advanced.at(-1)?.totalBytes);
  });
});
