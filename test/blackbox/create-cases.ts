// Media that cannot be made, and media files that must not be applied.
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { createMedia } from '../../agent/author/create-media.ts';
import { publish } from '../../agent/author/publish.ts';
import { openImaging } from '../../agent/machine/open-imaging.ts';
import { authorKit, layTree } from '../support/site-kit.ts';
import { windowsProgram } from '../support/windows-program.ts';
import { APPLY, type AuthoringCase, add, CREATE, edit, PUBLISH } from './authoring-case.ts';
import { runPrestage } from './run-prestage.ts';

type Case = Omit<AuthoringCase, 'from' | 'words'> & Partial<Pick<AuthoringCase, 'from' | 'words'>>;

const notMade = (each: Case): AuthoringCase => ({ from: 'published', words: CREATE, ...each });
const notApplied = (each: Case): AuthoringCase => ({
  from: 'media',
  words: [...APPLY, '--to', 'disk'],
  ...each,
});

const ITEM = 'point/content/CON00003/7';

/** What a run of another day made. */
async function good(place: string, words: readonly string[]): Promise<void> {
  const { code, stderr } = await runPrestage(words, { cwd: place });
  if (code !== 0) throw new Error(stderr);
}

/** As a depot does with its own tools, which look at no dates. */
function applyByHand(place: string): void {
  for (const [at, part] of ['esp', 'windows'].entries()) {
    const volume = path.join(place, 'disk/volumes', part);
    mkdirSync(volume, { recursive: true });
    execFileSync('wimlib-imagex', ['apply', path.join(place, 'new/depot.wim'), String(at + 1), volume]);
  }
}

/** Publishes as if it were another day, for a site that was never published. */
async function publishOn(place: string, day: string): Promise<void> {
  rmSync(path.join(place, 'point'), { recursive: true });
  rmSync(path.join(place, 'site/.prestage'), { recursive: true });
  await publish({ site: path.join(place, 'site'), point: path.join(place, 'point') }, authorKit(day));
}

