import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { cacheLayout } from '../../agent/content/layout.ts';
import type { Volume } from '../../agent/machine/machine.ts';
import { findMedia } from '../../agent/survey/find-media.ts';
import { tempFolder } from '../support/temp-folder.ts';

const root = tempFolder('media');
let count = 0;

/** A volume in a folder, with media or without. */
function volume({ media = false, ...rest }: Partial<Volume> & { readonly media?: boolean } = {}): Volume {
  count += 1;
  const folder = path.join(root, `${count}`);
  mkdirSync(folder);
  if (media) {
    mkdirSync(cacheLayout(folder).own, { recursive: true });
    writeFileSync(cacheLayout(folder).media, '{}');
  }
  return {
    id: `\\\\?\\Volume{${count}}\\`,
    label: `V${count}`,
    root: folder,
    fileSystem: 'NTFS',
    kind: 'fixed',
    sizeBytes: 1000,
    freeBytes: 500,
    ...rest,
  };
}

describe('finding the media volume', () => {
  it('finds the one that holds it', async () => {
    const media = volume({ media: true });
    expect(await findMedia([volume(), media, volume({ kind: 'removable' })])).toBe(media);
    const stick = volume({ media: true, kind: 'removable' });
    expect(await findMedia([volume(), stick])).toBe(stick);
  });

  it('does not look at RAM, optical and network volumes', async () => {
    const volumes = (['ram', 'optical', 'network'] as const).map(kind => volume({ kind, media: true }));
    await expect(findMedia(volumes)).rejects.toMatchObject({ code: 'CONTENT-04' });
  });

  it('tells "no disk driver" from "no media": CONTENT-04', async () => {
    await expect(findMedia([volume({ kind: 'ram' })])).rejects.toMatchObject({
      code: 'CONTENT-04',
      detail: {
        volumes: 1,
        fixed: 0,
        disks: 'unknown',
        likely: expect.stringContaining('driver'),
        looked: [],
      },
    });
    const disk = volume({ label: 'Windows' });
    await expect(findMedia([disk])).rejects.toMatchObject({
      code: 'CONTENT-04',
      detail: {
        fixed: 1,
        likely: expect.stringContaining('not prestaged'),
        looked: [`${disk.root} Windows, NTFS, 1000 bytes, ${disk.id}`],
      },
    });
  });

  it.each([
    ['no disk at all', [], 'no disk is visible', []],
    [
      'an empty card reader alone',
      [{ number: 0, sizeBytes: 0 }],
      'no disk is visible',
      ['disk 0: no medium'],
    ],
    [
      'a disk without a readable volume',
      [{ number: 0, sizeBytes: 5e11, online: true }],
      'BitLocker',
      ['disk 0: 500000000000 bytes, online'],
    ],
    [
      'a disk that is offline',
      [{ number: 1, sizeBytes: 7, online: false }],
      'no volume on it can be read',
      ['disk 1: 7 bytes, offline'],
    ],
  ])('tells the technician of %s', async (_case, disks, likely, told) => {
    await expect(findMedia([volume({ kind: 'ram' })], undefined, async () => disks)).rejects.toMatchObject({
      code: 'CONTENT-04',
      detail: { disks: told, likely: expect.stringContaining(likely) },
    });
  });

  it('tells a stick alone from a disk without media', async () => {
    const disks = async () => [{ number: 0, sizeBytes: 16e9, online: true }];
    await expect(findMedia([volume({ kind: 'removable' })], undefined, disks)).rejects.toMatchObject({
      detail: { likely: expect.stringContaining('only removable media is visible') },
    });
    await expect(findMedia([volume()], undefined, disks)).rejects.toMatchObject({
      detail: { likely: expect.stringContaining('not prestaged') },
    });
  });

  it('asks for the disks only when no volume has media, and says "unknown" when they cannot be told', async () => {
    const failing = () => Promise.reject(new Error('diskpart is not there'));
    const media = volume({ media: true });
    expect(await findMedia([media], undefined, failing)).toBe(media);
    await expect(findMedia([], undefined, failing)).rejects.toMatchObject({
      code: 'CONTENT-04',
      detail: { disks: 'unknown' },
    });
  });

  it('refuses to guess between two, naming both: CONTENT-05', async () => {
    const [a, b] = [volume({ media: true }), volume({ media: true })];
    await expect(findMedia([a, volume(), b])).rejects.toMatchObject({
      code: 'CONTENT-05',
      subject: `${a.root}, ${b.root}`,
      detail: { found: [expect.stringContaining(a.id), expect.stringContaining(b.id)] },
    });
  });

  it('takes the one that is named, by root, label or ID', async () => {
    const [a, b] = [volume({ media: true }), volume({ media: true, label: 'Stage' })];
    expect(await findMedia([a, b], `${a.root}/`)).toBe(a);
    expect(await findMedia([a, b], 'STAGE')).toBe(b);
    expect(await findMedia([a, b], b.id)).toBe(b);
    await expect(findMedia([a, b], 'Q:')).rejects.toMatchObject({ code: 'CONTENT-04', subject: 'Q:' });
  });

  it('does not take a link for the media manifest', async () => {
    const tricked = volume();
    mkdirSync(cacheLayout(tricked.root).own, { recursive: true });
    symlinkSync('/etc/hostname', cacheLayout(tricked.root).media);
    await expect(findMedia([tricked])).rejects.toMatchObject({ code: 'CONTENT-04' });
  });
});
