// A disk image made by `media apply --disk-image`, judged by tools that are not Prestage's; refusals; and what a stop leaves behind.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { link, mkdir, mkdtemp, rm, utimes } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import {
  type ApplyDiskImageRequest,
  type ApplyDiskImageWorld,
  applyDiskImage,
} from '../../agent/author/apply-disk-image.ts';
import { loadPublicKey } from '../../agent/author/key-files.ts';
import { mediaApply } from '../../agent/commands/media/apply.ts';
import type { PublicKey } from '../../agent/trust/keys.ts';
import { extract, type Partition, partitionFile, partitionsOf, tool } from '../support/raw-disk.ts';
import { noise } from '../support/site-kit.ts';
import { makeSmallSite, type SmallSite, testComposition } from '../support/small-site.ts';
import { faultOf } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { captureWim, readTree, windowsLikeTree } from '../support/wim-kit.ts';

const run = promisify(execFile);
const MIB = 1024 * 1024;
const temporary = tempFolder('disk-image');
const at = (...names: readonly string[]) => path.join(temporary, ...names);
const MAIN = path.join(import.meta.dirname, '../../agent/main.ts');

let site: SmallSite;
let keys: readonly PublicKey[];

beforeAll(async () => {
  site = await makeSmallSite(at('site'), {
    differences: {
      'content/CON00005/files/bootmgr': 'boot manager of BIOS machines',
      'content/CON00005/files/Boot/BCD': noise(20_000, 5),
      'content/CON00005/files/EFI/Boot Fonts/ßegoe [1] 日本語.ttf': noise(5000, 6),
    },
  });
  keys = [await loadPublicKey(path.join(site.site, 'keys'), 'media')];
});
afterAll(() => site.close());

async function world(signal?: AbortSignal): Promise<ApplyDiskImageWorld> {
  const composition = testComposition(site, signal === undefined ? {} : { signal });
  return { ...composition, pool: await composition.openPool(), imaging: site.imaging };
}

function request(name: string, difference: Partial<ApplyDiskImageRequest> = {}): ApplyDiskImageRequest {
  return {
    wim: site.wim,
    diskImage: at(name),
    firmware: 'uefi',
    sizeBytes: 400 * MIB,
    espBytes: 64 * MIB,
    keys,
    replace: false,
    confirmed: true,
    ...difference,
  };
}

/** Everything but the media: leftovers would show. */
const images = (folder = temporary): string[] => readdirSync(folder).filter(name => name.includes('.img'));

async function content(disk: string, partition: Partition, to: string): Promise<string> {
  return partitionFile(disk, partition, at(to));
}

describe('a disk image for UEFI', () => {
  const disk = at('uefi.img');
  let esp: Partition;
  let volume: Partition;

  beforeAll(async () => {
    await applyDiskImage(request('uefi.img'), await world());
  });

  it('has a sound GPT of ESP, reserved partition and volume, and nothing lies beside it', async () => {
    const partitions = await partitionsOf(disk);
    expect(partitions.map(({ offset, bytes, type }) => [type, offset / MIB, bytes / MIB])).toEqual([
      ['EF00', 1, 64],
      ['0C01', 65, 16],
      ['0700', 81, 318],
    ]);
    [esp, , volume] = partitions as [Partition, Partition, Partition];
    expect(await tool('sgdisk', ['-i', '1', disk])).toContain('C12A7328-F81F-11D2-BA4B-00A0C93EC93B');
    expect(statSync(disk).size).toBe(400 * MIB);
    expect(statSync(disk).blocks * 512).toBeLessThan(40 * MIB);
    expect(images()).toEqual(['uefi.img']);
  });

  it('holds on its FAT32 partition what the media’s first image holds, which fsck finds sound', async () => {
    const file = await content(disk, esp, 'esp.fat');
    expect(await tool('fsck.vfat', ['-n', file])).not.toMatch(/dirty|error|differ|less than/i);
    await extract(file, at('esp'));
    expect(await readTree(at('esp'))).toEqual(
      await readTree(path.join(site.folder, 'delivered/volumes/esp')),
    );
    expect(await tool('mdir', ['-i', `${disk}@@1M`, '-/', '-b', '::/'])).toContain('ßegoe [1] 日本語.ttf');
  });

  it('holds on its NTFS volume what the media’s second image holds, as a capture of it shows', async () => {
    const file = await content(disk, volume, 'volume.ntfs');
    const report = await tool('ntfsfix', ['-n', file]);
    expect(report).toContain('alternate boot sector... OK');
    expect(report).toContain('processed successfully');
    await tool('wimlib-imagex', ['capture', file, at('back.wim'), 'back', '--compress=none']);
    expect(await inside(at('back.wim'), 1)).toEqual(await inside(site.wim, 2));
    expect(await tool('ntfscat', ['-f', file, '_SMSTaskSequence/Prestage/media.json'])).toBe(
      readFileSync(`${site.wim}.media.json`, 'utf8'),
    );
  });

  it('says in the boot sectors of both where they begin on the disk', async () => {
    const bytes = readFileSync(disk);
    for (const { offset } of [esp, volume]) expect(bytes.readUInt32LE(offset + 0x1c)).toBe(offset / 512);
  });
});

