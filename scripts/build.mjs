// Builds out/build/prestage and out/build/prestage.exe: bundle, blob, injection. Does nothing when nothing changed.
//   node scripts/build.mjs [--platform linux|win|all|win-arm64]      win-arm64: out/build/prestage-arm64.exe, which is not part of all
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { makeBlob } from './build/blob.mjs';
import { bundle } from './build/bundle.mjs';
import { digestOf } from './build/inputs.mjs';
import { makeLinuxExecutable } from './build/linux-executable.mjs';
import { EQUAL_VERSIONS, PLATFORMS, USUAL } from './build/platforms.mjs';
import { makeWindowsExecutable } from './build/windows-executable.mjs';
import { listImports } from './preflight.mjs';
import { locked } from './setup/lock.mjs';
import { at, BUILD } from './setup/place.mjs';
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
  'scripts/windows-arm64/package-lock.json',
];

/** @param {'linux' | 'win' | 'win-arm64' | 'all'} platform what it is made of must be set up: `setup({ arm64: true })` for win-arm64 */
export async function build(platform = 'all') {
  const wanted = platform === 'all' ? USUAL : [platform];
  checkVersions(wanted);
  await locked(`${BUILD}/build.lock`, async () => {
    const digest = digestOf(...INPUTS);
    const stale = wanted.filter(name => !isBuilt(name, digest));
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

/** The blob's format belongs to one version of Node, and ffi-rs' script to one of its native part: those of the lock files. */
function checkVersions(wanted) {
  const versionOf = ({ folder, name }) =>
    JSON.parse(readFileSync(at(folder, 'package-lock.json'), 'utf8')).packages[`node_modules/${name}`]
      ?.version;
  for (const { platforms, what, pins } of EQUAL_VERSIONS) {
    if (!platforms.some(platform => wanted.includes(platform))) continue;
    const [one, other] = pins.map(pin => ({ ...pin, version: versionOf(pin) }));
    if (one.version !== other.version)
      throw new Advice(
        `${what}: ${one.folder}/package.json pins ${one.name} ${one.version}, ${other.folder}/package.json pins ${other.name} ${other.version}; nothing was built. Make them equal.`,
      );
  }
}

function isBuilt(name, digest) {
  const file = join(BUILD, PLATFORMS[name].file);
  return (
    existsSync(file) && existsSync(`${file}.inputs`) && readFileSync(`${file}.inputs`, 'utf8') === digest
  );
}

/** Works beside the last good executable and renames it into place: an interrupted build leaves that one. */
async function makeExecutable(name, folder, version, digest) {
  const { file, node } = PLATFORMS[name];
  const unfinished = join(folder, file);
  await timed(`out/build/${file}`, async () => {
    const blob = await makeBlob(folder, name);
    if (name === 'linux') await makeLinuxExecutable(unfinished, { node, blob });
    else await makeWindowsExecutable(unfinished, { node, blob, name: file, version });
    rmSync(join(BUILD, `${file}.inputs`), { force: true });
    renameSync(unfinished, join(BUILD, file));
    writeFileSync(join(BUILD, `${file}.inputs`), digest);
  });
  say(`          ${(statSync(join(BUILD, file)).size / 1e6).toFixed(1)} MB`);
}

await main(import.meta.url, async () => {
  const { values } = parseArgs({ options: { platform: { type: 'string', default: 'all' } } });
  const names = [...Object.keys(PLATFORMS), 'all'];
  if (!names.includes(values.platform)) throw new Advice(`--platform is one of: ${names.join(', ')}`);
  await setup({ arm64: values.platform === 'win-arm64' });
  await build(values.platform);
});
