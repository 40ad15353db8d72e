// Builds out/build/prestage and out/build/prestage.exe: bundle, blob, injection. Does nothing when nothing changed.
//   node scripts/build.mjs [--platform linux|win|all|win-arm64]      win-arm64: out/build/prestage-arm64.exe, which is not part of all
//   node scripts/build.mjs --platform win --addon SIGNED [--out FOLDER]      with the add-on as somebody signed it: docs/signing.md
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { makeBlob } from './build/blob.mjs';
import { bundle } from './build/bundle.mjs';
import { digestOf } from './build/inputs.mjs';
import { makeLinuxExecutable } from './build/linux-executable.mjs';
import { EQUAL_VERSIONS, PLATFORMS, USUAL } from './build/platforms.mjs';
import { requireSignedAddon } from './build/signed-addon.mjs';
import { makeWindowsExecutable } from './build/windows-executable.mjs';
import { listImports } from './preflight.mjs';
import { locked } from './setup/lock.mjs';
import { at, BUILD, ROOT } from './setup/place.mjs';
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

/**
 * @param {'linux' | 'win' | 'win-arm64' | 'all'} platform what it is made of must be set up: `setup({ arm64: true })` for win-arm64
 * @param {{ addon?: string, out?: string }} how `addon`: a signed copy of the platform's native add-on; `out`: the folder for what is made
 */
export async function build(platform = 'all', { addon, out = BUILD } = {}) {
  const wanted = platform === 'all' ? USUAL : [platform];
  checkVersions(wanted);
  const signed = addon && requireSignedAddon(addon, PLATFORMS[platform].addon);
  await locked(join(out, 'build.lock'), async () => {
    const digest = digestOfInputs(signed);
    const stale = wanted.filter(name => !isBuilt(join(out, PLATFORMS[name].file), digest));
    if (stale.length === 0) return say('build: up to date');
    const folder = join(out, 'parts');
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const { version } = JSON.parse(readFileSync(at('package.json'), 'utf8'));
    await timed('bundle', () => bundle(folder, digest));
    const how = { folder, out, version, digest, addon: signed };
    await Promise.all(stale.map(name => makeExecutable(name, how)));
    if (stale.includes('win'))
      writeFileSync(join(out, 'imports.json'), `${JSON.stringify(listImports(), undefined, 2)}\n`);
  });
}

function digestOfInputs(signed) {
  const digest = digestOf(...INPUTS);
  if (signed === undefined) return digest;
  return createHash('sha256').update(digest).update(readFileSync(signed)).digest('hex');
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

function isBuilt(file, digest) {
  return (
    existsSync(file) && existsSync(`${file}.inputs`) && readFileSync(`${file}.inputs`, 'utf8') === digest
  );
}

/** Works beside the last good executable and renames it into place: an interrupted build leaves that one. */
async function makeExecutable(name, { folder, out, version, digest, addon }) {
  const { file, node } = PLATFORMS[name];
  const [unfinished, finished] = [join(folder, file), join(out, file)];
  await timed(relative(ROOT, finished), async () => {
    const blob = await makeBlob(folder, name, addon);
    if (name === 'linux') await makeLinuxExecutable(unfinished, { node, blob });
    else await makeWindowsExecutable(unfinished, { node, blob, name: file, version });
    rmSync(`${finished}.inputs`, { force: true });
    renameSync(unfinished, finished);
    writeFileSync(`${finished}.inputs`, digest);
  });
  say(`          ${(statSync(finished).size / 1e6).toFixed(1)} MB`);
}

await main(import.meta.url, async () => {
  const { values } = parseArgs({
    options: {
      platform: { type: 'string', default: 'all' },
      addon: { type: 'string' },
      out: { type: 'string', default: BUILD },
    },
  });
  const { platform, addon } = values;
  const names = [...Object.keys(PLATFORMS), 'all'];
  if (!names.includes(platform)) throw new Advice(`--platform is one of: ${names.join(', ')}`);
  if (addon !== undefined && !platform.startsWith('win'))
    throw new Advice('--addon is for one executable for Windows; nothing was built. Add --platform win.');
  await setup({ arm64: platform === 'win-arm64' });
  await build(platform, { addon: addon && resolve(addon), out: resolve(values.out) });
});
