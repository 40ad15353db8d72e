import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { applyMedia } from '../../agent/author/apply-media.ts';
import { createMedia } from '../../agent/author/create-media.ts';
import { inspectMedia } from '../../agent/author/inspect-media.ts';
import { loadPublicKey } from '../../agent/author/key-files.ts';
import { publish } from '../../agent/author/publish.ts';
import { locateApplied } from '../../agent/author/read-media.ts';
import { type AppliedProof, verifyApplied } from '../../agent/author/verify-applied.ts';
import { openImaging } from '../../agent/machine/open-imaging.ts';
import type { PublicKey } from '../../agent/trust/keys.ts';
import { makeFat, makeGptDisk, makeNtfs } from '../support/disk-image-kit.ts';
import { tool } from '../support/raw-disk.ts';
import { authorKit, laySite, noise } from '../support/site-kit.ts';
import { faultOf } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { captureWim, overwrite, writeTree } from '../support/wim-kit.ts';
import { windowsProgram } from '../support/windows-program.ts';

const temporary = tempFolder('verify-image');
const at = (...names: readonly string[]) => path.join(temporary, ...names);
const PACKAGES = '_SMSTaskSequence/Packages';
let keys: readonly PublicKey[];

beforeAll(async () => {
  const imaging = await openImaging({ system: 'linux' });
  const world = { ...authorKit(), imaging, newId: () => '0e6f3a51-9f0c-4d4e-8f5a-2f7d3c1b9a10' };
  await writeTree(at('tree'), { 'Windows/a.txt': 'a' });
  await captureWim(at('os.wim'), [{ folder: at('tree'), name: 'OS' }]);
  await laySite(at('site'), readFileSync(at('os.wim')), {
    'agent/prestage.exe': windowsProgram('x64', noise(300_000, 7)),
  });
  await publish({ site: at('site'), point: at('point') }, world);
  keys = [await loadPublicKey(at('site/keys'), 'media')];
  const media = { site: at('site'), name: 'depot', to: at('depot.wim'), from: at('point') };
  await createMedia({ ...media, agent: at('site/agent/prestage.exe') }, world);
  await applyMedia({ wim: at('depot.wim'), target: { disk: at('disk') }, keys, confirmed: true }, world);
});

let made = 0;

/** The applied folders, changed by `change`; nothing is shared with other tests. */
function folders(change: (volume: string, esp: string) => void = () => {}): string {
  made += 1;
  const disk = at(`disk-${made}`);
  cpSync(at('disk'), disk, { recursive: true });
  change(path.join(disk, 'volumes/windows'), path.join(disk, 'volumes/esp'));
  return disk;
}

/** A raw disk image of these folders. */
async function imageOf(disk: string, withEsp = true): Promise<string> {
  await makeNtfs(`${disk}.ntfs`, { mib: 32, tree: path.join(disk, 'volumes/windows') });
  await makeFat(`${disk}.esp`, { mib: 34, bits: 32, tree: path.join(disk, 'volumes/esp') });
  await makeGptDisk(`${disk}.img`, [
    ...(withEsp ? [{ type: 'ef00', mib: 34, from: `${disk}.esp` }] : []),
    { type: '0700', mib: 32, from: `${disk}.ntfs` },
  ]);
  return `${disk}.img`;
}

async function proofOf(place: string): Promise<AppliedProof> {
  const tree = await locateApplied(place);
  try {
    return await verifyApplied(tree, keys, authorKit());
  } finally {
    await tree.close();
  }
}

const failures = ({ files }: AppliedProof) =>
  files.filter(file => file.state !== 'present').map(file => [file.path, file.state, file.found]);