const created: readonly AuthoringCase[] = [
  notMade({
    title: 'an image index that the site’s WIM has and the published one has not',
    lay: (place, kit) => {
      copyFileSync(kit.twoImages, path.join(place, 'site/content/CON00001/files/install.wim'));
      edit(place, 'site/content/CON00001/content.yaml', '"1"', '"2"');
      add(place, 'site/media/depot.yaml', 'osImage: {id: CON00001, index: 2}');
    },
    exitCode: 60,
    fault: 'IMAGE-03',
    subject: 'CON00001 install.wim',
    says: ['1 Windows', 'found: 2'],
  }),
  notMade({
    title: 'a boot image for another processor than the OS image',
    lay: async (place, kit) => {
      copyFileSync(kit.armWim, path.join(place, 'site/content/CON00005/files/sources/boot.wim'));
      edit(place, 'site/content/CON00005/content.yaml', '"10"', '"11"');
      await good(place, PUBLISH);
    },
    exitCode: 60,
    fault: 'IMAGE-09',
    subject: 'boot image CON00005',
    says: ['expected: x64, as OS image CON00001', 'found: arm64'],
  }),
  notMade({
    title: 'an agent for another processor than the images',
    lay: place => writeFileSync(path.join(place, 'agent.exe'), windowsProgram('arm64')),
    words: [...CREATE, '--agent', 'agent.exe'],
    exitCode: 60,
    fault: 'IMAGE-09',
    subject: 'agent.exe',
    says: ['expected: x64, as OS image CON00001', 'found: arm64'],
  }),
  notMade({
    title: 'an agent that is not there',
    lay: place => add(place, 'site/media/depot.yaml', 'agent: nowhere/prestage.exe'),
    fault: 'USAGE-08',
    subject: 'site/nowhere/prestage.exe',
    says: ['expected: a file', 'found: none'],
  }),
  notMade({
    title: 'an agent that is a folder',
    lay: () => {},
    words: [...CREATE, '--agent', 'site'],
    fault: 'USAGE-08',
    subject: 'site',
    says: ['expected: a file'],
  }),
  notMade({
    title: 'an agent that only has the name of a program',
    lay: place => writeFileSync(path.join(place, 'agent.exe'), 'hello'),
    words: [...CREATE, '--agent', 'agent.exe'],
    fault: 'USAGE-08',
    subject: 'agent.exe',
    says: ['expected: a Windows program', 'found: no PE file'],
  }),
  notMade({
    title: 'an item that is not published',
    lay: place => {
      cpSync(path.join(place, 'site/content/CON00003'), path.join(place, 'site/content/new'), {
        recursive: true,
      });
      edit(place, 'site/content/new/content.yaml', 'CON00003', 'CON00009');
      edit(place, 'site/content/CON00002/content.yaml', 'CON00003', 'CON00009');
    },
    fault: 'USAGE-05',
    subject: 'depot',
    says: ['expected: content that is published', 'CON00009'],
  }),
  notMade({
    title: 'a media whose last day is over',
    lay: place =>
      add(
        place,
        'site/media/depot.yaml',
        'validFrom: 2020-01-01T00:00:00Z\nvalidUntil: 2020-02-01T00:00:00Z',
      ),
    exitCode: 20,
    fault: 'TRUST-03',
    subject: 'depot',
    says: ['expected: until 2020-02-01T00:00:00Z', /found: the clock says 20\d\d-/],
  }),
  notMade({
    title: 'a policy that expired',
    lay: place => publishOn(place, '2020-01-01T00:00:00.000Z'),
    exitCode: 20,
    fault: 'TRUST-05',
    subject: 'policy.json',
    says: ['2020-'],
  }),
  notMade({
    title: 'a clock before the making of the policy',
    lay: place => publishOn(place, '2097-01-01T00:00:00.000Z'),
    exitCode: 20,
    fault: 'TRUST-04',
    subject: 'depot',
    says: ['expected: from 2097-01-01T00:00:00Z', /found: the clock says 20\d\d-/],
  }),
  notMade({
    title: 'a distribution point of a site with another code',
    lay: place => {
      edit(place, 'point/policy/current.json', '"serial":', '"serial": ');
      for (const file of [
        ...['site.yaml', 'deployments.yaml', 'media/depot.yaml', 'task-sequences/CON00020.yaml'],
        ...[1, 2, 3, 4, 5].map(at => `content/CON0000${at}/content.yaml`),
      ])
        edit(place, `site/${file}`, 'CON', 'XYZ');
      renameSync(
        path.join(place, 'site/task-sequences/CON00020.yaml'),
        path.join(place, 'site/task-sequences/XYZ00020.yaml'),
      );
    },
    exitCode: 20,
    fault: 'TRUST-11',
    subject: 'policy.json',
    says: ['expected: XYZ', 'found: CON'],
  }),
  notMade({
    title: 'a policy that another key signed',
    lay: place => {
      for (const end of ['pem', 'pub'])
        renameSync(
          path.join(place, `site/keys/stranger.${end}`),
          path.join(place, `site/keys/policy.${end}`),
        );
    },
    exitCode: 20,
    fault: 'TRUST-02',
    subject: 'policy.json',
    says: [/expected: a signature by key [0-9a-f]{16}/],
  }),
  notMade({
    title: 'a media key that is not there',
    lay: place => rmSync(path.join(place, 'site/keys/media.pem')),
    fault: 'USAGE-11',
    subject: 'site/keys/media.pem',
  }),
  notMade({
    title: 'a file that was changed on the distribution point',
    lay: place => appendFileSync(path.join(place, ITEM, 'files/run.cmd'), 'x'),
    exitCode: 30,
    fault: 'CONTENT-08',
    subject: `${ITEM}/files/run.cmd`,
    says: [/expected: [0-9a-f]{64}/, /found: [0-9a-f]{64}/],
    late: true,
  }),
  notMade({
    title: 'a file that is gone from the distribution point',
    lay: place => rmSync(path.join(place, ITEM, 'files/empty.txt')),
    exitCode: 30,
    fault: 'CONTENT-08',
    subject: `${ITEM}/files/empty.txt`,
    late: true,
  }),
  notMade({
    title: 'a manifest that is gone from the distribution point',
    lay: place => rmSync(path.join(place, ITEM, 'manifest.json')),
    exitCode: 30,
    fault: 'CONTENT-08',
    subject: `${ITEM}/manifest.json`,
    says: ['expected: the manifest'],
    late: true,
  }),
  notMade({
    title: 'a file on the distribution point that may not be read',
    asNobody: true,
    lay: place => chmodSync(path.join(place, ITEM, 'files/run.cmd'), 0),
    exitCode: 30,
    fault: 'CONTENT-08',
    subject: `${ITEM}/files/run.cmd`,
    late: true,
  }),
  notMade({
    title: 'media written into the distribution point, where everybody could fetch it',
    lay: () => {},
    words: ['media', 'create', 'site', 'depot', '--from', 'point', '--to', 'point/depot.wim'],
    fault: 'USAGE-09',
    subject: 'point/depot.wim',
    says: [/found: the distribution point at /],
  }),
  notMade({
    title: 'media written into a source',
    lay: () => {},
    words: [
      'media',
      'create',
      'site',
      'depot',
      '--from',
      'point',
      '--to',
      'site/content/CON00003/files/d.wim',
    ],
    fault: 'USAGE-09',
    subject: 'site/content/CON00003/files/d.wim',
    says: [/found: the source of CON00003 at /],
  }),
  notMade({
    title: 'a media file that is there',
    lay: place => layTree(place, { 'new/depot.wim': 'precious' }),
    fault: 'USAGE-09',
    subject: 'new/depot.wim',
    says: ['expected: no file of this name, or --replace'],
  }),
  notMade({
    title: 'a media file that is a folder',
    lay: place => void mkdirSync(path.join(place, 'new/depot.wim'), { recursive: true }),
    words: [...CREATE, '--replace'],
    fault: 'USAGE-09',
    subject: 'new/depot.wim',
    says: ['found: a folder'],
  }),
  notMade({
    title: 'a folder for media that may not be written',
    asNobody: true,
    lay: place => mkdirSync(path.join(place, 'new'), { mode: 0o555 }),
    exitCode: 50,
    fault: 'DISK-02',
    subject: 'new',
    says: ['native: EACCES'],
  }),
  notMade({
    title: 'a media document under a name with a space',
    lay: place =>
      copyFileSync(path.join(place, 'site/media/depot.yaml'), path.join(place, 'site/media/de pot.yaml')),
    words: ['media', 'create', 'site', 'de pot', '--from', 'point', '--to', 'new/depot.wim'],
    fault: 'USAGE-02',
    subject: 'site',
    says: ['media/de pot.yaml: expected a name of letters, digits, dot, dash, underscore'],
  }),
  notMade({
    title: 'a media name that leads elsewhere',
    lay: () => {},
    words: ['media', 'create', 'site', '../depot', '--from', 'point', '--to', 'new/depot.wim'],
    fault: 'USAGE-05',
    subject: '../depot',
    says: ['expected: one of depot'],
  }),
];

