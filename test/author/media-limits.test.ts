import { existsSync, readFileSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { createMedia } from '../../agent/author/create-media.ts';
import { daysBetween, mediaWindow, requireTime } from '../../agent/author/media-dates.ts';
import { checkLimits, requireFat32 } from '../../agent/author/media-limits.ts';
import { publish } from '../../agent/author/publish.ts';
import { readSite } from '../../agent/author/read-site.ts';
import { selectContent } from '../../agent/author/select-content.ts';
import { decodeJson } from '../../agent/document/decode-json.ts';
import type { Imaging } from '../../agent/machine/machine.ts';
import { openImaging } from '../../agent/machine/open-imaging.ts';
import { POLICY_MAX_BYTES, policySchema } from '../../agent/policy/policy.ts';
import { openBootForge } from '../support/signed-boot.ts';
import { authorKit, laySite, type Tree } from '../support/site-kit.ts';
import { faultOf } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { captureWim, writeTree } from '../support/wim-kit.ts';

const temporary = tempFolder('media-limits');
const at = (...names: readonly string[]) => path.join(temporary, ...names);
let imaging: Imaging;

/** Processor numbers of winnt.h. */
const ARCH = { x86: 0, x64: 9, arm64: 12 } as const;

async function wimOf(name: string, architecture?: keyof typeof ARCH): Promise<Uint8Array> {
  await writeTree(at('tree'), { 'Windows/a.txt': 'a' });
  const properties = architecture === undefined ? [] : [`WINDOWS/ARCH=${ARCH[architecture]}`];
  await captureWim(at(`${name}.wim`), [{ folder: at('tree'), name: 'Windows', properties }]);
  return readFileSync(at(`${name}.wim`));
}

let sites = 0;
async function siteWith(os: Uint8Array, differences: Tree = {}): Promise<string> {
  sites += 1;
  const site = at(`site-${sites}`);
  await laySite(site, os, differences);
  await publish({ site, point: `${site}-dp` }, authorKit());
  return site;
}

function create(site: string, options: { readonly agent?: string; readonly now?: string } = {}) {
  return createMedia(
    {
      site,
      name: 'depot',
      to: `${site}.wim`,
      from: `${site}-dp`,
      ...(options.agent !== undefined && { agent: options.agent }),
    },
    { ...authorKit(options.now), imaging, newId: () => '0e6f3a51-9f0c-4d4e-8f5a-2f7d3c1b9a10' },
  );
}

async function refusal(site: string, options = {}) {
  const fault = await faultOf(create(site, options));
  expect(existsSync(`${site}.wim`)).toBe(false);
  expect(existsSync(`${site}.wim.staging`)).toBe(false);
  return fault;
}

/** Pure code that throws, as `faultOf` takes it. */
async function attempt(work: () => void): Promise<void> {
  work();
}

let x64: Uint8Array;
let arm64: Uint8Array;
let silent: Uint8Array;

beforeAll(async () => {
  imaging = await openImaging({ system: 'linux' });
  x64 = await wimOf('x64', 'x64');
  arm64 = await wimOf('arm64', 'arm64');
  silent = await wimOf('silent');
});

describe('before anything is built', () => {
  it('an OS image of another architecture than the boot image is refused', async () => {
    const site = await siteWith(x64, { 'content/CON00005/files/sources/boot.wim': arm64 });
    expect(await refusal(site)).toMatchObject({
      code: 'IMAGE-09',
      subject: 'boot image CON00005',
      detail: { expected: 'x64, as OS image CON00001', found: 'arm64' },
    });
  });

  it('an agent of another architecture is refused, one of the same is laid', async () => {
    const { unsigned } = await openBootForge(at('forge'));
    await writeTree(at('agents'), { 'prestage.exe': unsigned });
    const agent = at('agents', 'prestage.exe');
    expect(await refusal(await siteWith(arm64), { agent })).toMatchObject({
      code: 'IMAGE-09',
      detail: { expected: 'arm64, as OS image CON00001', found: 'x64' },
    });
    expect((await create(await siteWith(x64), { agent })).manifest.volume).toContainEqual(
      expect.objectContaining({ path: '_SMSTaskSequence/Prestage/agent/prestage.exe' }),
    );
  });

  it('an image index that the published WIM does not have is refused with the images that it has', async () => {
    const site = await siteWith(x64);
    // The source has two images by now, so that the site is sound; what was published has one.
    await captureWim(at('more.wim'), [
      { folder: at('tree'), name: 'One' },
      { folder: at('tree'), name: 'Two' },
    ]);
    await copyFile(at('more.wim'), path.join(site, 'content/CON00001/files/install.wim'));
    await writeTree(site, {
      'media/depot.yaml': 'taskSequence: CON00020\ncreatedBy: x\nosImage: { id: CON00001, index: 2 }\n',
    });
    expect(await refusal(site)).toMatchObject({
      code: 'IMAGE-03',
      detail: { expected: ['1 Windows'], found: 2 },
    });
  });

  it('images that do not say what they are for are told, and a boot.wim that does not start', async () => {
    const site = await readSite(await siteWith(silent));
    const policy = decodeJson(readFileSync(`${site.folder}-dp/policy/1/policy.json`), policySchema, {
      name: 'policy.json',
      maxBytes: POLICY_MAX_BYTES,
    });
    const [media] = site.media;
    if (media === undefined) throw new Error('the site has a media');
    const request = {
      point: `${site.folder}-dp`,
      selection: selectContent(media, site, policy),
      agent: undefined,
      wim: at('none.wim'),
    };
    expect((await checkLimits(request)).warnings).toEqual([
      'OS image CON00001: does not say for which processor image 1 is.',
      'CON00005 sources/boot.wim: has no image that is marked bootable: Windows PE does not start.',
      'CON00005 sources/boot.wim: does not say for which processor image 1 is.',
    ]);
    const [first, ...others] = request.selection.content;
    if (first === undefined) throw new Error('the media has content');
    const huge = { ...request.selection, content: [{ ...first, totalBytes: 2 ** 52 }, ...others] };
    expect(await faultOf(checkLimits({ ...request, selection: huge }))).toMatchObject({ code: 'DISK-01' });
  });

  it.each([
    ['one file of 4 GiB', [4 * 1024 ** 3]],
    ['33 GB in all', Array.from({ length: 11 }, () => 3 * 1024 ** 3 + 1)],
  ])('a boot image with %s does not fit FAT32', async (_, sizes) => {
    const files = sizes.map((size, at) => ({ path: `sources/${at}.wim`, size, sha256: '0'.repeat(64) }));
    expect(await faultOf(attempt(() => requireFat32({ id: 'CON00005', files })))).toMatchObject({
      code: 'DISK-07',
    });
  });

  it('the largest file of FAT32 fits', () => {
    const files = [{ path: 'sources/boot.wim', size: 4 * 1024 ** 3 - 1, sha256: '0'.repeat(64) }];
    expect(() => requireFat32({ id: 'CON00005', files })).not.toThrow();
  });
});

describe('the time of a media', () => {
  const now = new Date('2026-03-01T12:00:00.000Z');

  it.each([
    [{}, '2026-03-01T12:00:00Z', '2027-03-01T12:00:00Z'],
    [{ validDays: 30 }, '2026-03-01T12:00:00Z', '2026-03-31T12:00:00Z'],
    [{ validFrom: '2026-04-01T00:00:00Z', validDays: 30 }, '2026-04-01T00:00:00Z', '2026-05-01T00:00:00Z'],
    [{ validUntil: '2026-06-30T23:59:59Z' }, '2026-03-01T12:00:00Z', '2026-06-30T23:59:59Z'],
  ])('of a document that says %j is from %s until %s', (document, validFrom, validUntil) => {
    expect(mediaWindow(document, now)).toEqual({ validFrom, validUntil });
  });

  it('is refused when its last day is over, or when the clock is behind its policy', async () => {
    const window = mediaWindow({ validUntil: '2026-02-01T00:00:00Z' }, now);
    const policy = { created: '2026-03-01T12:05:00Z' };
    expect(await faultOf(attempt(() => requireTime('depot', window, policy, now)))).toMatchObject({
      code: 'TRUST-03',
    });
    const behind = new Date('2026-02-28T12:00:00Z');
    const open = mediaWindow({}, behind);
    expect(await faultOf(attempt(() => requireTime('depot', open, policy, behind)))).toMatchObject({
      code: 'TRUST-04',
      subject: 'depot',
    });
    // Five minutes are no wrong clock.
    expect(() => requireTime('depot', open, policy, now)).not.toThrow();
    expect(daysBetween(now, '2026-03-03T11:59:59Z')).toBe(1);
  });

  it('is what the document says on the media; a clock that is behind makes none', async () => {
    const site = await siteWith(x64, {
      'media/depot.yaml':
        'taskSequence: CON00020\ncreatedBy: x\nvalidFrom: 2026-04-01T00:00:00Z\nvalidUntil: 2026-10-01T00:00:00Z\n',
    });
    expect((await refusal(site, { now: '2026-02-01T12:00:00.000Z' })).code).toBe('TRUST-04');
    expect((await refusal(site, { now: '2026-10-01T12:00:00.000Z' })).code).toMatch(/^TRUST-0[35]$/);
    expect((await create(site)).manifest).toMatchObject({
      validFrom: '2026-04-01T00:00:00Z',
      validUntil: '2026-10-01T00:00:00Z',
    });
  });

  it('is told as a mistake with its place where the document contradicts itself', async () => {
    const site = at('contradicting');
    await laySite(site, x64, {
      'media/both.yaml':
        'taskSequence: CON00020\ncreatedBy: x\nvalidDays: 30\nvalidUntil: 2026-10-01T00:00:00Z\n',
      'media/backwards.yaml':
        'taskSequence: CON00020\ncreatedBy: x\nvalidFrom: 2026-10-01T00:00:00Z\nvalidUntil: 2026-09-01T00:00:00Z\n',
    });
    const fault = await faultOf(readSite(site));
    expect(fault.code).toBe('USAGE-02');
    expect(fault.detail.issues).toEqual([
      'media/backwards.yaml:4:13 validUntil: expected a time after validFrom, 2026-10-01T00:00:00Z',
      'media/both.yaml:3:12 validDays: expected validDays or validUntil, found both',
    ]);
  });
});
