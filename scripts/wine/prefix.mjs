// Makes a fresh Wine prefix in a fraction of a second: the template's Windows files as hard links, its registry and settings as copies.
import { cpSync, linkSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { WINE_TEMPLATE } from '../setup/place.mjs';

/** Folders of drive C: whose files nothing changes in place: Windows' own are replaced, never edited. */
const LINKED = ['windows', 'Program Files', 'Program Files (x86)'];

/**
 * @param {string} prefix a folder that does not exist yet
 * @param {Record<string, string>} drives letter -> folder that is to be seen under it, for example `{ x: '/tmp/ramdisk' }`
 */
export function makePrefix(prefix, drives = {}) {
  mkdirSync(prefix, { recursive: true });
  for (const entry of readdirSync(WINE_TEMPLATE)) {
    if (entry === 'drive_c' || entry === 'wineserver') continue; // the latter names a server that has ended
    copy(join(WINE_TEMPLATE, entry), join(prefix, entry));
  }
  mkdirSync(join(prefix, 'drive_c'));
  for (const entry of readdirSync(join(WINE_TEMPLATE, 'drive_c'))) {
    const [from, to] = [join(WINE_TEMPLATE, 'drive_c', entry), join(prefix, 'drive_c', entry)];
    if (LINKED.includes(entry)) linkTree(from, to);
    else copy(from, to);
  }
  for (const [letter, folder] of Object.entries(drives)) mapDrive(prefix, letter, folder);
}

/** Makes `folder` visible as drive `letter`: in a running session too, from the next look-up on. */
export function mapDrive(prefix, letter, folder) {
  symlinkSync(resolve(folder), join(prefix, 'dosdevices', `${letter.toLowerCase()}:`));
}

function copy(from, to) {
  cpSync(from, to, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
}

function linkTree(from, to) {
  mkdirSync(to);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) linkTree(source, target);
    else linkFile(source, target);
  }
}

function linkFile(source, target) {
  try {
    linkSync(source, target);
  } catch (error) {
    if (error.code !== 'EXDEV' && error.code !== 'EPERM') throw error;
    copy(source, target); // another file system, or one without hard links
  }
}
