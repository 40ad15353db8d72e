// Captures the sample OS image with libwim's own tool: LZX, two images, integrity table, the properties a Windows image has.
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../setup/program.mjs';
import { madeOnce, materialKey, SAMPLE } from './made.mjs';
import { makeCoreTree, makeFullTree } from './os-tree.mjs';
import { digestTree } from './tree-digest.mjs';

/** `wim`: install.wim. `reference`: path -> SHA-256 of every file of image 1, taken from the captured folder by other code than Prestage's. */
export const OS_IMAGE = {
  folder: join(SAMPLE, 'os-image'),
  wim: join(SAMPLE, 'os-image/install.wim'),
  reference: join(SAMPLE, 'os-image/reference.json'),
};

const IMAGES = [
  {
    name: 'Sample OS Pro',
    description: 'Wine’s C:\\Windows posing as an OS',
    edition: 'Professional',
    installation: 'Client',
    make: makeFullTree,
  },
  {
    name: 'Sample OS Core',
    description: 'A small variant',
    edition: 'ServerStandardCore',
    installation: 'Server Core',
    make: makeCoreTree,
  },
];

export async function makeOsImage() {
  await madeOnce(
    'sample OS image (LZX, two images)',
    OS_IMAGE.folder,
    materialKey('os-image.mjs', 'os-tree.mjs'),
    async folder => {
      const wim = join(folder, 'install.wim');
      const trees = IMAGES.map((_, number) => join(`${OS_IMAGE.folder}.trees`, String(number + 1)));
      rmSync(`${OS_IMAGE.folder}.trees`, { recursive: true, force: true });
      for (const [number, image] of IMAGES.entries()) {
        mkdirSync(trees[number], { recursive: true });
        await image.make(trees[number], trees[0]);
        await run('wimlib-imagex', [
          number === 0 ? 'capture' : 'append',
          trees[number],
          wim,
          image.name,
          image.description,
          '--check',
          ...(number === 0 ? ['--compress=LZX'] : []),
          ...properties(image),
        ]);
      }
      writeFileSync(
        join(folder, 'reference.json'),
        JSON.stringify(Object.fromEntries(await digestTree(trees[0])), undefined, 1),
      );
      // Kept beside the image for whoever wants to look; the reference above is what runs are compared with.
      rmSync(join(folder, 'tree'), { recursive: true, force: true });
      renameSync(trees[0], join(folder, 'tree'));
      rmSync(`${OS_IMAGE.folder}.trees`, { recursive: true });
    },
  );
}

function properties({ edition, installation }) {
  const values = {
    FLAGS: edition,
    'WINDOWS/ARCH': '9',
    'WINDOWS/PRODUCTNAME': 'Prestage sample',
    'WINDOWS/EDITIONID': edition,
    'WINDOWS/INSTALLATIONTYPE': installation,
    'WINDOWS/PRODUCTTYPE': 'WinNT',
    'WINDOWS/LANGUAGES/LANGUAGE': 'en-US',
    'WINDOWS/LANGUAGES/DEFAULT': 'en-US',
    'WINDOWS/VERSION/MAJOR': '10',
    'WINDOWS/VERSION/MINOR': '0',
    'WINDOWS/VERSION/BUILD': '26100',
    'WINDOWS/VERSION/SPBUILD': '1',
    'WINDOWS/VERSION/SPLEVEL': '0',
    'WINDOWS/SYSTEMROOT': 'WINDOWS',
  };
  return Object.entries(values).map(([name, value]) => `--image-property=${name}=${value}`);
}