/** Names, attributes, times and digests of one image, without what a capture decides by itself. */
async function inside(wim: string, index: number): Promise<readonly string[]> {
  const text = await tool('wimlib-imagex', ['dir', wim, String(index), '--detailed']);
  return text
    .split(/^-{20,}$/m)
    .map(entry =>
      entry
        .split('\n')
        .filter(line => /^(Full Path|Short Name|Attributes|Creation Time|Last Write Time|Hash)/.test(line))
        .join('\n'),
    )
    .filter(entry => entry !== '' && !/^Full Path += "\/"$/m.test(entry))
    .sort();
}

test('a media file that is exchanged after it was proven becomes no disk', async () => {
  const wim = at('exchanged.wim');
  for (const ending of ['', '.json', '.json.sig', '.media.json', '.media.json.sig'])
    copyFileSync(site.wim + ending, wim + ending);
  const own = await world();
  const { applyToNtfs } = own.imaging;
  if (applyToNtfs === undefined) throw new Error('libwim applies to NTFS');
  const exchanging = {
    ...own,
    imaging: {
      ...own.imaging,
      applyToNtfs: async (asked: Parameters<typeof applyToNtfs>[0]) => {
        copyFileSync(site.wim, at('other.wim'));
        renameSync(at('other.wim'), wim);
        await applyToNtfs.call(own.imaging, asked);
      },
      apply: own.imaging.apply.bind(own.imaging),
      listImages: own.imaging.listImages.bind(own.imaging),
    },
  };
  const fault = await faultOf(applyDiskImage(request('exchanged.img', { wim }), exchanging));
  expect(fault).toMatchObject({ code: 'CONTENT-06', subject: wim });
  expect(images()).not.toContain('exchanged.img');
});

test('hard links, times, empty folders and names beyond the basic plane arrive on the volume', async () => {
  const tree = at('tree');
  await windowsLikeTree(tree);
  await link(path.join(tree, 'Windows/empty.txt'), path.join(tree, 'Windows/empty again.txt'));
  await utimes(path.join(tree, 'Windows/linked.txt'), 1_234_567_890, 1_234_567_890);
  await captureWim(at('tree.wim'), [{ folder: tree, name: 'tree' }]);
  const volumeFile = at('tree.ntfs');
  writeFileSync(volumeFile, '');
  await tool('truncate', ['-s', '100M', volumeFile]);
  await tool('mkntfs', ['-Q', '-F', '-q', volumeFile]);
  const done: number[] = [];
  await site.imaging.applyToNtfs?.({
    wim: at('tree.wim'),
    index: 1,
    volumeFile,
    advance: bytes => done.push(bytes),
  });
  await tool('wimlib-imagex', ['capture', volumeFile, at('tree-back.wim'), 'back', '--compress=none']);
  expect(await inside(at('tree-back.wim'), 1)).toEqual(await inside(at('tree.wim'), 1));
  const links = async (wim: string) =>
    (await tool('wimlib-imagex', ['dir', wim, '1', '--detailed'])).match(/^Hard Link Group/gm)?.length;
  expect(await links(at('tree-back.wim'))).toBe(await links(at('tree.wim')));
  expect(done).toEqual([...done].sort((a, b) => a - b));
  expect(done.length).toBeGreaterThan(1);
});

