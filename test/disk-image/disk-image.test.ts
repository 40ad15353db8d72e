import { copyFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { type DiskImage, openDiskImage } from '../../agent/disk-image/disk-image.ts';
import { imageKey } from '../../agent/disk-image/image-key.ts';
import { Fault } from '../../agent/fault/fault.ts';
import { bytesAt, makeFat, makeGptDisk, makeMbrDisk, makeNtfs } from '../support/disk-image-kit.ts';
import { digestsOf } from '../support/image-volumes.ts';
import { partitionsOf } from '../support/raw-disk.ts';
import { seeded } from '../support/seeded.ts';
import { noise } from '../support/site-kit.ts';
import { faultOf } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { overwrite, readTree, writeTree } from '../support/wim-kit.ts';

const temporary = tempFolder('disk-image');
const at = (...names: readonly string[]) => path.join(temporary, ...names);
const MIB = 2 ** 20;

beforeAll(async () => {
  await writeTree(at('boot'), { 'EFI/BOOT/BOOTX64.EFI': noise(100_000, 1) });
  await writeTree(at('windows'), {
    '_SMSTaskSequence/Prestage/media.json': 'a manifest',
    '_SMSTaskSequence/Packages/CON00001/install.wim': noise(300_000, 2),
  });
  await makeFat(at('esp'), { mib: 34, bits: 32, tree: at('boot'), label: 'SYSTEM' });
  await makeNtfs(at('ntfs'), { mib: 16, tree: at('windows'), label: 'Media' });
  await makeNtfs(at('empty'), { mib: 20, label: 'Data' });
  await makeGptDisk(at('disk.img'), [
    { type: 'ef00', mib: 34, from: at('esp') },
    { type: '0c01', mib: 16 },
    { type: '0700', mib: 20, from: at('empty') },
    { type: '0700', mib: 16, from: at('ntfs') },
  ]);
});

let copies = 0;
function copyOf(disk = at('disk.img')): string {
  copies += 1;
  copyFileSync(disk, at(`copy-${copies}.img`));
  return at(`copy-${copies}.img`);
}

async function withImage<T>(file: string, use: (image: DiskImage) => Promise<T>): Promise<T> {
  const image = await openDiskImage(file);
  try {
    return await use(image);
  } finally {
    await image.close();
  }
}

async function expectBothVolumes(image: DiskImage): Promise<void> {
  for (const [volume, tree] of [
    [image.esp, at('boot')],
    [image.volume, at('windows')],
  ] as const) {
    if (volume === undefined) throw new Error('a volume is missing');
    expect(await digestsOf(image.file, await volume.files())).toEqual(await readTree(tree));
  }
}

describe('a GPT disk', () => {
  it('gives its partitions, its ESP, and of two NTFS volumes the one with the media', async () => {
    const expected = await partitionsOf(at('disk.img'));
    await withImage(at('disk.img'), async image => {
      expect(image).toMatchObject({ scheme: 'gpt', warnings: [] });
      expect(image.partitions.map(({ number, offset, length }) => [number, offset, length])).toEqual(
        expected.map(({ number, offset, bytes }) => [number, offset, bytes]),
      );
      expect(image.esp).toMatchObject({ kind: 'fat', label: 'SYSTEM', partition: 1 });
      expect(image.volume).toMatchObject({ kind: 'ntfs', label: 'Media', partition: 4 });
      await expectBothVolumes(image);
    });
  });

  it.each([
    ['header', 512 + 60],
    ['entries', 1024 + 40],
  ])('falls back to the copy at the end when the first %s is damaged, and says so', async (_, place) => {
    const copy = copyOf();
    await overwrite(copy, place, Buffer.from([0x5a]));
    await withImage(copy, async image => {
      expect(image.warnings).toEqual([expect.stringContaining('copy at the end')]);
      await expectBothVolumes(image);
    });
    await overwrite(copy, readFileSync(copy).length - 512 + 60, Buffer.from([0x5a]));
    expect(await faultOf(openDiskImage(copy))).toMatchObject({
      code: 'DISK-09',
      detail: { what: `GPT ${_}`, expected: expect.stringContaining('CRC32') },
    });
  });

  it('tells an image that was cut short', async () => {
    const copy = copyOf();
    truncateSync(copy, 60 * MIB);
    expect(await faultOf(openDiskImage(copy))).toMatchObject({
      code: 'DISK-09',
      detail: { found: expect.stringContaining('cut short') },
    });
  });

  it('reads a file that begins behind 4 GiB', async () => {
    const far = [
      { type: 'ef00', mib: 34, from: at('esp') },
      { type: '8300', mib: 5000 },
      { type: '0700', mib: 16, from: at('ntfs') },
    ];
    await makeGptDisk(at('far.img'), far);
    await withImage(at('far.img'), async image => {
      expect(image.partitions[2]?.offset).toBeGreaterThan(2 ** 32);
      await expectBothVolumes(image);
    });
  });
});

describe('an MBR disk', () => {
  it('has its boot files on the FAT partition', async () => {
    await makeMbrDisk(at('mbr.img'), [
      { type: '0c', mib: 34, from: at('esp') },
      { type: '07', mib: 16, from: at('ntfs') },
    ]);
    await withImage(at('mbr.img'), async image => {
      expect(image.scheme).toBe('mbr');
      await expectBothVolumes(image);
    });
  });

  it('refuses partitions that lie over each other', async () => {
    const copy = copyOf(at('mbr.img'));
    const start = Buffer.alloc(4);
    start.writeUInt32LE(4096);
    await overwrite(copy, 446 + 16 + 8, start);
    expect(await faultOf(openDiskImage(copy))).toMatchObject({
      code: 'DISK-09',
      detail: { found: 'an overlap' },
    });
  });
});

describe('a disk that is another one to another reader', () => {
  it('is refused with partitions beside the one that protects its GPT', async () => {
    const copy = copyOf();
    const entry = Buffer.alloc(16);
    entry[4] = 7;
    entry.writeUInt32LE(2048, 8);
    entry.writeUInt32LE(2048, 12);
    await overwrite(copy, 446 + 16, entry);
    expect(await faultOf(openDiskImage(copy))).toMatchObject({
      code: 'DISK-09',
      detail: { found: 'a hybrid of both' },
    });
  });

  it('is refused with a second table for sectors of 4096 bytes', async () => {
    const copy = copyOf();
    // Of the usual 128 entries 24 have room before the other table.
    const entries = await bytesAt(copy, 1024, 24 * 128);
    for (const [sectorBytes, entriesAt] of [
      [512, 2n],
      [4096, 8n],
    ] as const) {
      const header = Buffer.from(await bytesAt(copy, 512, 512));
      header.writeBigUInt64LE(entriesAt, 72);
      header.writeUInt32LE(24, 80);
      header.writeUInt32LE(crc32(entries), 88);
      header.writeUInt32LE(0, 16);
      header.writeUInt32LE(crc32(header.subarray(0, header.readUInt32LE(12))), 16);
      await overwrite(copy, sectorBytes, header);
    }
    await withImage(copy, expectBothVolumes);
    await overwrite(copy, 8 * 4096, entries);
    expect(await faultOf(openDiskImage(copy))).toMatchObject({
      code: 'DISK-09',
      detail: { found: 'one for each size of sectors' },
    });
  });
});

it('keeps signs apart that Windows keeps apart', () => {
  expect(imageKey('Install.WIM')).toBe('install.wim');
  expect(imageKey('\u00d6L \u0416')).toBe('\u00f6l \u0436');
  for (const sign of ['\u212a', '\u0131', '\u017f']) expect(imageKey(sign)).toBe(sign);
});

describe('what is no raw disk image', () => {
  it.each([
    ['vhdx', Buffer.from('vhdxfile'), 0, 'a VHDX', 'vhdx'],
    ['vhd', Buffer.from('conectix'), 0, 'a VHD', 'vpc'],
    ['vhd', Buffer.from('conectix'), 4096 - 512, 'a fixed VHD', 'vpc'],
    ['qcow2', Buffer.from('QFI\xfb', 'latin1'), 0, 'a qcow2', 'qcow2'],
    ['vmdk', Buffer.from('KDMV'), 0, 'a VMDK', 'vmdk'],
    ['vdi', Buffer.from('7f10dabe', 'hex'), 64, 'a VDI', 'vdi'],
  ])('is refused with the command that converts it: %s', async (ending, magic, place, found, format) => {
    const file = at(`other.${ending}`);
    const bytes = Buffer.alloc(4096);
    magic.copy(bytes, place);
    writeFileSync(file, bytes);
    expect(await faultOf(openDiskImage(file))).toMatchObject({
      code: 'DISK-09',
      subject: file,
      detail: { found, command: `qemu-img convert -f ${format} -O raw "${file}" "${at('other')}.img"` },
    });
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['text', Buffer.from('text '.repeat(1000))],
    ['zeros', Buffer.alloc(MIB)],
    ['a WIM', Buffer.concat([Buffer.from('MSWIM\0\0\0'), Buffer.alloc(600)])],
  ])('is refused: %s', async (_, bytes) => {
    writeFileSync(at('none.img'), bytes);
    expect((await faultOf(openDiskImage(at('none.img')))).code).toBe('DISK-09');
  });

  it('is refused when it is one volume without a disk, a folder, or not there', async () => {
    for (const volume of ['esp', 'ntfs'])
      expect(await faultOf(openDiskImage(at(volume)))).toMatchObject({
        code: 'DISK-09',
        detail: { found: 'one volume without a disk around it' },
      });
    expect((await faultOf(openDiskImage(at('boot')))).code).toMatch(/DISK-09|USAGE-08/);
    expect((await faultOf(openDiskImage(at('absent.img')))).code).toBe('USAGE-08');
  });
});

it('answers any damage of its records with a fault or a file that is not right, and ends', async () => {
  const random = seeded(20_26);
  const damaged = copyOf(at('mbr.img'));
  // Partition table, boot sectors, FAT with root, and the file table with what lies around it.
  const regions = [
    [440, 72],
    [MIB, 512],
    [MIB + 16_384, 4096],
    [35 * MIB, 512],
    [35 * MIB + 16_384, 80 * 1024],
  ] as const;
  const outcomes = { fault: 0, files: 0 };
  for (let round = 0; round < 150; round += 1) {
    const before: (readonly [number, Buffer])[] = [];
    for (let flips = 1 + random.int(4); flips > 0; flips -= 1) {
      const [start, length] = random.pick(regions);
      const place = start + random.int(length);
      before.unshift([place, await bytesAt(damaged, place, 1)]);
      await overwrite(damaged, place, Buffer.from([random.int(256)]));
    }
    try {
      await withImage(damaged, async image => {
        for (const volume of [image.esp, image.volume])
          if (volume !== undefined) await digestsOf(image.file, await volume.files());
      });
      outcomes.files += 1;
    } catch (thrown) {
      if (!(thrown instanceof Fault)) throw thrown;
      expect(thrown.code, `round ${round}: ${String(thrown.stack)}`).toBe('DISK-09');
      outcomes.fault += 1;
    }
    for (const [place, byte] of before) await overwrite(damaged, place, byte);
  }
  expect(outcomes.fault).toBeGreaterThan(10);
  expect(outcomes.files).toBeGreaterThan(10);
});
