// Judges a run from outside: what the server was asked for, what lies on the disk; never by the agent's own code.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ID } from '../sample/content.mjs';
import { OS_IMAGE } from '../sample/os-image.mjs';
import { differences, digestFile, digestTree } from '../sample/tree-digest.mjs';

/** A check: what must be so, whether it is, and what was found. */
export const check = (what, ok, found = '') => ({ what, ok, found: String(found) });

/** What drivers and hand-over add to the applied image, besides the media's own folder: a folder for DISM's log, answer file, fallback script. */
const ADDED = [
  'Windows/Logs/DISM',
  'Windows/Panther',
  'Windows/Panther/unattend.xml',
  'Windows/Setup',
  'Windows/Setup/Scripts',
  'Windows/Setup/Scripts/SetupComplete.cmd',
];

/** The applied tree, file by file, against the digests taken when the image was captured. */
export async function checkAppliedTree(volume) {
  const expected = new Map(Object.entries(JSON.parse(readFileSync(OS_IMAGE.reference, 'utf8'))));
  const found = await digestTree(volume, {
    skip: path => path === '_SMSTaskSequence' || (ADDED.includes(path) && !expected.has(path)),
  });
  const lines = differences(expected, found);
  const files = [...expected.values()].filter(digest => digest !== 'folder').length;
  return check(
    `the applied tree equals the reference, ${files} files by SHA-256`,
    lines.length === 0,
    lines.slice(0, 10).join('\n'),
  );
}

/** The repaired image against the file that was published. */
export async function checkRepairedImage(packages) {
  const expected = await digestFile(OS_IMAGE.wim);
  const file = join(packages, ID.osImage, 'install.wim');
  const found = existsSync(file) ? await digestFile(file) : 'no file';
  return check('the repaired OS image has the digest of the published one', found === expected, found);
}

/** Bytes answered by content ID, from the access log: `GET /content/ID/version/files/... "bytes=a-b" 206 n`. Content are plain files and frames of packs. */
export function servedBytes(requests) {
  const served = new Map();
  for (const request of requests) {
    const match = /^\S+ \/content\/(\w+)\/[^/]+\/(\S+).* "[^"]*" (\d+) (\d+)$/.exec(request);
    if (match === null) continue;
    const [, id, name, status, bytes] = match;
    const isContent = name.startsWith('files/') || /^packs\/(full|from-.*)\.pack$/.test(name);
    const sum = served.get(id) ?? { requests: 0, content: 0, other: 0, bad: 0 };
    sum.requests += 1;
    // A point without a pack answers 404 and a page.
    if (/^20[06]$/.test(status)) sum[isContent ? 'content' : 'other'] += Number(bytes);
    else sum.bad += 1;
    served.set(id, sum);
  }
  return served;
}

/** Nothing was fetched that was present, and of the rest no more than was needed: by the server's own log. */
export function checkServed(requests, report) {
  const served = servedBytes(requests);
  const contentOf = id => served.get(id)?.content ?? 0;
  const present = [ID.inputDrivers, ID.nodeModules, ID.imageLibraries, ID.archiver];
  const asked = present.filter(id => served.has(id));
  const total = [...served.values()].reduce((sum, { content }) => sum + content, 0);
  const item = id => report.items.find(each => each.id === id);
  const MEBIBYTE = 1024 * 1024;
  return [
    check('nothing was asked of the server for items that are present', asked.length === 0, asked.join(', ')),
    check(
      'the damaged OS image took less than 1 MiB from the server',
      contentOf(ID.osImage) > 0 && contentOf(ID.osImage) < MEBIBYTE,
      `${contentOf(ID.osImage)} bytes`,
    ),
    check(
      'the damaged package took less than 1 MiB from the server',
      contentOf(ID.node) > 0 && contentOf(ID.node) < MEBIBYTE,
      `${contentOf(ID.node)} bytes`,
    ),
    check(
      'the missing driver package was fetched once, compressed',
      contentOf(ID.connectionDrivers) > 0 &&
        contentOf(ID.connectionDrivers) < (item(ID.connectionDrivers)?.totalBytes ?? 0),
      `${contentOf(ID.connectionDrivers)} bytes`,
    ),
    check(
      'the changed application was fetched, less what the old version had',
      contentOf(ID.esbuild) > 0 && contentOf(ID.esbuild) <= (item(ID.esbuild)?.totalBytes ?? 0),
      `${contentOf(ID.esbuild)} bytes`,
    ),
    check(
      'the report counts the bytes that the server sent',
      report.bytes.fetched === total,
      `report ${report.bytes.fetched}, server ${total}`,
    ),
  ];
}

/** The outcome of each item, as it was prepared. */
export function checkOutcomes(report) {
  const expected = {
    [ID.osImage]: 'damaged',
    [ID.inputDrivers]: 'present',
    [ID.connectionDrivers]: 'missing',
    [ID.node]: 'damaged',
    [ID.nodeModules]: 'present',
    [ID.imageLibraries]: 'present',
    [ID.archiver]: 'present',
    [ID.esbuild]: 'changed',
  };
  const wrong = Object.entries(expected).flatMap(([id, outcome]) => {
    const found = report.items.find(item => item.id === id)?.outcome ?? 'not in the report';
    return found === outcome ? [] : [`${id}: expected ${outcome}, found ${found}`];
  });
  return check('each item was found as it was prepared', wrong.length === 0, wrong.join('\n'));
}

/** Cache, journal and continuation are gone after the last step; the records are kept. */
export function checkCleanedUp(place) {
  const left = [
    '_SMSTaskSequence',
    'Windows/Panther/unattend.xml',
    'Windows/Setup/Scripts/SetupComplete.cmd',
  ].filter(path => existsSync(join(place.volume, path)));
  return check('the cache and everything armed are cleaned up', left.length === 0, left.join(', '));
}