test('a file system that cannot put a hole before the volume gets a copy of it, without its zeros', async () => {
  // tmpfs knows no FALLOC_FL_INSERT_RANGE.
  const memory = await mkdtemp('/dev/shm/prestage-disk-image-');
  try {
    const disk = path.join(memory, 'disk.img');
    await applyDiskImage(request('unused', { diskImage: disk }), await world());
    const [esp, , volume] = await partitionsOf(disk);
    await extract(await content(disk, volume!, 'copied.ntfs'), at('copied'));
    await extract(await content(disk, esp!, 'copied.fat'), at('copied-esp'));
    const delivered = path.join(site.folder, 'delivered/volumes');
    expect(await readTree(at('copied'))).toEqual(await readTree(path.join(delivered, 'windows')));
    expect(await readTree(at('copied-esp'))).toEqual(await readTree(path.join(delivered, 'esp')));
    expect(statSync(disk).blocks * 512).toBeLessThan(40 * MIB);
    expect(readdirSync(memory)).toEqual(['disk.img']);
  } finally {
    await rm(memory, { recursive: true });
  }
});

test('for BIOS it has an MBR, an active FAT32 partition that starts bootmgr, and the NTFS volume', async () => {
  const disk = at('bios.img');
  await applyDiskImage(request('bios.img', { firmware: 'bios' }), await world());
  const sector = readFileSync(disk).subarray(0, 512);
  expect(sector.readUInt16LE(510)).toBe(0xaa55);
  const entries = [446, 462, 478, 494].map(place => ({
    active: sector.readUInt8(place) === 0x80,
    type: sector.readUInt8(place + 4),
    startMib: sector.readUInt32LE(place + 8) / 2048,
    mib: sector.readUInt32LE(place + 12) / 2048,
  }));
  expect(entries.slice(0, 2)).toEqual([
    { active: true, type: 0x0c, startMib: 1, mib: 64 },
    { active: false, type: 0x07, startMib: 65, mib: 334 },
  ]);
  const partition = { number: 1, offset: MIB, bytes: 64 * MIB, type: '0C' };
  const fat = await content(disk, partition, 'bios.fat');
  await extract(fat, at('bios-esp'));
  const there = await readTree(at('bios-esp'));
  const media = await readTree(path.join(site.folder, 'delivered/volumes/esp'));
  expect(there).toMatchObject(media);
  expect(Object.keys(there).filter(name => !(name in media) && !/^syslinux\//i.test(name))).toEqual([]);
  expect(await tool('fsck.vfat', ['-n', fat])).not.toMatch(/dirty|differ|less than/i);
});

describe('refused before anything is written is', () => {
  it.each([
    ['a disk that nobody confirmed', 'USAGE-12', { confirmed: false }],
    ['a disk too small for the media', 'DISK-08', { sizeBytes: 100 * MIB }],
    ['a folder that is not there', 'USAGE-09', { diskImage: at('nowhere/disk.img') }],
    ['a device', 'USAGE-09', { diskImage: '/dev/null', replace: true }],
  ] as const)('%s', async (_, code, difference) => {
    const before = images();
    const fault = await faultOf(applyDiskImage(request('refused.img', difference), await world()));
    expect(fault.code).toBe(code);
    expect(images()).toEqual(before);
  });

  it('what is confirmed names every partition and its size', async () => {
    const fault = await faultOf(applyDiskImage(request('refused.img', { confirmed: false }), await world()));
    expect(fault.detail.writes).toEqual([
      `disk: GPT, 400 MB (${400 * MIB} bytes)`,
      'EFI system partition, FAT32: 64 MiB at 1 MiB',
      'Microsoft reserved: 16 MiB at 65 MiB',
      'volume, NTFS: 318 MiB at 81 MiB',
    ]);
  });

  it('a name that leads to another file', async () => {
    symlinkSync(at('site/depot.wim'), at('link.img'));
    const fault = await faultOf(applyDiskImage(request('link.img', { replace: true }), await world()));
    expect(fault.code).toBe('USAGE-09');
    await rm(at('link.img'));
  });

  it('media whose manifest beside it is not the one inside, or not there', async () => {
    const files = ['', '.json', '.json.sig', '.media.json', '.media.json.sig'];
    await mkdir(at('other'));
    for (const end of files) await link(`${site.wim}${end}`, at('other', `depot.wim${end}`));
    const other = request('refused.img', { wim: at('other/depot.wim') });
    await rm(at('other/depot.wim.media.json'));
    expect((await faultOf(applyDiskImage(other, await world()))).code).toBe('TRUST-01');
    writeFileSync(at('other/depot.wim.media.json'), readFileSync(`${site.wim}.json`));
    expect((await faultOf(applyDiskImage(other, await world()))).code).toBe('TRUST-02');
  });

  it('another run that makes the same image', async () => {
    const busy = { ...(await world()), claim: async () => undefined };
    expect((await faultOf(applyDiskImage(request('refused.img'), busy))).code).toBe('USAGE-14');
  });

  it('an imaging library that knows no NTFS volumes', async () => {
    const { applyToNtfs: _, ...imaging } = site.imaging;
    const fault = await faultOf(applyDiskImage(request('refused.img'), { ...(await world()), imaging }));
    expect(fault.code).toBe('USAGE-10');
  });
});

test('an existing image is replaced only when told so, and only by a whole one', async () => {
  writeFileSync(at('old.img'), 'the disk of yesterday');
  const fault = await faultOf(applyDiskImage(request('old.img'), await world()));
  expect(fault.code).toBe('USAGE-09');
  const failing = await world();
  const broken: ApplyDiskImageWorld = {
    ...failing,
    hostTools: {
      run: async (name, ...rest) =>
        name === 'sgdisk'
          ? { exitCode: 4, stdout: '', stderr: 'no table today' }
          : failing.hostTools.run(name, ...rest),
    },
  };
  const failed = await faultOf(applyDiskImage(request('old.img', { replace: true }), broken));
  expect(failed).toMatchObject({ code: 'DISK-05', detail: { native: 4, said: 'no table today' } });
  expect(readFileSync(at('old.img'), 'utf8')).toBe('the disk of yesterday');
  await applyDiskImage(request('old.img', { replace: true }), await world());
  expect(statSync(at('old.img')).size).toBe(400 * MIB);
  await rm(at('old.img'));
});

test('what a killed run left behind is removed by the next one', async () => {
  const leftover = at('.again.img.prestage-new');
  await mkdir(path.join(leftover, 'esp/EFI'), { recursive: true });
  writeFileSync(path.join(leftover, 'disk'), 'half a disk');
  await applyDiskImage(request('again.img'), await world());
  expect(existsSync(leftover)).toBe(false);
  await rm(at('again.img'));
});

test('the progress of all stages never falls and ends whole', async () => {
  const composition = testComposition(site);
  const done: number[] = [];
  await applyDiskImage(request('progress.img'), {
    ...(await world()),
    observe: event => {
      if (event.kind === 'advanced' && event.stage === 'lay-media')
        done.push(event.doneBytes / event.totalBytes);
      composition.observe(event);
    },
  });
  expect(done).toEqual([...done].sort((a, b) => a - b));
  expect(done.at(-1)).toBe(1);
  await rm(at('progress.img'));
});

test('the command takes sizes with units, refuses options that have no place, and tells as JSON what it made', async () => {
  const composition = testComposition(site);
  const options = { key: [path.join(site.site, 'keys/media.pub')], yes: true, json: true };
  const disk = { diskImage: at('command.img'), size: '400M', espSize: '48m' };
  expect(await mediaApply(site.wim, { ...options, ...disk }, composition)).toBe(0);
  expect(JSON.parse(composition.printed.join(''))).toMatchObject({
    format: 'prestage-applied-disk-image/1',
    diskImage: at('command.img'),
    layout: { scheme: 'gpt', esp: { lengthBytes: 48 * MIB } },
  });
  await rm(at('command.img'));
  for (const wrong of [
    { ...disk, size: '400 apples' },
    { ...disk, firmware: 'open' },
    { ...disk, to: at('folder') },
    { to: at('folder'), size: '64G' },
  ])
    expect((await faultOf(mediaApply(site.wim, { ...options, ...wrong }, composition))).code).toBe(
      'USAGE-01',
    );
});

test('Ctrl-C, at any moment, leaves neither an image nor a part of one', async () => {
  const folder = at('stopped');
  await mkdir(folder);
  const key = path.join(site.site, 'keys/media.pub');
  const words = [
    'media',
    'apply',
    site.wim,
    '--disk-image',
    path.join(folder, 'disk.img'),
    '--key',
    key,
    '--yes',
  ];
  for (const seen of ['.disk.img.prestage-new', '.disk.img.prestage-new/esp/EFI']) {
    const child = spawn(process.execPath, [MAIN, ...words], { stdio: 'ignore' });
    const ended = once(child, 'exit');
    while (!existsSync(path.join(folder, seen)) && child.exitCode === null)
      await new Promise(resolve => setTimeout(resolve, 2));
    child.kill('SIGINT');
    const [code] = await ended;
    expect({ seen, code, left: readdirSync(folder) }).toEqual({ seen, code: 4, left: [] });
  }
  await run(process.execPath, [MAIN, ...words]);
  expect(readdirSync(folder)).toEqual(['disk.img']);
});
