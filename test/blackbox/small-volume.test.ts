// Volumes that are full or write-protected, really: what authoring and the depot say of them, and that nothing is left there.
import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { laySite } from '../support/site-kit.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { captureWim, writeTree } from '../support/wim-kit.ts';
import { APPLY, edit, PUBLISH } from './authoring-case.ts';
import { expectRefusal } from './judge.ts';
import { runPrestage } from './run-prestage.ts';
import { runOnSmallVolume, type SmallVolume } from './small-volume.ts';
import { snapshotOf } from './snapshot.ts';

const folder = tempFolder('small-volume');
const at = (...names: readonly string[]): string => path.join(folder, ...names);

beforeAll(async () => {
  await writeTree(at('tree'), { 'Windows/win.ini': '[fonts]\r\n' });
  await captureWim(at('os.wim'), [{ folder: at('tree'), name: 'Windows', properties: ['WINDOWS/ARCH=9'] }], {
    compression: 'none',
  });
  await laySite(at('good/site'), readFileSync(at('os.wim')));
  const create = ['media', 'create', 'site', 'depot', '--from', 'point', '--to', 'out/depot.wim'];
  for (const words of [PUBLISH, create])
    expect(await runPrestage(words, { cwd: at('good') })).toMatchObject({ code: 0 });
});

interface Case {
  readonly title: string;
  readonly volume: SmallVolume;
  readonly words: readonly string[];
  readonly fault: 'DISK-01' | 'DISK-02';
  readonly says: readonly (string | RegExp)[];
  lay?(place: string): void;
}

const newVersions = (place: string): void => {
  edit(place, 'site/content/CON00002/content.yaml', '"1.0"', '"1.1"');
  edit(place, 'site/content/CON00003/content.yaml', '"7"', '"8"');
};

const CASES: readonly Case[] = [
  {
    title: 'a distribution point on a volume that is too small, told before it is full',
    volume: { sizeKilobytes: 400 },
    words: ['publish', 'site', '--to', 'small/made/for/this'],
    fault: 'DISK-01',
    says: ['native: ENOSPC', /has 400 KB free; the new versions have \d+ KB/],
  },
  {
    title: 'a distribution point without room for new versions',
    volume: { sizeKilobytes: 1000, holds: 'point' },
    words: ['publish', 'site', '--to', 'small'],
    fault: 'DISK-01',
    says: ['native: ENOSPC'],
    lay: newVersions,
  },
  {
    title: 'a write-protected distribution point',
    volume: { sizeKilobytes: 4000, holds: 'point', readOnly: true },
    words: ['publish', 'site', '--to', 'small'],
    fault: 'DISK-02',
    says: ['native: EROFS'],
    lay: newVersions,
  },
  {
    title: 'media for a volume that is too small',
    volume: { sizeKilobytes: 400 },
    words: ['media', 'create', 'site', 'depot', '--from', 'point', '--to', 'small/new/depot.wim'],
    fault: 'DISK-01',
    says: [/expected: \d+ bytes free, for the WIM and a copy of its content/],
  },
  {
    title: 'media for a write-protected volume',
    volume: { sizeKilobytes: 8000, readOnly: true },
    words: ['media', 'create', 'site', 'depot', '--from', 'point', '--to', 'small/new/depot.wim'],
    fault: 'DISK-02',
    says: ['native: EROFS'],
  },
  {
    title: 'a disk that is smaller than the media',
    volume: { sizeKilobytes: 400 },
    words: [...APPLY, '--to', 'small/disk'],
    fault: 'DISK-01',
    says: [/expected: \d+ bytes free/, /found: \d+ bytes free/],
  },
  {
    title: 'two volumes, of which one is smaller than its image',
    volume: { sizeKilobytes: 400, holds: 'two' },
    words: [...APPLY, '--esp', 'small/esp', '--volume', 'small/volume'],
    fault: 'DISK-01',
    says: [/expected: \d+ bytes free/],
    lay: place => {
      for (const part of ['esp', 'volume']) mkdirSync(path.join(place, 'two', part), { recursive: true });
    },
  },
  {
    title: 'a disk image on a volume that is too small',
    volume: { sizeKilobytes: 400 },
    words: [...APPLY, '--disk-image', 'small/disk.img', '--size', '3G'],
    fault: 'DISK-01',
    says: [/expected: \d+ bytes free/],
  },
  {
    title: 'a write-protected disk',
    volume: { sizeKilobytes: 8000, readOnly: true },
    words: [...APPLY, '--to', 'small/disk'],
    fault: 'DISK-02',
    says: ['native: EROFS'],
  },
];

let made = 0;

test.each(CASES)(
  '$title: refused, and the volume is as it was',
  async ({ volume, words, fault, says, lay }) => {
    const place = at(`case-${made++}`);
    cpSync(at('good'), place, { recursive: true });
    lay?.(place);
    const sources = snapshotOf(path.join(place, 'site/content'));
    const { ended, after } = await runOnSmallVolume(place, volume, [...words, '--json']);
    expectRefusal(ended, { exitCode: 50, fault, subject: 'small', says });
    expect(ended.stdout).toBe('');
    expect(snapshotOf(after)).toEqual(
      volume.holds === undefined ? {} : snapshotOf(path.join(place, volume.holds)),
    );
    expect(snapshotOf(path.join(place, 'site/content'))).toEqual(sources);
  },
);
