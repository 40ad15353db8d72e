// Probes of imaging as the agent uses it: the library is found, a tiny WIM comes out as it went in, and a folder becomes a WIM.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describeWim } from '../wim/read-wim.ts';
import type { Imaging } from './machine.ts';
import type { Probe } from './probe.ts';
import { TINY_WIM_FILES, tinyWim } from './tiny-wim.ts';

/** @param folder an existing folder to write in; it is left as it was. */
export function imagingProbes(folder: string, openImaging: () => Promise<Imaging>): readonly Probe[] {
  return [
    {
      name: 'imaging library',
      fact: 'wimgapi.dll or libwim can be loaded.',
      mandatory: true,
      run: async () => ({ holds: true, seen: { library: (await openImaging()).name } }),
    },
    {
      name: 'apply an image',
      fact: 'An image is applied with progress, and every file is right.',
      mandatory: true,
      run: () =>
        withTinyWim(folder, async ({ wim, target, temporary }) => {
          const progress: number[] = [];
          const imaging = await openImaging();
          await imaging.apply({ wim, index: 1, target, temporary, advance: done => progress.push(done) });
          const wrong = await wrongFiles(target);
          return {
            holds: wrong.length === 0 && progress.length > 0,
            seen: { images: await imaging.listImages(wim), progress, wrong },
          };
        }),
    },
    {
      name: 'capture a folder',
      fact: 'Folders become a WIM with names, an integrity table and the same files, with progress.',
      mandatory: false, // Media are made on the author's computer.
      run: () =>
        withTinyWim(folder, async places => {
          const progress: number[] = [];
          const imaging = await openImaging();
          const { wim, target, temporary, root } = places;
          await imaging.apply({ wim, index: 1, target, temporary });
          const captured = path.join(root, 'captured.wim');
          const again = path.join(root, 'again');
          await mkdir(again);
          await imaging.capture({
            wim: captured,
            images: [
              { folder: target, name: 'First & <one>', description: 'Ünïcode 日本' },
              { folder: target, name: 'Second' },
            ],
            compression: 'xpress',
            bootIndex: 2,
            advance: done => progress.push(done),
          });
          const { header, images } = await describeWim(captured);
          await imaging.apply({ wim: captured, index: 2, target: again, temporary });
          const wrong = await wrongFiles(again);
          const [first] = images;
          return {
            holds:
              wrong.length === 0 &&
              images.length === 2 &&
              first?.name === 'First & <one>' &&
              first.description === 'Ünïcode 日本' &&
              header.bootIndex === 2 &&
              header.compression === 'xpress' &&
              header.integrity.storedBytes > 0,
            seen: { images, bootIndex: header.bootIndex, integrity: header.integrity, progress, wrong },
          };
        }),
    },
  ];
}

/** @returns the names of files that are not as the tiny WIM has them. */
async function wrongFiles(folder: string): Promise<readonly string[]> {
  const wrong: string[] = [];
  for (const [name, text] of Object.entries(TINY_WIM_FILES)) {
    const found = await readFile(path.join(folder, ...name.split('/')), 'utf8').catch(() => undefined);
    if (found !== text) wrong.push(name);
  }
  return wrong;
}

/** Lays the tiny WIM, an empty target and a temporary folder below `folder`, and takes all of it away again. */
export async function withTinyWim<Result>(
  folder: string,
  use: (places: {
    readonly wim: string;
    readonly target: string;
    readonly temporary: string;
    readonly root: string;
  }) => Promise<Result>,
): Promise<Result> {
  const root = path.join(folder, 'selftest-image');
  const places = {
    root,
    wim: path.join(root, 'tiny.wim'),
    target: path.join(root, 'target'),
    temporary: path.join(root, 'temporary'),
  };
  try {
    await mkdir(places.target, { recursive: true });
    await mkdir(places.temporary, { recursive: true });
    await writeFile(places.wim, tinyWim());
    return await use(places);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}
