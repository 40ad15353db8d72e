import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { finishPlacing, isMediaReady, placeMedia, readyMedia } from '../../agent/author/place-media.ts';
import { openDurableFiles } from '../../agent/durable/open-durable-files.ts';
import { besideMediaFile } from '../../agent/media/media-paths.ts';
import { everyCut } from '../support/every-cut.ts';
import { openLossyFiles } from '../support/lossy-files.ts';
import { tempFolder } from '../support/temp-folder.ts';

const folder = tempFolder('place-media');

/** A set whose files say which media they belong to. */
async function laySet(wim: string, media: string): Promise<void> {
  await mkdir(path.dirname(wim), { recursive: true });
  for (const file of [wim, ...Object.values(besideMediaFile(wim))]) await writeFile(file, media);
}

/** What a reader finds: the sidecar, and the WIM that it vouches for. */
async function readSet(wim: string): Promise<readonly (string | undefined)[]> {
  const files = [wim, ...Object.values(besideMediaFile(wim))];
  return Promise.all(files.map(file => readFile(file, 'utf8').catch(() => undefined)));
}

async function isWhole(wim: string, media: string): Promise<boolean> {
  return (await readSet(wim)).every(text => text === media);
}

it.each([['over old media'], ['where there was none']])(
  'putting media in place %s, cut at any moment, leaves one whole set, and the next run completes it',
  async start => {
    const plays = await everyCut({
      within: folder,
      prepare: async disk => {
        const wim = path.join(disk, 'depot.wim');
        if (start === 'over old media') await laySet(wim, 'old');
        await laySet(readyMedia(wim).wim, 'new');
      },
      run: (durable, disk) => placeMedia(path.join(disk, 'depot.wim'), durable),
      verify: async (disk, { done }) => {
        const wim = path.join(disk, 'depot.wim');
        const [wimText, sidecar] = await readSet(wim);
        // Whoever finds a sidecar finds the WIM that it vouches for.
        if (sidecar !== undefined) expect(wimText).toBe(sidecar);
        const whole = (await isWhole(wim, 'old')) || (await isWhole(wim, 'new')) || (await isMediaReady(wim));
        expect(whole).toBe(true);
        if (done) expect(await isWhole(wim, 'new')).toBe(true);
        await finishPlacing(wim, openLossyFiles({ graveyard: path.join(disk, 'graveyard') }).files);
        expect(await isWhole(wim, 'new')).toBe(true);
        expect(existsSync(readyMedia(wim).folder)).toBe(false);
      },
    });
    expect(plays).toBeGreaterThan(100);
  },
);

it('a set without its sidecar was never finished: it goes, and the old media stays', async () => {
  const wim = path.join(folder, 'unfinished', 'depot.wim');
  await laySet(wim, 'old');
  await mkdir(readyMedia(wim).folder);
  await writeFile(readyMedia(wim).wim, 'half');
  expect(await finishPlacing(wim, openDurableFiles())).toBe(false);
  expect(await isWhole(wim, 'old')).toBe(true);
  expect(existsSync(readyMedia(wim).folder)).toBe(false);
});
