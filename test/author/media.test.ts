import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { applyMedia } from '../../agent/author/apply-media.ts';
import { type CreateMediaWorld, createMedia } from '../../agent/author/create-media.ts';
import { inspectMedia } from '../../agent/author/inspect-media.ts';
import { loadPublicKey } from '../../agent/author/key-files.ts';
import { publish } from '../../agent/author/publish.ts';
import { locateApplied } from '../../agent/author/read-media.ts';
import { verifyApplied } from '../../agent/author/verify-applied.ts';
import { cacheLayout } from '../../agent/content/layout.ts';
import type { Imaging } from '../../agent/machine/machine.ts';
import { openImaging } from '../../agent/machine/open-imaging.ts';
import { newKeyPair, type PublicKey } from '../../agent/trust/keys.ts';
import { authorKit, laySite, layTree } from '../support/site-kit.ts';
import { faultOf } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { captureWim, overwrite, readTree, writeTree } from '../support/wim-kit.ts';
import { windowsProgram } from '../support/windows-program.ts';

const temporary = tempFolder('media');
const at = (...names: readonly string[]) => path.join(temporary, ...names);
const wim = at('depot.wim');
const site = at('site');
const point = at('point');
const MEDIA_ID = '0e6f3a51-9f0c-4d4e-8f5a-2f7d3c1b9a10';
let imaging: Imaging;
let keys: readonly PublicKey[];

function world(now?: string): CreateMediaWorld & ReturnType<typeof authorKit> {
  return { ...authorKit(now), imaging, newId: () => MEDIA_ID };
}

beforeAll(async () => {
  await writeTree(at('tree'), {
    'Windows/System32/ntoskrnl.exe': 'kernel '.repeat(50_000),
    'Windows/a.txt': 'a',
  });
  await captureWim(at('os.wim'), [{ folder: at('tree'), name: 'OS' }]);
  await laySite(site, readFileSync(at('os.wim')), { 'agent/prestage.exe': windowsProgram() });
  await publish({ site, point }, authorKit());
  imaging = await openImaging({ system: 'linux' });
  keys = [await loadPublicKey(path.join(site, 'keys'), 'media')];
  await createMedia(
    { site, name: 'depot', to: wim, from: point, agent: path.join(site, 'agent/prestage.exe') },
    world(),
  );
});

let disks = 0;
async function appliedDisk(): Promise<string> {
  disks += 1;
  const disk = at(`disk-${disks}`);
  await applyMedia({ wim, target: { disk }, keys, confirmed: true }, world());
  return disk;
}

