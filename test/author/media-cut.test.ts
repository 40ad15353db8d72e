// Replacing media while the power goes: the old media stays whole until the new one is, and the next run ends as if nothing had happened.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { cp, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { type CreateMediaWorld, createMedia } from '../../agent/author/create-media.ts';
import { isMediaReady } from '../../agent/author/place-media.ts';
import { publish } from '../../agent/author/publish.ts';
import type { DurableFiles } from '../../agent/durable/durable-files.ts';
import type { Imaging } from '../../agent/machine/machine.ts';
import { openImaging } from '../../agent/machine/open-imaging.ts';
import { mediaFileSchema } from '../../agent/media/media-manifest.ts';
import { besideMediaFile } from '../../agent/media/media-paths.ts';
import { ended } from '../support/every-cut.ts';
import { openLossyFiles } from '../support/lossy-files.ts';
import { authorKit, laySite, sparingKit } from '../support/site-kit.ts';
import { faultOf } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { captureWim, writeTree } from '../support/wim-kit.ts';

const temporary = tempFolder('media-cut');
const at = (...names: readonly string[]) => path.join(temporary, ...names);
const OLD = '11111111-2222-4333-8444-555555555555';
const NEW = '0e6f3a51-9f0c-4d4e-8f5a-2f7d3c1b9a10';
let imaging: Imaging;

function create(disk: string, newId: string, differences: Partial<CreateMediaWorld> = {}) {
  return createMedia(
    { site: at('site'), name: 'depot', to: path.join(disk, 'depot.wim'), from: at('point'), replace: true },
    { ...authorKit(), imaging, newId: () => newId, ...differences },
  );
}

/** The media that lies whole under its name: its sidecar is there and vouches for the WIM beside it. */
function wholeMedia(disk: string): string | undefined {
  const wim = path.join(disk, 'depot.wim');
  const { sidecar, manifest } = besideMediaFile(wim);
  if (!existsSync(sidecar)) return undefined;
  const file = mediaFileSchema.parse(JSON.parse(readFileSync(sidecar, 'utf8')));
  expect(sha256(wim)).toBe(file.sha256);
  expect(sha256(manifest)).toBe(file.manifestSha256);
  return file.mediaId;
}

function sha256(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

beforeAll(async () => {
  await writeTree(at('tree'), { 'Windows/a.txt': 'a' });
  await captureWim(at('os.wim'), [{ folder: at('tree'), name: 'OS' }]);
  await laySite(at('site'), readFileSync(at('os.wim')));
  await publish({ site: at('site'), point: at('point') }, authorKit());
  imaging = await openImaging({ system: 'linux' });
  await mkdir(at('old'));
  await create(at('old'), OLD);
});

async function cutAt(cutAt: number | undefined, play: string): Promise<readonly string[]> {
  const disk = at(play);
  await cp(at('old'), disk, { recursive: true });
  const lossy = openLossyFiles({
    graveyard: at(`${play}-graveyard`),
    ...(cutAt !== undefined && { cutAt }),
  });
  const done = await ended(create(disk, NEW, authorKit(undefined, lossy.files)));
  await lossy.loseUnflushed('dropped');
  const found = wholeMedia(disk);
  if (done) expect(found).toBe(NEW);
  else if (found === undefined) expect(await isMediaReady(path.join(disk, 'depot.wim'))).toBe(true);
  await create(disk, NEW, sparingKit(at(`${play}-graveyard-2`)));
  expect(wholeMedia(disk)).toBe(NEW);
  expect(readdirSync(disk).sort()).toEqual(readdirSync(at('old')).sort());
  return lossy.points;
}

it('media create, cut at any of its last steps and now and then before, leaves whole media', async () => {
  const points = await cutAt(undefined, 'uncut');
  const last = points.length - 30;
  const chosen = points.map((_, at) => at + 1).filter(point => point > last || point % 60 === 0);
  for (const point of chosen) await cutAt(point, `cut-${point}`);
}, 120_000);

it('Ctrl-C while the WIM is written leaves the old media and nothing else', async () => {
  const disk = at('stopped');
  await cp(at('old'), disk, { recursive: true });
  const stop = new AbortController();
  const stopping: Imaging = {
    ...imaging,
    capture: request => {
      stop.abort();
      return imaging.capture(request);
    },
  };
  const fault = await faultOf(create(disk, NEW, { imaging: stopping, signal: stop.signal }));
  expect(fault.code).toBe('STOP-01');
  expect(wholeMedia(disk)).toBe(OLD);
  expect(readdirSync(disk).sort()).toEqual(readdirSync(at('old')).sort());
});

it('a full disk at the last moment leaves what is whole for the next run', async () => {
  const disk = at('full');
  await cp(at('old'), disk, { recursive: true });
  const { durable } = authorKit();
  const failing: DurableFiles = {
    ...durable,
    rename: (from, to) =>
      to === path.join(disk, 'depot.wim') ? Promise.reject(new Error('disk gone')) : durable.rename(from, to),
  };
  await expect(create(disk, NEW, { durable: failing })).rejects.toThrow('disk gone');
  expect(await isMediaReady(path.join(disk, 'depot.wim'))).toBe(true);
  const kit = authorKit();
  const fault = await faultOf(
    createMedia(
      { site: at('site'), name: 'depot', to: path.join(disk, 'depot.wim'), from: at('point') },
      { ...kit, imaging, newId: () => OLD },
    ),
  );
  // It was put in place first, and is not replaced unasked.
  expect(fault.code).toBe('USAGE-09');
  expect(wholeMedia(disk)).toBe(NEW);
  expect(kit.events).toContainEqual(expect.objectContaining({ kind: 'note', level: 'warning' }));
});
