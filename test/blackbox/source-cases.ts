// Sites and distribution points that cannot be published: IDs, circles, names, links, images, rights, and whose point it is.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { layTree } from '../support/site-kit.ts';
import { type AuthoringCase, edit, PUBLISH } from './authoring-case.ts';

const FILES = 'site/content/CON00003/files';
const OS_FILES = 'site/content/CON00001/files';

type Case = Omit<AuthoringCase, 'from' | 'words'> & Partial<Pick<AuthoringCase, 'from' | 'words'>>;

const refused = (each: Case): AuthoringCase => ({ from: 'site', words: PUBLISH, ...each });

/** Packages that need each other: `{ A: 'BC' }` is one of ID CON0000A. */
function layPackages(place: string, needs: Readonly<Record<string, string>>): void {
  for (const [name, others] of Object.entries(needs))
    layTree(place, {
      [`site/content/${name}/content.yaml`]: {
        id: `CON0000${name}`,
        type: 'package',
        name,
        version: '1',
        source: 'files',
        dependencies: [...others].map(other => `CON0000${other}`),
      },
      [`site/content/${name}/files/a.txt`]: name,
    });
}

/** A file whose name is given as bytes: Linux has names that are no text. */
function layBytes(folder: string, name: Uint8Array): void {
  writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), name]), 'x');
}

const ids: readonly AuthoringCase[] = [
  refused({
    title: 'three items with one ID',
    lay: place => {
      for (const copy of ['b', 'c'])
        cpSync(path.join(place, 'site/content/CON00003'), path.join(place, `site/content/${copy}`), {
          recursive: true,
        });
    },
    fault: 'USAGE-04',
    subject: 'site',
    says: [
      'content/b/content.yaml:1:5 id: CON00003 is used twice, first at content/CON00003/content.yaml:1:5',
      'content/c/content.yaml:1:5 id: CON00003 is used twice, first at content/CON00003/content.yaml:1:5',
    ],
  }),
  refused({
    title: 'a deployment and an item of one ID',
    lay: place => edit(place, 'site/deployments.yaml', 'CON20001', 'CON00004'),
    fault: 'USAGE-04',
    subject: 'site',
    says: ['deployments.yaml:1:7 id: CON00004 is used twice, first at content/CON00004/content.yaml:1:5'],
  }),
  refused({
    title: 'an item that needs itself',
    lay: place => layPackages(place, { A: 'A' }),
    fault: 'USAGE-05',
    subject: 'site',
    says: [/content\/A\/content\.yaml:\d+:\d+ dependencies\[0\]: .*circle: CON0000A -> CON0000A$/m],
  }),
  refused({
    title: 'a circle of four items',
    lay: place => layPackages(place, { A: 'B', B: 'C', C: 'D', D: 'A' }),
    fault: 'USAGE-05',
    subject: 'site',
    says: [/circle: CON0000A -> CON0000B -> CON0000C -> CON0000D -> CON0000A$/m],
  }),
  refused({
    title: 'two circles apart, two through one item, and a way into one',
    lay: place => layPackages(place, { A: 'BC', B: 'A', C: 'A', D: 'E', E: 'D', F: 'A' }),
    fault: 'USAGE-05',
    subject: 'site',
    says: [
      /circle: CON0000A -> CON0000B -> CON0000A$/m,
      /circle: CON0000A -> CON0000C -> CON0000A$/m,
      /circle: CON0000D -> CON0000E -> CON0000D$/m,
    ],
  }),
];

