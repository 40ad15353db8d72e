// What is known of a mounted volume before media is written to it, on Windows and on Linux.
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { Fault } from '../../agent/fault/fault.ts';
import { linuxMounts, linuxVolume } from '../../agent/machine/linux-volume.ts';
import type { Disk, Machine, Volume } from '../../agent/machine/machine.ts';
import { openVolumeLook } from '../../agent/machine/mounted-volume.ts';
import { tempFolder } from '../support/temp-folder.ts';

const folder = tempFolder('mounted-volume');

describe('on Linux', () => {
  const sys = path.join(folder, 'sys');
  const disk = path.join(sys, 'devices/pci0000:00/usb1/block/sdb');
  mkdirSync(path.join(disk, 'sdb1'), { recursive: true });
  mkdirSync(path.join(disk, 'device'), { recursive: true });
  mkdirSync(path.join(sys, 'dev/block'), { recursive: true });
  writeFileSync(path.join(disk, 'size'), '1000215216\n');
  writeFileSync(path.join(disk, 'removable'), '1\n');
  writeFileSync(path.join(disk, 'device/model'), 'Bay 3           \n');
  writeFileSync(path.join(disk, 'sdb1/partition'), '1\n');
  symlinkSync(path.join(disk, 'sdb1'), path.join(sys, 'dev/block/8:17'));
  const esp = path.join(folder, 'mnt of the depot');
  mkdirSync(esp);
  const mountinfo = path.join(folder, 'mountinfo');
  writeFileSync(
    mountinfo,
    [
      '22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw',
      `90 22 8:17 / ${esp.replaceAll(' ', '\\040')} rw,nosuid - vfat /dev/sdb1 rw,fmask=0022`,
      'not a line',
      '',
    ].join('\n'),
  );
  const places = { mountinfo, devices: path.join(sys, 'dev/block') };

  it('tells file system and disk of a mount point', async () => {
    expect(await linuxVolume(esp, places)).toEqual({
      root: esp,
      fileSystem: 'FAT32',
      kind: 'removable',
      sizeBytes: expect.any(Number),
      ownSystem: false,
      disk: { name: 'sdb (/dev/sdb1, Bay 3)', sizeBytes: 512_110_190_592 },
    });
  });

  it('tells nothing of a plain folder, and no disk of a file system without one', async () => {
    expect(await linuxVolume(folder, places)).toBeUndefined();
    expect(await linuxVolume('/', places)).toMatchObject({
      fileSystem: 'ext4',
      ownSystem: true,
      kind: 'unknown',
    });
    expect(await linuxVolume(esp, { ...places, mountinfo: path.join(folder, 'absent') })).toBeUndefined();
  });

  it('reads the list that the kernel of this computer writes', async () => {
    expect(await linuxVolume('/')).toMatchObject({ root: '/', ownSystem: true });
    expect(linuxMounts('')).toEqual([]);
  });
});

describe('on Windows', () => {
  const volumes: readonly Volume[] = [
    { id: 'g1', label: '', root: 'C:\\', fileSystem: 'NTFS', kind: 'fixed', sizeBytes: 9, freeBytes: 1 },
    {
      id: 'g2',
      label: 'SYSTEM',
      root: 'S:\\',
      fileSystem: 'FAT32',
      kind: 'fixed',
      sizeBytes: 5,
      freeBytes: 1,
    },
  ];
  const disks: readonly Disk[] = [{ number: 2, sizeBytes: 77, bus: 'usb', volumes: ['g2'] }];
  const look = (listed: () => Promise<readonly Disk[]>) =>
    openVolumeLook({
      openMachine: async () =>
        ({ volumes: async () => volumes, disks: listed, close: async () => {} }) as unknown as Machine,
      environment: { SystemDrive: 'C:' },
    });

  it.each(['S:', 's:\\', 'S:/'])('tells label, file system and disk of %s', async place => {
    expect(await look(async () => disks)(place)).toMatchObject({
      root: 'S:\\',
      label: 'SYSTEM',
      fileSystem: 'FAT32',
      ownSystem: false,
      disk: { name: 'disk 2', sizeBytes: 77, bus: 'usb' },
    });
  });

  it('knows the volume that Windows runs from, and that a folder is no volume', async () => {
    expect(await look(async () => disks)('C:\\')).toMatchObject({ ownSystem: true });
    expect(await look(async () => disks)('C:\\out\\esp')).toBeUndefined();
  });

  it('names no disk to who may not ask for disks', async () => {
    const refused = look(() => Promise.reject(new Fault('DISK-05', 'diskpart')));
    expect((await refused('S:\\'))?.disk).toBeUndefined();
  });
});
