import { describe, expect, it, test } from 'vitest';
import { requireFatNames } from '../../agent/author/disk-image-esp.ts';
import { fat32ClusterSectors, type LayoutNeeds, planDiskLayout } from '../../agent/author/disk-layout.ts';
import { requireFirmwareFiles } from '../../agent/author/firmware-files.ts';
import { asFault, type Fault } from '../../agent/fault/fault.ts';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

const MEDIA: LayoutNeeds = {
  subject: 'disk.img',
  firmware: 'uefi',
  espFiles: [
    { path: 'EFI/BOOT/BOOTX64.EFI', size: 2 * MIB },
    { path: 'sources/boot.wim', size: 700 * MIB },
  ],
  volume: { totalBytes: 8 * GIB, fileCount: 20_000 },
  osImage: { appliedBytes: 16 * GIB },
};

function refusal(work: () => unknown): Fault {
  try {
    work();
  } catch (thrown) {
    return asFault(thrown);
  }
  throw new Error('expected a fault');
}

describe('the layout of a disk image', () => {
  it('is ESP, reserved partition and volume, without a gap, on whole MiB, with room for the second table', () => {
    const { esp, msr, volume, ...disk } = planDiskLayout({ ...MEDIA, sizeBytes: 64 * GIB });
    expect(disk).toMatchObject({ scheme: 'gpt', sizeBytes: 64 * GIB, holdsWindows: true });
    expect(esp).toEqual({ kind: 'esp', startBytes: MIB, lengthBytes: 1500 * MIB });
    expect(msr).toEqual({ kind: 'msr', startBytes: 1501 * MIB, lengthBytes: 16 * MIB });
    expect(volume.startBytes).toBe(1517 * MIB);
    expect(volume.startBytes + volume.lengthBytes).toBe(64 * GIB - MIB);
  });

  it('has no reserved partition for BIOS machines, which do not know it', () => {
    const { scheme, esp, msr, volume } = planDiskLayout({ ...MEDIA, firmware: 'bios', sizeBytes: 64 * GIB });
    expect({ scheme, msr }).toEqual({ scheme: 'mbr', msr: undefined });
    expect(volume.startBytes).toBe(esp.startBytes + esp.lengthBytes);
  });

  it('is by itself as large as the media and the applied Windows need, in whole GiB', () => {
    const { sizeBytes, holdsWindows } = planDiskLayout(MEDIA);
    expect({ gib: sizeBytes / GIB, holdsWindows }).toEqual({ gib: 32, holdsWindows: true });
    expect(planDiskLayout({ ...MEDIA, osImage: { wimBytes: 6 * GIB } }).sizeBytes / GIB).toBe(34);
  });

  it('takes an ESP as large as its files when they are more than usual', () => {
    const espFiles = [{ path: 'sources/boot.wim', size: 3 * GIB }];
    const { esp } = planDiskLayout({ ...MEDIA, espFiles });
    expect(esp.lengthBytes).toBeGreaterThan(3 * GIB + 60 * MIB);
    expect(esp.lengthBytes).toBeLessThan(3.2 * GIB);
  });

  it('tells that the media fits and Windows does not', () => {
    const { holdsWindows, recommendedBytes } = planDiskLayout({ ...MEDIA, sizeBytes: 12 * GIB });
    expect({ holdsWindows, gib: recommendedBytes / GIB }).toEqual({ holdsWindows: false, gib: 32 });
  });

  it.each([
    ['smaller than the media', { sizeBytes: 9 * GIB }],
    ['no whole number of sectors', { sizeBytes: 64 * GIB + 1 }],
    ['more than an MBR counts', { sizeBytes: 3 * 1024 * GIB, firmware: 'bios' as const }],
    ['an ESP smaller than its files', { espBytes: 600 * MIB }],
    ['an ESP too small for FAT32', { espBytes: 32 * MIB, espFiles: [] }],
    ['an ESP of broken MiB', { espBytes: 1500 * MIB + 512 }],
  ])('refuses a size that is %s, and names the one needed', (_, difference) => {
    const { code, detail } = refusal(() => planDiskLayout({ ...MEDIA, ...difference }));
    expect(code).toBe('DISK-08');
    const needed = Number(detail.neededBytes);
    const field = 'espBytes' in difference ? 'espBytes' : 'sizeBytes';
    const enough = { ...MEDIA, ...difference, [field]: needed };
    expect(planDiskLayout(enough)).toBeDefined();
  });

  it('refuses a boot image that FAT32 cannot hold', () => {
    const espFiles = [{ path: 'sources/boot.wim', size: 4 * GIB }];
    expect(refusal(() => planDiskLayout({ ...MEDIA, espFiles }))).toMatchObject({
      code: 'DISK-07',
      subject: 'sources/boot.wim',
    });
  });

  it('chooses clusters so that every size is FAT32 by its definition', () => {
    for (let mib = 33; mib < 40_000; mib += 1) {
      const bytes = mib * MIB;
      const clusterBytes = fat32ClusterSectors(bytes) * 512;
      const clusters = Math.floor((bytes - 32 * 512 - 2 * 4 * (bytes / clusterBytes + 130)) / clusterBytes);
      if (clusters < 65_525) expect({ mib, clusters }).toBe('FAT32');
    }
  });
});

test('without EFI/BOOT/BOOTX64.EFI the file is named of which it should be a copy', () => {
  expect(requireFirmwareFiles('uefi', ['efi/boot/BootX64.efi'], 'CON00005')).toEqual([]);
  const [warning] = requireFirmwareFiles('uefi', ['EFI/Microsoft/Boot/bootmgfw.efi', 'bootmgr'], 'CON00005');
  expect(warning).toContain('copy of EFI/Microsoft/Boot/bootmgfw.efi');
  expect(requireFirmwareFiles('uefi', ['bootmgr'], 'CON00005')).toHaveLength(1);
});

test('a BIOS disk without bootmgr or its boot store is refused, and what is missing is named', () => {
  expect(requireFirmwareFiles('bios', ['BOOTMGR', 'boot/bcd'], 'CON00005')).toEqual([]);
  expect(refusal(() => requireFirmwareFiles('bios', ['bootmgr'], 'CON00005'))).toMatchObject({
    code: 'IMAGE-10',
    subject: 'CON00005',
    detail: { missing: ['Boot/BCD'] },
  });
});

test('a name on the ESP that mtools would change is refused, not changed', () => {
  requireFatNames([{ path: 'EFI/日本語 ß.ttf' }]);
  expect(refusal(() => requireFatNames([{ path: 'EFI/🚀.ttf' }]))).toMatchObject({
    code: 'USAGE-10',
    subject: 'EFI/🚀.ttf',
  });
});