describe('a disk image', () => {
  it('is proven as the folders are, with its ESP', async () => {
    const disk = folders();
    const [image, applied] = [await proofOf(await imageOf(disk)), await proofOf(disk)];
    expect(failures(image)).toEqual([]);
    expect(image).toEqual(applied);
    expect(image).toMatchObject({ sound: true, esp: 'proven' });
  });

  it('is told file by file where it is not whole, as the folders are', async () => {
    const disk = folders((volume, esp) => {
      writeFileSync(path.join(volume, PACKAGES, 'CON00002/setup.exe'), noise(700_000, 99));
      writeFileSync(path.join(volume, PACKAGES, 'CON00003/run.cmd'), 'shorter');
      rmSync(path.join(volume, PACKAGES, 'CON00003/empty.txt'));
      writeFileSync(path.join(volume, PACKAGES, 'CON00002/version.dll'), 'beside an installer');
      writeFileSync(path.join(volume, '_SMSTaskSequence/Prestage/agent/added.dll'), 'beside the agent');
      writeFileSync(path.join(esp, 'EFI/BOOT/BOOTX64.EFI'), 'boot Manager');
      writeFileSync(path.join(esp, 'EFI/BOOT/bootia32.efi'), 'another');
      writeFileSync(path.join(esp, 'EFI/BOOT/readme.txt'), 'started by nobody');
    });
    const expected = [
      [`${PACKAGES}/CON00002/setup.exe`, 'damaged', expect.stringMatching(/^[0-9a-f]{64}$/)],
      [`${PACKAGES}/CON00003/run.cmd`, 'damaged', '7 bytes instead of 12'],
      [`${PACKAGES}/CON00003/empty.txt`, 'missing', undefined],
      [`${PACKAGES}/CON00002/version.dll`, 'foreign', 'a file of 19 bytes'],
      ['_SMSTaskSequence/Prestage/agent/added.dll', 'foreign', 'a file of 16 bytes'],
      ['EFI/BOOT/BOOTX64.EFI', 'damaged', expect.stringMatching(/^[0-9a-f]{64}$/)],
      ['EFI/BOOT/bootia32.efi', 'foreign', 'a file of 7 bytes'],
    ];
    for (const place of [disk, await imageOf(disk)]) {
      const proof = await proofOf(place);
      expect(failures(proof).sort()).toEqual(expected.toSorted());
      expect(proof.sound).toBe(false);
    }
  });

  it('is proven whatever the case of a name, and not by a stream beside a file', async () => {
    const disk = folders(volume =>
      renameSync(
        path.join(volume, PACKAGES, 'CON00002/setup.exe'),
        path.join(volume, PACKAGES, 'CON00002/SETUP.exe'),
      ),
    );
    const image = await imageOf(disk);
    await tool('ntfscp', ['-N', 'stream', `${disk}.ntfs`, at('os.wim'), `${PACKAGES}/CON00002/SETUP.exe`]);
    await tool('dd', [`if=${disk}.ntfs`, `of=${image}`, 'bs=1M', 'seek=35', 'conv=notrunc', 'status=none']);
    expect(failures(await proofOf(image))).toEqual([]);
  });

  it('has one byte of an OS image changed: that file is damaged', async () => {
    const image = await imageOf(folders());
    // The same bytes lie on the ESP, before: that is the boot image.
    const place = readFileSync(image).indexOf(readFileSync(at('os.wim')).subarray(0, 64), 35 * 2 ** 20);
    await overwrite(image, place + 200, Buffer.from([0x5a]));
    expect(failures(await proofOf(image)).map(([file, state]) => [file, state])).toEqual([
      [`${PACKAGES}/CON00001/install.wim`, 'damaged'],
    ]);
  });

  it('is not whole without its ESP, and takes none beside it', async () => {
    const image = await imageOf(folders(), false);
    expect(await proofOf(image)).toMatchObject({ sound: false, esp: 'not-reached' });
    expect((await faultOf(locateApplied(image, at('disk/volumes/esp')))).code).toBe('USAGE-01');
  });

  it('is refused when it holds no media, or is none', async () => {
    await makeNtfs(at('bare.ntfs'), { mib: 16 });
    await makeGptDisk(at('bare.img'), [{ type: '0700', mib: 16, from: at('bare.ntfs') }]);
    expect((await faultOf(proofOf(at('bare.img')))).code).toBe('CONTENT-04');
    await makeGptDisk(at('unformatted.img'), [{ type: '0700', mib: 16 }]);
    expect((await faultOf(proofOf(at('unformatted.img')))).code).toBe('CONTENT-04');
    expect((await faultOf(proofOf(at('depot.wim')))).code).toBe('DISK-09');
  });

  it('is inspected with its partitions', async () => {
    const image = await imageOf(folders());
    const imaging = async () => openImaging({ system: 'linux' });
    const inspected = await inspectMedia(image, keys, new Date('2026-04-01T00:00:00Z'), imaging);
    expect(inspected).toMatchObject({
      kind: 'image',
      validity: 'valid',
      doubts: [],
      disk: { scheme: 'gpt' },
    });
    expect(inspected.disk?.partitions.map(partition => partition.use)).toEqual(['esp', 'data']);
    expect(inspected.manifest?.name).toBe('depot');
  });
});

describe('links', () => {
  const elsewhere = at('elsewhere');

  it('in place of a file, of a folder on the way, or besides, are never followed', async () => {
    mkdirSync(elsewhere);
    const disk = folders(volume => {
      const item = path.join(volume, PACKAGES, 'CON00002');
      const moved = path.join(elsewhere, 'CON00002');
      renameSync(item, moved);
      symlinkSync(moved, item);
      const cmd = path.join(volume, PACKAGES, 'CON00003/run.cmd');
      renameSync(cmd, path.join(elsewhere, 'run.cmd'));
      symlinkSync(path.join(elsewhere, 'run.cmd'), cmd);
      symlinkSync(elsewhere, path.join(volume, PACKAGES, 'CON00003/more'));
    });
    const failed = failures(await proofOf(disk));
    expect(failed.map(([file, state]) => [file, state]).sort()).toEqual([
      [`${PACKAGES}/CON00002`, 'foreign'],
      [`${PACKAGES}/CON00002/setup.exe`, 'damaged'],
      [`${PACKAGES}/CON00002/sub folder/über.txt`, 'damaged'],
      [`${PACKAGES}/CON00003/more`, 'foreign'],
      [`${PACKAGES}/CON00003/run.cmd`, 'damaged'],
    ]);
    const inImage = failures(await proofOf(await imageOf(disk)));
    expect(inImage.map(([file]) => file).sort()).toEqual(failed.map(([file]) => file).sort());
  });
});