describe('media create', () => {
  it('lays the task sequence’s content with its dependencies, the boot image and the agent, and signs for all of it', async () => {
    const disk = await appliedDisk();
    const proof = await verifyApplied(await locateApplied(disk), keys, world());
    expect(proof.manifest).toMatchObject({
      mediaId: MEDIA_ID,
      name: 'depot',
      createdBy: 'A. Admin',
      policyFloor: 1,
      validFrom: '2026-03-01T12:00:00Z',
      validUntil: '2027-03-01T12:00:00Z',
    });
    expect(proof.manifest.content.map(item => item.id)).toEqual([
      'CON00001',
      'CON00004',
      'CON00003',
      'CON00002',
    ]);
    const listed = proof.files.map(file =>
      file.volume === 'esp' ? `esp/${file.path}` : `windows/${file.path}`,
    );
    const signedItself = [
      'windows/_SMSTaskSequence/Prestage/media.json',
      'windows/_SMSTaskSequence/Prestage/media.json.sig',
    ];
    expect([...listed, ...signedItself].sort()).toEqual(
      Object.keys(await readTree(path.join(disk, 'volumes'))).sort(),
    );
    expect(listed).toContain('windows/_SMSTaskSequence/Prestage/agent/prestage.exe');
    expect(listed).toContain('esp/EFI/BOOT/BOOTX64.EFI');
  });

  it('ends with the bill, which tells what the site has meanwhile replaced', async () => {
    layTree(site, {
      'content/CON00003/content.yaml': {
        id: 'CON00003',
        type: 'package',
        name: 'Runtime',
        version: '8',
        source: 'files',
      },
    });
    const { bill, bytes, sha256 } = await createMedia(
      { site, name: 'depot', to: at('second.wim'), from: point },
      world(),
    );
    layTree(site, {
      'content/CON00003/content.yaml': {
        id: 'CON00003',
        type: 'package',
        name: 'Runtime',
        version: '7',
        source: 'files',
        install: [{ command: 'run.cmd' }],
      },
    });
    expect(
      bill.items.map(({ id, version, lies, supersededBy }) => [id, version, lies, supersededBy]),
    ).toEqual([
      ['CON00005', '10', 'esp', undefined],
      ['CON00001', '1', 'cache', undefined],
      ['CON00004', '2', 'cache', undefined],
      ['CON00003', '7', 'cache', '8'],
      ['CON00002', '1.0', 'cache', undefined],
    ]);
    expect(bytes).toBe(readFileSync(at('second.wim')).length);
    expect(sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(
      readdirSync(temporary)
        .filter(name => name.startsWith('second'))
        .sort(),
    ).toEqual([
      'second.wim',
      'second.wim.json',
      'second.wim.json.sig',
      'second.wim.media.json',
      'second.wim.media.json.sig',
    ]);
  });

  it('names a folder that nothing was published to as a mistyped path', async () => {
    const fault = await faultOf(
      createMedia({ site, name: 'depot', to: at('none.wim'), from: at('nowhere') }, world()),
    );
    expect(fault).toMatchObject({ code: 'USAGE-08', subject: at('nowhere') });
    expect(existsSync(at('none.wim'))).toBe(false);
  });

  it('does not write over a media file unless told to', async () => {
    const request = { site, name: 'depot', to: at('third.wim'), from: point };
    await createMedia(request, world());
    expect((await faultOf(createMedia(request, world()))).code).toBe('USAGE-09');
    await createMedia({ ...request, replace: true }, world());
  });

  it('refuses a distribution point whose bytes are not what its policy names, and leaves nothing', async () => {
    const bad = at('bad-point');
    await publish({ site, point: bad }, authorKit());
    await overwrite(path.join(bad, 'content/CON00002/1.0/files/setup.exe'), 5, Buffer.from('evil'));
    const request = { site, name: 'depot', to: at('bad.wim'), from: bad };
    expect(await faultOf(createMedia(request, world()))).toMatchObject({
      code: 'CONTENT-08',
      subject: expect.stringContaining('setup.exe'),
    });
    await overwrite(path.join(bad, 'content/CON00002/1.0/manifest.json'), 5, Buffer.from('evil'));
    expect((await faultOf(createMedia(request, world()))).code).toBe('TRUST-07');
    writeFileSync(
      path.join(bad, 'policy/current.json'),
      '{"format":"prestage-policy-pointer/1","serial":99}',
    );
    expect((await faultOf(createMedia(request, world()))).code).toBe('NET-02');
    expect(readdirSync(temporary).filter(name => name.startsWith('bad.wim'))).toEqual([]);
  });

  it('refuses a policy that another key signed, and one that has expired', async () => {
    const request = { site, name: 'depot', to: at('fourth.wim'), from: point };
    const other = at('other');
    await laySite(other, readFileSync(at('os.wim')));
    expect((await faultOf(createMedia({ ...request, site: other }, world()))).code).toBe('TRUST-02');
    expect((await faultOf(createMedia(request, world('2027-01-01T00:00:00Z')))).code).toBe('TRUST-05');
  });

  it('names content that the site has but never published', async () => {
    const fresh = at('fresh');
    await laySite(fresh, readFileSync(at('os.wim')));
    await publish({ site: fresh, point: at('fresh-point') }, authorKit());
    layTree(fresh, {
      'content/CON00009/content.yaml': {
        id: 'CON00009',
        type: 'driver-package',
        name: 'Late',
        version: '1',
        source: '.',
      },
      'media/depot.yaml': { taskSequence: 'CON00020', createdBy: 'x', driverPackages: ['CON00009'] },
    });
    const fault = await faultOf(
      createMedia({ site: fresh, name: 'depot', to: at('fresh.wim'), from: at('fresh-point') }, world()),
    );
    expect(fault).toMatchObject({ code: 'USAGE-05', detail: { unpublished: ['CON00009'] } });
  });

  it('names the media that there are when asked for another', async () => {
    expect(
      await faultOf(createMedia({ site, name: 'deepot', to: at('x.wim'), from: point }, world())),
    ).toMatchObject({ code: 'USAGE-05', detail: { expected: 'one of depot' } });
  });
});

describe('media apply', () => {
  it('changes nothing until it is confirmed', async () => {
    const disk = at('unconfirmed');
    const fault = await faultOf(applyMedia({ wim, target: { disk }, keys, confirmed: false }, world()));
    expect(fault).toMatchObject({ code: 'USAGE-12', detail: { media: MEDIA_ID } });
    expect(existsSync(disk)).toBe(false);
  });

  it('refuses a volume with anything on it', async () => {
    const disk = at('used');
    layTree(disk, { 'volumes/windows/Users/me/thesis.docx': 'years of work' });
    expect(
      await faultOf(applyMedia({ wim, target: { disk }, keys, confirmed: true }, world())),
    ).toMatchObject({ code: 'USAGE-09', detail: { found: ['Users'] } });
    expect(existsSync(path.join(disk, 'volumes/esp'))).toBe(false);
  });

  it('applies onto two mounted volumes, past what a fresh format leaves there', async () => {
    const [esp, volume] = [at('mounted-esp'), at('mounted-volume')];
    expect(
      (await faultOf(applyMedia({ wim, target: { esp, volume }, keys, confirmed: true }, world()))).code,
    ).toBe('DISK-04');
    layTree(volume, { 'System Volume Information/WPSettings.dat': 'x' });
    mkdirSync(esp);
    await applyMedia({ wim, target: { esp, volume }, keys, confirmed: true }, world());
    const proof = await verifyApplied(await locateApplied(volume, esp), keys, world());
    expect(proof).toMatchObject({ sound: true, esp: 'proven' });
    expect(readdirSync(volume).sort()).toEqual(['System Volume Information', '_SMSTaskSequence']);
    expect(
      (await faultOf(applyMedia({ wim, target: { esp: volume, volume }, keys, confirmed: true }, world())))
        .code,
    ).toBe('USAGE-09');
  });

  it.each([
    [
      'one byte of the WIM changed',
      async (copy: string) => overwrite(copy, 5000, Buffer.from([0xa5])),
      'CONTENT-06',
    ],
    ['the WIM was cut short', async (copy: string) => truncateSync(copy, 9000), 'CONTENT-06'],
    ['the sidecar is absent', async (copy: string) => rmSync(`${copy}.json`), 'TRUST-01'],
    ['the sidecar’s signature is absent', async (copy: string) => rmSync(`${copy}.json.sig`), 'TRUST-01'],
    [
      'the sidecar was altered',
      async (copy: string) =>
        writeFileSync(
          `${copy}.json`,
          readFileSync(`${copy}.json`, 'utf8').replace(/"size": \d+/, '"size": 9000'),
        ),
      'TRUST-02',
    ],
  ])('refuses when %s, and writes nothing', async (_, damage, code) => {
    const copy = at('copied.wim');
    for (const ending of ['', '.json', '.json.sig']) writeFileSync(copy + ending, readFileSync(wim + ending));
    await damage(copy);
    const disk = at('never');
    expect(
      (await faultOf(applyMedia({ wim: copy, target: { disk }, keys, confirmed: true }, world()))).code,
    ).toBe(code);
    expect(existsSync(disk)).toBe(false);
  });

  it('refuses a media file signed by a key that is not pinned', async () => {
    const fault = await faultOf(
      applyMedia(
        { wim, target: { disk: at('never') }, keys: [newKeyPair().public], confirmed: true },
        world(),
      ),
    );
    expect(fault.code).toBe('TRUST-02');
  });

  it('refuses a disk without room before it writes', async () => {
    const huge = {
      ...imaging,
      listImages: async (file: string) =>
        (await imaging.listImages(file)).map(image => ({ ...image, totalBytes: 2 ** 52 })),
    };
    expect(
      (
        await faultOf(
          applyMedia(
            { wim, target: { disk: at('never') }, keys, confirmed: true },
            { ...world(), imaging: huge },
          ),
        )
      ).code,
    ).toBe('DISK-01');
    expect(existsSync(at('never'))).toBe(false);
  });
});

describe('media verify', () => {
  it('names every file that is missing, damaged or replaced by something else', async () => {
    const disk = await appliedDisk();
    const volume = path.join(disk, 'volumes/windows');
    const layout = cacheLayout(volume);
    await overwrite(path.join(layout.item('CON00002'), 'setup.exe'), 100, Buffer.from('x'));
    rmSync(path.join(layout.item('CON00003'), 'empty.txt'));
    rmSync(path.join(disk, 'volumes/esp/EFI/BOOT/BOOTX64.EFI'));
    mkdirSync(path.join(disk, 'volumes/esp/EFI/BOOT/BOOTX64.EFI'));
    truncateSync(layout.policy, 3);
    const proof = await verifyApplied(await locateApplied(disk), keys, world());
    expect(proof.sound).toBe(false);
    expect(
      proof.files
        .filter(file => file.state !== 'present')
        .map(({ path: name, state, id }) => [name, state, id])
        .sort(),
    ).toEqual([
      ['EFI/BOOT/BOOTX64.EFI', 'damaged', undefined],
      ['_SMSTaskSequence/Packages/CON00002/setup.exe', 'damaged', 'CON00002'],
      ['_SMSTaskSequence/Packages/CON00003/empty.txt', 'missing', 'CON00003'],
      ['_SMSTaskSequence/Prestage/policy.json', 'damaged', undefined],
    ]);
  });

  it('tells a damaged content manifest by its own row', async () => {
    const disk = await appliedDisk();
    const manifests = path.join(disk, 'volumes/windows/_SMSTaskSequence/Prestage/manifests');
    const [first = ''] = readdirSync(manifests);
    await overwrite(path.join(manifests, first), 10, Buffer.from('x'));
    const proof = await verifyApplied(await locateApplied(disk), keys, world());
    expect(proof.files.filter(file => file.state !== 'present').map(file => file.path)).toEqual([
      `_SMSTaskSequence/Prestage/manifests/${first}`,
    ]);
  });

  it('does not call media whole whose ESP was not looked at', async () => {
    const disk = await appliedDisk();
    const volumes = await locateApplied(path.join(disk, 'volumes/windows'));
    expect(await verifyApplied(volumes, keys, world())).toMatchObject({ sound: false, esp: 'not-reached' });
  });

  it('refuses expired media and a manifest that was tampered with', async () => {
    const disk = await appliedDisk();
    const volumes = await locateApplied(disk);
    expect((await faultOf(verifyApplied(volumes, keys, world('2028-01-01T00:00:00Z')))).code).toBe(
      'TRUST-03',
    );
    const { media } = cacheLayout(volumes.volume);
    writeFileSync(media, readFileSync(media, 'utf8').replace('"unattended": true', '"unattended": false'));
    expect((await faultOf(verifyApplied(volumes, keys, world()))).code).toBe('TRUST-02');
    expect((await faultOf(locateApplied(temporary))).code).toBe('CONTENT-04');
  });
});

describe('media inspect', () => {
  const open = async () => imaging;
  const now = new Date('2026-04-01T00:00:00Z');

  it('shows a WIM from the documents beside it, without applying', async () => {
    const inspected = await inspectMedia(wim, keys, now, open);
    expect(inspected).toMatchObject({
      kind: 'file',
      validity: 'valid',
      file: { file: 'depot.wim', sizeMatches: true },
      doubts: [],
    });
    expect(inspected.manifest?.content).toHaveLength(4);
    expect(inspected.images?.map(image => image.name)).toEqual(['Prestage ESP', 'Prestage volume']);
  });

  it('shows the images and its doubts when nobody vouches', async () => {
    const alone = at('alone.wim');
    writeFileSync(alone, readFileSync(wim));
    const inspected = await inspectMedia(alone, keys, now, open);
    expect(inspected.manifest).toBeUndefined();
    expect(inspected.doubts.map(doubt => doubt.code)).toEqual(['TRUST-01', 'TRUST-01']);
    expect((await inspectMedia(wim, [], now, open)).doubts.map(doubt => doubt.code)).toEqual([
      'TRUST-02',
      'TRUST-02',
    ]);
  });

  it('does not take the manifest of another media for this one’s', async () => {
    const mixed = at('mixed.wim');
    for (const ending of ['', '.json', '.json.sig'])
      writeFileSync(mixed + ending, readFileSync(wim + ending));
    await createMedia(
      { site, name: 'depot', to: at('fifth.wim'), from: point },
      { ...world(), newId: () => '11111111-2222-4333-8444-555555555555' },
    );
    for (const ending of ['.media.json', '.media.json.sig'])
      writeFileSync(mixed + ending, readFileSync(at('fifth.wim') + ending));
    expect((await inspectMedia(mixed, keys, now, open)).doubts.map(doubt => doubt.code)).toEqual([
      'TRUST-07',
    ]);
  });

  it('shows an applied disk, and that it has expired', async () => {
    const inspected = await inspectMedia(await appliedDisk(), keys, new Date('2028-01-01T00:00:00Z'), open);
    expect(inspected).toMatchObject({ kind: 'volume', validity: 'expired', manifest: { mediaId: MEDIA_ID } });
  });

  it('refuses what is no media', async () => {
    expect((await faultOf(inspectMedia(at('absent'), keys, now, open))).code).toBe('USAGE-08');
    writeFileSync(at('text.wim'), 'text '.repeat(100));
    expect((await faultOf(inspectMedia(at('text.wim'), keys, now, open))).code).toBe('IMAGE-01');
  });
});