const names: readonly AuthoringCase[] = [
  refused({
    title: 'names of every kind that Windows cannot store, all told',
    lay: place => {
      for (const name of [
        ...['trailing.', 'space ', 'CON', 'aux.txt', 'com1', 'LPT³.log', 'conout$', 'ab:c', 'q?', 's*'],
        ...['l<', 'g>', 'p|', '"', 'b\\s', 'tab\tx', 'line\nx', 'del\u007f'],
      ])
        writeFileSync(path.join(place, FILES, name), 'x');
      layTree(place, { [`${FILES}/NUL/x`]: 'x', [`${FILES}/Sub/x`]: 'x', [`${FILES}/sub/y`]: 'y' });
    },
    fault: 'USAGE-07',
    subject: 'CON00003',
    says: [
      'trailing. has a part that ends with a dot or a space',
      'space  has a part that ends with a dot or a space',
      'CON has the device name "CON"',
      'aux.txt has the device name "aux"',
      'com1 has the device name "com1"',
      'LPT³.log has the device name "LPT³"',
      'conout$ has the device name "conout$"',
      'ab:c names a stream (colon)',
      ...['q? has the character ?', 's* has the character *', 'l< has the character <'],
      ...['g> has the character >', 'p| has the character |', '" has the character "'],
      'b\\s has a backslash',
      ...['tab\\x09x has a control character', 'line\\x0ax has a control character'],
      'del\\x7f has a control character',
      'NUL/x has the device name "NUL"',
      'sub/y is in a folder that differs only by case from "Sub"',
    ],
  }),
  refused({
    title: 'a name that is no text',
    lay: place => layBytes(path.join(place, FILES), Buffer.from('J\xf6rg', 'latin1')),
    fault: 'USAGE-07',
    subject: FILES,
    says: ['found: a name that is not UTF-8'],
  }),
  refused({
    title: 'a folder whose name is no text',
    lay: place =>
      mkdirSync(Buffer.concat([Buffer.from(`${path.join(place, FILES)}/`), Buffer.from([0xff, 0xfe])])),
    fault: 'USAGE-07',
    subject: FILES,
    says: ['found: a name that is not UTF-8'],
  }),
  refused({
    title: 'a path longer than a manifest takes',
    lay: place => layTree(place, { [`${FILES}/${'folder-of-16-ch/'.repeat(64)}x`]: 'x' }),
    fault: 'USAGE-07',
    subject: 'CON00003',
    says: [/x has 1025 characters, more than 1024/],
  }),
  refused({
    title: 'folders in folders beyond the longest path',
    lay: place => layTree(place, { [`${FILES}/${`${'d'.repeat(200)}/`.repeat(8)}x`]: 'x' }),
    fault: 'USAGE-07',
    subject: FILES,
    says: [/d has \d+ characters, more than 1024/],
  }),
];

const things: readonly AuthoringCase[] = [
  refused({
    title: 'a link that leads nowhere among the files',
    lay: place => symlinkSync('nowhere', path.join(place, FILES, 'link')),
    fault: 'USAGE-08',
    subject: `${FILES}/link`,
    says: ['expected: a plain file', 'found: a link'],
  }),
  refused({
    title: 'a link out of the source',
    lay: place => symlinkSync('/etc', path.join(place, FILES, 'link')),
    fault: 'USAGE-08',
    subject: `${FILES}/link`,
    says: ['found: a link'],
  }),
  refused({
    title: 'a pipe among the files',
    lay: place => void execFileSync('mkfifo', [path.join(place, FILES, 'pipe')]),
    fault: 'USAGE-08',
    subject: `${FILES}/pipe`,
    says: ['found: a device or pipe'],
  }),
  refused({
    title: 'a source that is a file',
    lay: place => {
      layTree(place, { [FILES]: undefined });
      layTree(place, { [FILES]: 'x' });
    },
    fault: 'USAGE-05',
    subject: 'site',
    says: [/content\/CON00003\/content\.yaml:\d+:\d+ source: no folder at /],
  }),
  refused({
    title: 'a file that may not be read',
    asNobody: true,
    lay: place => chmodSync(path.join(place, FILES, 'run.cmd'), 0),
    fault: 'USAGE-08',
    subject: `${FILES}/run.cmd`,
    says: [/because: .*EACCES/],
    late: true,
  }),
  refused({
    title: 'a folder that may not be listed',
    asNobody: true,
    lay: place => mkdirSync(path.join(place, FILES, 'closed'), { mode: 0 }),
    fault: 'USAGE-08',
    subject: `${FILES}/closed`,
    says: [/because: .*EACCES/],
  }),
  refused({
    title: 'a document that may not be read',
    asNobody: true,
    lay: place => chmodSync(path.join(place, 'site/content/CON00003/content.yaml'), 0),
    fault: 'USAGE-08',
    subject: 'site',
    says: ['content/CON00003/content.yaml'],
  }),
  refused({
    title: 'a key that may not be read',
    asNobody: true,
    lay: place => chmodSync(path.join(place, 'site/keys/policy.pem'), 0),
    fault: 'USAGE-11',
    subject: 'site/keys/policy.pem',
  }),
];

