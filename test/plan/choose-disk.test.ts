// Which disk is made ready for Windows: the one that is meant, never the media's, and none where that is not certain.
import { describe, expect, test } from 'vitest';
import type { Disk } from '../../agent/machine/machine.ts';
import { chooseDisk, isWanted, type WantedDisk } from '../../agent/plan/choose-disk.ts';

const MEDIA = 'media-volume';
const nvme: Disk = {
  number: 0,
  sizeBytes: 512_110_190_592,
  online: true,
  bus: 'nvme',
  volumes: [MEDIA, 'esp'],
};
const sata: Disk = { number: 1, sizeBytes: 1_000_204_886_016, online: true, bus: 'sata', volumes: ['old'] };
const sas: Disk = { number: 2, sizeBytes: 300_000_000_000, online: false, bus: 'sas', volumes: [] };
const stick: Disk = { number: 3, sizeBytes: 64_000_000_000, online: true, bus: 'usb', volumes: ['stick'] };
const reader: Disk = { number: 4, sizeBytes: 0, volumes: [] };
const IMAGE_BYTES = 20e9;

const choose = (wanted: WantedDisk, disks: readonly Disk[], imageBytes = IMAGE_BYTES, media = MEDIA) =>
  chooseDisk(wanted, { disks, media, imageBytes });

describe('the one disk that fits and does not hold the media', () => {
  test.each<[string, WantedDisk, readonly Disk[], number]>([
    ['is partitioned', {}, [nvme, sata], 1],
    ['is told by its bus', { bus: ['sata'] }, [nvme, sata, sas], 1],
    ['is told by its size', { minGB: 600 }, [nvme, sata, sas], 1],
    ['is told from both sides', { minGB: 200, maxGB: 400 }, [nvme, sata, sas], 2],
    ['may be a stick where the step says so', { bus: ['usb'] }, [nvme, sata, stick], 3],
    ['is no stick where it does not', {}, [nvme, sata, stick], 1],
    ['is no empty card reader', { maxGB: 2000 }, [nvme, sata, reader], 1],
  ])('%s', (_title, wanted, disks, number) => {
    expect(choose(wanted, disks)).toMatchObject({ kind: 'partition', disk: { number } });
  });
});

test('the media’s own disk is left alone with an explanation, and Windows goes beside the cache', () => {
  expect(choose({}, [nvme])).toMatchObject({
    kind: 'skip',
    disk: { number: 0 },
    why: 'the media lies on disk 0, which is never partitioned; Windows goes beside the cache',
  });
  expect(choose({ bus: ['nvme'] }, [nvme, sata])).toMatchObject({ kind: 'skip' });
  // The only disk of a machine whose system does not tell where volumes lie.
  const { volumes: _, ...untold } = nvme;
  expect(choose({}, [untold, reader])).toMatchObject({ kind: 'skip' });
});

describe('nothing is partitioned', () => {
  test.each<[string, string, WantedDisk, readonly Disk[]]>([
    ['when no disk is of that bus', 'MACHINE-02', { bus: ['raid'] }, [nvme, sata]],
    ['when all are too large', 'MACHINE-02', { maxGB: 100 }, [nvme, sata]],
    ['when there is none', 'MACHINE-02', {}, []],
    ['when nobody tells where the media is', 'MACHINE-02', {}, [{ ...nvme, volumes: [] }, sata]],
    ['when the media lies on two', 'MACHINE-02', {}, [nvme, { ...sata, volumes: [MEDIA] }]],
    ['when two fit', 'MACHINE-05', {}, [nvme, sata, sas]],
    ['when two of a bus fit', 'MACHINE-05', { bus: ['sata', 'sas'] }, [nvme, sata, sas]],
    [
      'on a disk whose bus is not told where one is asked for',
      'MACHINE-02',
      { bus: ['sata'] },
      [nvme, { number: 5, sizeBytes: 1e12, volumes: [] }],
    ],
  ])('%s: %s', (_title, code, wanted, disks) => {
    expect(() => choose(wanted, disks)).toThrow(expect.objectContaining({ code }));
  });

  test('when the one that fits is too small for the image', () => {
    expect(() => choose({}, [nvme, { ...sata, sizeBytes: 20.2e9 }])).toThrow(
      expect.objectContaining({
        code: 'MACHINE-06',
        subject: 'disk 1',
        detail: { neededBytes: expect.any(Number), sizeBytes: 20.2e9 },
      }),
    );
    expect(choose({}, [nvme, { ...sata, sizeBytes: 21e9 }])).toMatchObject({ kind: 'partition' });
  });

  test('and the technician reads numbers, sizes and buses', () => {
    expect(() => choose({}, [nvme, sata, sas])).toThrow(
      expect.objectContaining({
        subject: 'disk 1, disk 2',
        detail: {
          expected: 'one disk without the media: any bus but usb and sd',
          found: ['disk 1: 1000.2 GB, sata', 'disk 2: 300.0 GB, sas, offline'],
        },
      }),
    );
  });
});

describe('a size', () => {
  test.each<[number, WantedDisk, boolean]>([
    // A "512 GB" disk as its driver and as diskpart tells it, and the makers' 500 and 480.
    [512_110_190_592, { minGB: 512, maxGB: 512 }, true],
    [476 * 1024 ** 3, { minGB: 512, maxGB: 512 }, true],
    [500_107_862_016, { minGB: 512 }, false],
    [480_103_981_056, { maxGB: 500 }, true],
    [512_110_190_592, { maxGB: 500 }, false],
    [128_035_676_160, { minGB: 128 }, true],
    [120_034_123_776, { minGB: 128 }, false],
  ])('of %i bytes is asked for by %j: %s', (sizeBytes, wanted, expected) => {
    expect(isWanted(wanted, { ...nvme, sizeBytes })).toBe(expected);
  });
});
