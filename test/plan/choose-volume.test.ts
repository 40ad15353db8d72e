// Which volume takes Windows where the task sequence names one by its label.
import { expect, test } from 'vitest';
import type { Volume } from '../../agent/machine/machine.ts';
import { chooseVolume } from '../../agent/plan/choose-volume.ts';

const volume = (id: string, label: string, differences: Partial<Volume> = {}): Volume => ({
  id,
  label,
  root: `${id}:\\`,
  fileSystem: 'NTFS',
  kind: 'fixed',
  sizeBytes: 100e9,
  freeBytes: 90e9,
  ...differences,
});
const media = volume('D', 'Windows');
const system = volume('S', 'Windows', { fileSystem: 'FAT32' });
const stick = volume('E', 'Windows', { kind: 'removable' });
const windows = volume('W', 'WINDOWS');
const other = volume('V', 'Windows');
const choose = (volumes: readonly Volume[], before?: string) =>
  chooseVolume('Windows', { volumes, media: media.id, before }).id;

test('is the one fixed NTFS volume with that label, which is not the media', () => {
  expect(choose([media, system, stick, windows])).toBe('W');
});

test('is none where there is none, with what was seen', () => {
  expect(() => choose([media, system, stick])).toThrow(
    expect.objectContaining({
      code: 'MACHINE-02',
      subject: 'volume Windows',
      detail: expect.objectContaining({ found: expect.arrayContaining([expect.stringContaining('FAT32')]) }),
    }),
  );
});

test('is none where there are two', () => {
  expect(() => choose([media, windows, other])).toThrow(expect.objectContaining({ code: 'MACHINE-05' }));
});

test('stays the one that took Windows before, when others have got its label or it has lost it', () => {
  expect(choose([media, windows, other], 'V')).toBe('V');
  expect(choose([media, volume('W', 'OSDisk')], 'W')).toBe('W');
  expect(() => choose([media, volume('W', 'OSDisk')], 'D')).toThrow(
    expect.objectContaining({ code: 'MACHINE-02' }),
  );
});