const images: readonly AuthoringCase[] = [
  refused({
    title: 'an OS image item without an image',
    lay: place => rmSync(path.join(place, OS_FILES, 'install.wim')),
    fault: 'USAGE-08',
    subject: OS_FILES,
    says: ['expected: one .wim file for CON00001'],
  }),
  refused({
    title: 'an OS image item with two images',
    lay: (place, kit) => copyFileSync(kit.wim, path.join(place, OS_FILES, 'other.wim')),
    fault: 'USAGE-08',
    subject: OS_FILES,
    says: ['install.wim', 'other.wim'],
  }),
  refused({
    title: 'an OS image as .esd',
    lay: place =>
      renameSync(path.join(place, OS_FILES, 'install.wim'), path.join(place, OS_FILES, 'install.esd')),
    fault: 'USAGE-08',
    subject: OS_FILES,
    says: ['an .esd or the parts of a split WIM (.swm) are exported to one first', 'install.esd'],
  }),
  refused({
    title: 'a solid WIM under the name of another',
    lay: (place, kit) => copyFileSync(kit.solid, path.join(place, OS_FILES, 'install.wim')),
    exitCode: 60,
    fault: 'IMAGE-01',
    subject: 'install.wim',
    says: ['found: a solid WIM'],
  }),
  refused({
    title: 'one part of a split WIM',
    lay: (place, kit) => copyFileSync(kit.split, path.join(place, OS_FILES, 'install.wim')),
    exitCode: 60,
    fault: 'IMAGE-01',
    subject: 'install.wim',
    says: [/found: part 1 of \d of a split WIM/],
  }),
  refused({
    title: 'a boot image that is cut short',
    lay: place => {
      const file = path.join(place, 'site/content/CON00005/files/sources/boot.wim');
      truncateSync(file, readFileSync(file).length - 100);
    },
    exitCode: 60,
    fault: 'IMAGE-02',
    subject: 'boot.wim',
  }),
  refused({
    title: 'an image index beyond the WIM, in a task sequence and in a media',
    lay: place => {
      edit(place, 'site/task-sequences/CON00020.yaml', 'index: 1', 'index: 7');
      edit(place, 'site/media/depot.yaml', 'createdBy:', 'osImage: {id: CON00001, index: 8}\ncreatedBy:');
    },
    fault: 'USAGE-05',
    subject: 'site',
    says: [
      /task-sequences\/CON00020\.yaml:\d+:\d+ osImage\.index: expected 1 to 1, .*1 \(Windows\); found 7/,
      /media\/depot\.yaml:\d+:\d+ osImage\.index: expected 1 to 1, .*1 \(Windows\); found 8/,
    ],
  }),
  refused({
    title: 'a boot image with a file of 4 GiB, which no FAT32 holds',
    lay: place => {
      const file = path.join(place, 'site/content/CON00005/files/drivers.cab');
      writeFileSync(file, '');
      truncateSync(file, 2 ** 32);
    },
    exitCode: 50,
    fault: 'DISK-07',
    subject: 'CON00005 drivers.cab',
    says: ['expected: at most 4294967295 bytes', 'found: 4294967296 bytes'],
  }),
];

/** Another site beside, complete with keys, whose IDs begin with `code`. */
function layOther(place: string, code: string): void {
  cpSync(path.join(place, 'site'), path.join(place, 'other'), { recursive: true });
  rmSync(path.join(place, 'other/.prestage'), { recursive: true, force: true });
  if (code === 'CON') return;
  for (const file of [
    ...['site.yaml', 'deployments.yaml', 'media/depot.yaml', 'task-sequences/CON00020.yaml'],
    ...[1, 2, 3, 4, 5].map(at => `content/CON0000${at}/content.yaml`),
  ]) {
    const text = readFileSync(path.join(place, 'other', file), 'utf8');
    writeFileSync(path.join(place, 'other', file), text.replaceAll('CON', code));
  }
  renameSync(
    path.join(place, 'other/task-sequences/CON00020.yaml'),
    path.join(place, `other/task-sequences/${code}00020.yaml`),
  );
}