const applied: readonly AuthoringCase[] = [
  notApplied({
    title: 'a media file without its sidecar',
    lay: place => rmSync(path.join(place, 'out/depot.wim.json')),
    exitCode: 20,
    fault: 'TRUST-01',
    subject: 'out/depot.wim',
    says: ['expected: depot.wim.json and its signature beside the file'],
  }),
  notApplied({
    title: 'a media file under another name than its sidecar',
    lay: place => renameSync(path.join(place, 'out/depot.wim'), path.join(place, 'out/other.wim')),
    words: ['media', 'apply', 'out/other.wim', '--key', 'site/keys/media.pub', '--yes', '--to', 'disk'],
    exitCode: 20,
    fault: 'TRUST-01',
    subject: 'out/other.wim',
  }),
  notApplied({
    title: 'a media file that is cut short',
    lay: place => {
      const wim = path.join(place, 'out/depot.wim');
      truncateSync(wim, readFileSync(wim).length - 100);
    },
    exitCode: 30,
    fault: 'CONTENT-06',
    subject: 'out/depot.wim',
    says: [/expected: \d+ bytes/, /found: \d+ bytes/, 'copy it again'],
  }),
  ...[
    { into: 'a folder', words: ['--to', 'disk'] },
    { into: 'a disk image', words: ['--disk-image', 'disk.img', '--size', '3G'] },
  ].map(({ into, words }) =>
    notApplied({
      title: `a media file with one other byte, into ${into}`,
      lay: place => {
        const wim = path.join(place, 'out/depot.wim');
        const bytes = readFileSync(wim);
        bytes.writeUInt8(bytes.readUInt8(300_000) ^ 1, 300_000);
        writeFileSync(wim, bytes);
      },
      words: [...APPLY, ...words],
      exitCode: 30,
      fault: 'CONTENT-06',
      subject: 'out/depot.wim',
      says: [/expected: [0-9a-f]{64}/, /found: [0-9a-f]{64}/],
    }),
  ),
  notApplied({
    title: 'a media file that another key signed',
    lay: () => {},
    words: ['media', 'apply', 'out/depot.wim', '--key', 'site/keys/policy.pub', '--yes', '--to', 'disk'],
    exitCode: 20,
    fault: 'TRUST-02',
    subject: 'depot.wim.json',
  }),
  ...[
    { what: 'applied to a folder', words: ['apply', 'new/depot.wim', '--yes', '--to', 'disk'] },
    {
      what: 'applied to a disk image',
      words: ['apply', 'new/depot.wim', '--yes', '--disk-image', 'disk.img', '--size', '3G'],
    },
    { what: 'proven on the disk', words: ['verify', 'disk'] },
  ].map(({ what, words }) =>
    notApplied({
      title: `media before its first day, ${what}`,
      lay: async place => {
        add(place, 'site/media/depot.yaml', 'validFrom: 2098-01-01T00:00:00Z');
        await good(place, CREATE);
        // What an applied disk has of it.
        if (words[0] === 'verify') applyByHand(place);
      },
      words: ['media', ...words, '--key', 'site/keys/media.pub'],
      exitCode: 20,
      fault: 'TRUST-04',
      subject: 'depot',
      says: ['expected: from 2098-01-01T00:00:00Z', /found: the clock says 20\d\d-/],
    }),
  ),
  notApplied({
    title: 'media past its last day',
    lay: async place => {
      add(place, 'site/media/depot.yaml', 'validDays: 1');
      await publishOn(place, '2020-01-01T00:00:00.000Z');
      await createMedia(
        {
          site: path.join(place, 'site'),
          name: 'depot',
          from: path.join(place, 'point'),
          to: path.join(place, 'new/depot.wim'),
        },
        {
          ...authorKit('2020-01-01T00:00:00.000Z'),
          imaging: await openImaging({ system: 'linux' }),
          newId: () => '0e6f3a51-9f0c-4d4e-8f5a-2f7d3c1b9a10',
        },
      );
    },
    words: ['media', 'apply', 'new/depot.wim', '--yes', '--to', 'disk', '--key', 'site/keys/media.pub'],
    exitCode: 20,
    fault: 'TRUST-03',
    subject: 'depot',
    says: ['expected: until 2020-01-02T00:00:00Z'],
  }),
  notApplied({
    title: 'a disk smaller than the media',
    lay: () => {},
    words: [...APPLY, '--disk-image', 'disk.img', '--size', '100M'],
    exitCode: 50,
    fault: 'DISK-08',
    subject: 'disk.img',
    says: [/needed bytes: \d+/, 'found: 104857600'],
  }),
  notApplied({
    title: 'an ESP smaller than its files',
    lay: () => {},
    words: [...APPLY, '--disk-image', 'disk.img', '--size', '3G', '--esp-size', '1M'],
    exitCode: 50,
    fault: 'DISK-08',
    subject: 'disk.img',
  }),
  notApplied({
    title: 'a disk image that is there',
    lay: place => writeFileSync(path.join(place, 'disk.img'), 'precious'),
    words: [...APPLY, '--disk-image', 'disk.img', '--size', '3G'],
    fault: 'USAGE-09',
    subject: 'disk.img',
    says: ['expected: no file of this name, or --replace'],
  }),
  notApplied({
    title: 'a disk with something on it',
    lay: place => layTree(place, { 'disk/volumes/windows/precious.txt': 'precious' }),
    fault: 'USAGE-09',
    subject: 'disk/volumes/windows',
    says: ['expected: an empty volume', 'precious.txt'],
  }),
  notApplied({
    title: 'a disk that was not confirmed',
    lay: () => {},
    words: ['media', 'apply', 'out/depot.wim', '--key', 'site/keys/media.pub', '--to', 'disk'],
    fault: 'USAGE-12',
    subject: 'disk/volumes/windows',
    says: ['disk/volumes/esp'],
  }),
];

export const CREATE_CASES: readonly AuthoringCase[] = [...created, ...applied];
