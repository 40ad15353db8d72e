import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { applyMedia } from '../../agent/author/apply-media.ts';
import { createMedia } from '../../agent/author/create-media.ts';
import { requireFat32Sizes } from '../../agent/author/fat32-limit.ts';
import { loadPublicKey } from '../../agent/author/key-files.ts';
import { publish } from '../../agent/author/publish.ts';
import { requireVolumes } from '../../agent/author/target-volumes.ts';
import { asFault } from '../../agent/fault/fault.ts';
import type { MountedVolume } from '../../agent/machine/mounted-volume.ts';
import { openImaging } from '../../agent/machine/open-imaging.ts';
import { FAT32_FILE_MAX_BYTES } from '../../agent/plan/fat32.ts';
import { authorKit, laySite } from '../support/site-kit.ts';
import { faultOf } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { captureWim, writeTree } from '../support/wim-kit.ts';

const ESP: MountedVolume = {
  root: 'S:\\',
  label: 'SYSTEM',
  fileSystem: 'FAT32',
  kind: 'fixed',
  sizeBytes: 1.5 * 1024 ** 3,
  ownSystem: false,
  disk: { name: 'disk 1', sizeBytes: 512 * 1000 ** 3, bus: 'nvme' },
};
const VOLUME: MountedVolume = { ...ESP, root: 'W:\\', label: '', fileSystem: 'NTFS' };

function judged(esp: Partial<MountedVolume> = {}, volume: Partial<MountedVolume> = {}) {
  return requireVolumes({ esp: 'S:\\', volume: 'W:\\' }, async folder =>
    folder === 'S:\\' ? { ...ESP, ...esp } : { ...VOLUME, ...volume },
  );
}

describe('requireVolumes', () => {
  it('names file system, size, label and disk of both', async () => {
    expect(await judged()).toEqual({
      names: [
        'ESP S:\\: FAT32, 1.5 GB, label "SYSTEM", on disk 1, 477 GB, nvme',
        'volume W:\\: NTFS, 1.5 GB, on disk 1, 477 GB, nvme',
      ],
    });
  });

  it.each([
    ['an ESP that firmware cannot read', { fileSystem: 'NTFS' }, {}, 'S:\\', 'NTFS'],
    ['an ESP that is not formatted', { fileSystem: '' }, {}, 'S:\\', 'no file system'],
    ['a volume that keeps no rights', {}, { fileSystem: 'exFAT' }, 'W:\\', 'exFAT'],
    ['a share', {}, { kind: 'network' as const }, 'W:\\', 'network drive'],
    ['the volume that Windows runs from', {}, { ownSystem: true }, 'W:\\', 'running system'],
  ])('refuses %s', async (_, esp, volume, subject, found) => {
    expect(await faultOf(judged(esp, volume))).toMatchObject({
      code: 'USAGE-09',
      subject,
      detail: { found: expect.stringContaining(found) },
    });
  });

  it('warns of two disks, and says of a folder what it is', async () => {
    const { warning } = await judged({ disk: { name: 'disk 2', sizeBytes: 1 } });
    expect(warning).toContain('disk 2 and the volume on disk 1');
    const { names } = await requireVolumes({ esp: '/out/esp', volume: '/out/w' }, async () => undefined);
    expect(names[0]).toContain('rehearsal');
  });
});

describe('requireFat32Sizes', () => {
  it('takes what FAT32 can just hold, and names what it cannot', () => {
    const largest = { path: 'sources/boot.wim', size: FAT32_FILE_MAX_BYTES };
    requireFat32Sizes([largest]);
    try {
      requireFat32Sizes([largest, { path: 'sources/large.wim', size: FAT32_FILE_MAX_BYTES + 1 }]);
      expect.unreachable();
    } catch (thrown) {
      expect(asFault(thrown)).toMatchObject({ code: 'DISK-07', subject: 'sources/large.wim' });
    }
  });
});

describe('media apply onto mounted volumes', () => {
  const folder = tempFolder('target-volumes');
  const at = (...names: readonly string[]) => path.join(folder, ...names);
  const world = async (mounted?: Partial<MountedVolume>) => ({
    ...authorKit(),
    imaging: await openImaging({ system: 'linux' }),
    newId: () => '0e6f3a51-9f0c-4d4e-8f5a-2f7d3c1b9a10',
    lookAtVolume: async (place: string) =>
      place.endsWith('esp') ? { ...ESP, ...mounted, root: place } : { ...VOLUME, root: place },
  });
  beforeAll(async () => {
    await writeTree(at('tree'), { 'Windows/a.txt': 'a' });
    await captureWim(at('os.wim'), [{ folder: at('tree'), name: 'OS' }]);
    await laySite(at('site'), readFileSync(at('os.wim')));
    await publish({ site: at('site'), point: at('point') }, authorKit());
    const made = { site: at('site'), name: 'depot', to: at('depot.wim'), from: at('point') };
    await createMedia(made, await world());
    for (const part of ['esp', 'volume']) mkdirSync(at(part));
  });
  const request = async (confirmed: boolean) => ({
    wim: at('depot.wim'),
    target: { esp: at('esp'), volume: at('volume') },
    keys: [await loadPublicKey(at('site', 'keys'), 'media')],
    confirmed,
  });

  it('names the disk when it is not confirmed, and before it writes', async () => {
    expect(await faultOf(applyMedia(await request(false), await world()))).toMatchObject({
      code: 'USAGE-12',
      detail: { writes: [expect.stringContaining('on disk 1'), expect.stringContaining('NTFS')] },
    });
    expect(await faultOf(applyMedia(await request(true), await world({ fileSystem: 'ext4' })))).toMatchObject(
      {
        code: 'USAGE-09',
      },
    );
    expect(readdirSync(at('esp'))).toEqual([]);
    const confirmed = await world();
    await applyMedia(await request(true), confirmed);
    expect(confirmed.events).toContainEqual(
      expect.objectContaining({ kind: 'note', text: expect.stringMatching(/^Writes to ESP .*disk 1/) }),
    );
  });
});
