// What diskpart and the storage drivers say of disks, as text and bytes.
import { describe, expect, it } from 'vitest';
import { decodeDiskDetail } from '../../agent/machine/windows/disk-detail.ts';
import {
  decodeBus,
  decodeDeviceNumber,
  decodeDiskSize,
  decodeExtents,
} from '../../agent/machine/windows/storage-device.ts';

const ENGLISH = `
Disk 1 is now the selected disk.

NVMe KBG40ZNS512G NVMe KIOXIA 512GB
Disk ID: {6B6C7C1E-1C5C-4B69-9E4B-6A3B2F1D0C9E}
Type   : NVMe
Status : Online
Path   : 0
Target : 0
LUN ID : 0
Location Path : PCIROOT(0)#PCI(0E00)#NVME(P00T00L00)
Current Read-only State : No
Read-only  : No
Boot Disk  : Yes
Pagefile Disk  : No

  Volume ###  Ltr  Label        Fs     Type        Size     Status     Info
  ----------  ---  -----------  -----  ----------  -------  ---------  --------
  Volume 1     C   Windows      NTFS   Partition    475 GB  Healthy    Boot
* Volume 10    D   Media        NTFS   Partition    475 GB  Healthy
  Volume 2         SYSTEM       FAT32  Partition    260 MB  Healthy    System
  Volume 3         X            NTFS   Partition    990 MB  Healthy    Hidden
`;

const GERMAN = `
Datenträger 0 ist jetzt der gewählte Datenträger.

Samsung SSD 870 EVO 1TB
Datenträger-ID: {00000000-0000-0000-0000-000000000000}
Typ      : SATA
Status   : Online
Pfad     : 0
Schreibgeschützt : Nein

  Volume ###  Bst  Bezeichnung  DS     Typ         Größe    Status     Info
  ----------  ---  -----------  -----  ----------  -------  ---------  --------
  Volume 0     E   Daten        NTFS   Partition    931 GB  Fehlerfre
`;

const JAPANESE = `
ディスク 2 が選択されました。

USB DISK 3.0 USB Device
ディスク ID: 12345678
種類   : USB
状態 : オンライン

この記憶域プールのボリュームはありません。
`;

describe('diskpart’s detail of a disk', () => {
  it.each([
    ['English', ENGLISH, 'nvme', ['C', 'D']],
    ['German', GERMAN, 'sata', ['E']],
    ['Japanese', JAPANESE, 'usb', []],
  ])('gives its bus and the letters on it in %s', (_language, output, bus, letters) => {
    expect(decodeDiskDetail(output.replaceAll('\n', '\r\n'))).toEqual({ bus, letters });
  });

  it('claims no bus that it does not know, and takes none from the model’s name', () => {
    expect(decodeDiskDetail('NVMe USB SATA\nType   : MMC\nStatus : Online\n')).toEqual({ letters: [] });
    expect(decodeDiskDetail('')).toEqual({ letters: [] });
  });
});

describe('what a storage driver answers', () => {
  const u32s = (...values: readonly number[]): Buffer => {
    const bytes = Buffer.alloc(values.length * 4);
    values.forEach((value, at) => {
      bytes.writeUInt32LE(value, at * 4);
    });
    return bytes;
  };
  const extent = (disk: number): readonly number[] => [disk, 0, 0, 1, 0, 2];

  it('places a volume on one disk, or on several', () => {
    expect(decodeExtents(u32s(1, 0, ...extent(3)))).toEqual([3]);
    expect(decodeExtents(u32s(2, 0, ...extent(1), ...extent(1)))).toEqual([1]);
    expect(decodeExtents(u32s(2, 0, ...extent(1), ...extent(2)))).toEqual([1, 2]);
  });

  it('is not believed beyond its end', () => {
    expect(decodeExtents(u32s(0xffff_ffff, 0, ...extent(4)))).toEqual([4]);
    expect(decodeExtents(Buffer.alloc(0))).toEqual([]);
    expect(decodeDeviceNumber(Buffer.alloc(4))).toBeUndefined();
    expect(decodeBus(Buffer.alloc(8))).toBeUndefined();
    expect(decodeDiskSize(Buffer.alloc(16))).toBeUndefined();
  });

  it('numbers disks and nothing else', () => {
    expect(decodeDeviceNumber(u32s(7, 2, 1))).toBe(2);
    expect(decodeDeviceNumber(u32s(2, 2, 0))).toBeUndefined();
  });

  it.each([
    [1, 'scsi'],
    [3, 'sata'],
    [7, 'usb'],
    [8, 'raid'],
    [10, 'sas'],
    [11, 'sata'],
    [12, 'sd'],
    [15, 'virtual'],
    [17, 'nvme'],
    [0, undefined],
    [13, undefined],
  ])('calls bus type %i %s', (type, bus) => {
    expect(decodeBus(u32s(0, 0, 0, 0, 0, 0, 0, type))).toBe(bus);
  });

  it('gives sizes beyond 4 GiB', () => {
    const geometry = Buffer.alloc(32);
    geometry.writeBigInt64LE(512_110_190_592n, 24);
    expect(decodeDiskSize(geometry)).toBe(512_110_190_592);
  });
});