/** The good site has a second pair of each key for this. */
function exchangeKeys(place: string, folder: string): void {
  for (const end of ['pem', 'pub'])
    renameSync(
      path.join(place, folder, `keys/stranger.${end}`),
      path.join(place, folder, `keys/policy.${end}`),
    );
}

const points: readonly AuthoringCase[] = [
  refused({
    title: 'a distribution point of a site with another code',
    from: 'published',
    lay: place => layOther(place, 'XYZ'),
    words: ['publish', 'other', '--to', 'point'],
    fault: 'USAGE-18',
    subject: 'point',
    says: ['expected: site XYZ', 'found: site CON'],
  }),
  refused({
    title: 'a distribution point of a site with the same code and other keys',
    from: 'published',
    lay: place => {
      layOther(place, 'CON');
      exchangeKeys(place, 'other');
    },
    words: ['publish', 'other', '--to', 'point'],
    fault: 'USAGE-18',
    subject: 'point',
    says: [/expected: policy signed by a key of this site: /, /found: signed by key [0-9a-f]{16}/],
  }),
  refused({
    title: 'a distribution point of another site, to be pruned',
    from: 'published',
    lay: place => layOther(place, 'XYZ'),
    words: ['publish', 'other', '--to', 'point', '--prune', '--yes'],
    fault: 'USAGE-18',
    subject: 'point',
  }),
  refused({
    title: 'a distribution point that is a link to nowhere',
    lay: place => symlinkSync('nowhere', path.join(place, 'point')),
    fault: 'USAGE-09',
    subject: 'point',
    says: ['found: a link that leads nowhere'],
  }),
  refused({
    title: 'a distribution point in a source',
    lay: () => {},
    words: ['publish', 'site', '--to', `${FILES}/point`],
    fault: 'USAGE-09',
    subject: `${FILES}/point`,
    says: ['expected: a folder apart from every source', /found: the source of CON00003 at /],
  }),
  refused({
    title: 'a distribution point in a source, by way of a link',
    lay: place => symlinkSync(path.join(place, FILES), path.join(place, 'link')),
    words: ['publish', 'site', '--to', 'link/point'],
    fault: 'USAGE-09',
    subject: 'link/point',
    says: [/found: the source of CON00003 at /],
  }),
  refused({
    title: 'a distribution point that may not be written',
    asNobody: true,
    lay: place => mkdirSync(path.join(place, 'point'), { mode: 0o555 }),
    exitCode: 50,
    fault: 'DISK-02',
    subject: 'point',
    says: ['native: EACCES'],
  }),
  refused({
    title: 'a published item that may not be written beside, in a new version',
    from: 'published',
    asNobody: true,
    lay: place => {
      edit(place, 'site/content/CON00003/content.yaml', '"7"', '"8"');
      edit(place, 'site/content/CON00002/content.yaml', '"1.0"', '"1.1"');
      chmodSync(path.join(place, 'point/content/CON00003'), 0o555);
    },
    exitCode: 50,
    fault: 'DISK-02',
    subject: 'point/content/CON00003',
    says: ['native: EACCES'],
  }),
];

const keys: readonly AuthoringCase[] = [
  refused({
    title: 'a public key that is not the half of the private one',
    lay: place =>
      copyFileSync(path.join(place, 'site/keys/media.pub'), path.join(place, 'site/keys/policy.pub')),
    fault: 'USAGE-11',
    subject: 'site/keys/policy.pub',
    says: [/expected: the public half of policy\.pem, key [0-9a-f]{16}/, 'found: another key'],
  }),
  refused({
    title: 'a key file that is a folder',
    lay: place => {
      rmSync(path.join(place, 'site/keys/policy.pem'));
      mkdirSync(path.join(place, 'site/keys/policy.pem'));
    },
    fault: 'USAGE-11',
    subject: 'site/keys/policy.pem',
  }),
];

export const SOURCE_CASES: readonly AuthoringCase[] = [
  ...ids,
  ...names,
  ...things,
  ...images,
  ...points,
  ...keys,
];
