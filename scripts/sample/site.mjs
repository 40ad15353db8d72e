// Writes the sample site: the folder that an admin keeps, with its YAML documents and the sources of its content.
import { cpSync, linkSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { at } from '../setup/place.mjs';
import { bootImageKey, layBootImage } from './boot-image.mjs';
import { CONTENT, esbuild, ID } from './content.mjs';
import { lay, madeOnce, materialKey, SAMPLE } from './made.mjs';
import { makeOsImage } from './os-image.mjs';

/** The name of the media document, and so of the media. */
export const MEDIA_NAME = 'sample';

/** Where the sources of the content lie once they are made. */
const SOURCES = join(SAMPLE, 'content');

/** Makes whatever of the sample's material is missing: OS image, software, drivers. A few seconds' look when all is there. */
export async function makeMaterial() {
  await makeOsImage();
  await madeOnce(
    'sample content (software, drivers)',
    SOURCES,
    materialKey('content.mjs', 'software.mjs', 'driver-packages.mjs', 'os-image.mjs', 'os-tree.mjs'),
    async folder => {
      for (const item of [...CONTENT, esbuild('old')]) await item.lay(join(folder, item.id));
      await esbuild('new').lay(join(folder, `${ID.esbuild}.new`));
    },
  );
}

/**
 * Writes the site folder afresh, except for its keys.
 * @param {{ folder: string, url: string, mediaKeys: string[], release: 'old' | 'new' }} site `url`: the distribution point's address;
 * `mediaKeys`: public keys as text, pinned in the boot image; `release`: which esbuild the site offers.
 */
export async function writeSite({ folder, url, mediaKeys, release }) {
  for (const part of ['site.yaml', 'content', 'task-sequences', 'deployments.yaml', 'media'])
    rmSync(join(folder, part), { recursive: true, force: true });
  const document = (path, value) => lay(join(folder, path), toYaml(value));
  document('site.yaml', {
    site: 'LAB',
    name: 'Prestage sample site',
    distributionPoints: [{ url, priority: 1 }],
    managementPoints: [url],
    keys: { policy: 'policy', media: 'media' },
  });
  for (const { lay: _, ...item } of [...CONTENT, esbuild(release)]) {
    document(join('content', item.id, 'content.yaml'), { ...item, source: 'files' });
    linkTree(
      join(SOURCES, item.id === ID.esbuild && release === 'new' ? `${ID.esbuild}.new` : item.id),
      join(folder, 'content', item.id, 'files'),
    );
  }
  const bootVersion = await makeBootImage(mediaKeys);
  document(join('content', ID.bootImage, 'content.yaml'), {
    id: ID.bootImage,
    type: 'boot-image',
    name: 'Sample boot image',
    version: bootVersion,
    source: 'files',
  });
  linkTree(join(SAMPLE, 'boot-image'), join(folder, 'content', ID.bootImage, 'files'));
  document(join('task-sequences', `${ID.taskSequence}.yaml`), {
    name: 'Install the sample OS',
    osImage: { id: ID.osImage, index: 1 },
    drivers: [ID.inputDrivers, ID.connectionDrivers],
    packages: [ID.node, ID.nodeModules, ID.imageLibraries],
    applications: [ID.archiver, ID.esbuild],
    variables: { OSDTimeZone: 'UTC' },
  });
  document('deployments.yaml', [
    {
      id: ID.deployment,
      taskSequence: ID.taskSequence,
      collection: 'all',
      purpose: 'required',
      makeAvailableTo: 'media-pxe',
    },
  ]);
  document(join('media', `${MEDIA_NAME}.yaml`), {
    taskSequence: ID.taskSequence,
    bootImage: ID.bootImage,
    validDays: 365,
    createdBy: 'scripts/first-boot.mjs',
    version: '1',
    comment: 'Made from the sample site',
    unattended: true,
    allowOffline: true,
  });
}

/** @returns the boot image's version, which follows what it is made from. */
async function makeBootImage(mediaKeys) {
  const key = bootImageKey(mediaKeys);
  await madeOnce('sample boot image', join(SAMPLE, 'boot-image'), key, folder =>
    layBootImage(folder, mediaKeys),
  );
  return `1.${key.slice(0, 12)}`;
}

/** Second names for the same files: 200 MB need not be copied to be described. */
function linkTree(from, to) {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) linkTree(source, target);
    else if (!tryLink(source, target)) cpSync(source, target, { preserveTimestamps: true });
  }
}

function tryLink(source, target) {
  try {
    linkSync(source, target);
    return true;
  } catch {
    return false; // another file system: a copy does as well
  }
}

/** The yaml package is there whenever a site is: loaded late, because the set-up script may have to install it first. */
function toYaml(value) {
  return createRequire(at('package.json'))('yaml').stringify(value, { lineWidth: 0 });
}
