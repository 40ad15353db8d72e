// Distribution points of other kinds than a web server of this site's own, good ones and bad ones, before or in place of the sound one.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Verdict } from './judge.ts';

export interface Point {
  readonly url: string;
  readonly priority: number;
  readonly template?: string;
}

/** What a case can name: the sound point as published in a folder and behind its server, and packages behind a stand-in of IIS. */
export interface Surroundings {
  /** Of the case alone. */
  readonly folder: string;
  readonly published: string;
  readonly server: string;
  readonly iis: string;
  readonly packages: Map<string, Uint8Array>;
}

export interface PointCase {
  readonly title: string;
  /** Lays what the points need and tells them, as the media names them. */
  points(around: Surroundings): readonly Point[];
  /** How the run ends; well when left out. */
  readonly refused?: Omit<Verdict, 'exitCode'> & { readonly exitCode: number };
  /** Files of content that the sound server is asked for: none of them, or what only it can give. */
  readonly fromServer?: 'nothing' | RegExp;
}

const CHANGED = 'content/CON00002/1.1';
const TEMPLATE = 'SMS_DP_SMSPKG$/{id}/{path}';

/** Packages as Configuration Manager distributes them: the files of each item's newest version by ID. */
function distribute({ published, packages }: Surroundings, bend: (bytes: Buffer) => Buffer = same => same) {
  packages.clear();
  for (const id of readdirSync(path.join(published, 'content')))
    for (const version of readdirSync(path.join(published, 'content', id)).toSorted()) {
      const files = path.join(published, 'content', id, version, 'files');
      for (const name of readdirSync(files, { recursive: true, encoding: 'utf8', withFileTypes: true }))
        if (name.isFile()) {
          const file = path.join(name.parentPath, name.name);
          packages.set(`${id}/${path.relative(files, file)}`, bend(readFileSync(file)));
        }
    }
}

const copyOf = ({ folder, published }: Surroundings): string => {
  cpSync(published, path.join(folder, 'copy'), { recursive: true });
  return path.join(folder, 'copy');
};

/** A folder whose file hangs who reads it, as a share does whose server has gone. */
function hanging(around: Surroundings): string {
  const point = copyOf(around);
  // In packs it would be had without that file.
  for (const name of readdirSync(path.join(point, CHANGED)))
    if (name.startsWith('pack')) rmSync(path.join(point, CHANGED, name), { recursive: true });
  const file = path.join(point, CHANGED, 'files/setup.exe');
  rmSync(file);
  execFileSync('mkfifo', [file]);
  return point;
}

export const POINT_CASES: readonly PointCase[] = [
  {
    title: 'packages on a point of Configuration Manager, with manifests from the own one',
    points(around) {
      distribute(around);
      return [
        { url: around.iis, priority: 1, template: TEMPLATE },
        { url: around.server, priority: 2 },
      ];
    },
    fromServer: 'nothing',
  },
  {
    title: 'a point of Configuration Manager that has another version of each package',
    points(around) {
      distribute(around, bytes => Buffer.concat([bytes, Buffer.from('newer')]));
      return [
        { url: around.iis, priority: 1, template: TEMPLATE },
        { url: around.server, priority: 2 },
      ];
    },
    fromServer: /./,
  },
  {
    title: 'a file: address, as of a stick',
    points: around => [
      { url: `${pathToFileURL(copyOf(around))}`, priority: 1 },
      { url: around.server, priority: 2 },
    ],
    fromServer: 'nothing',
  },
  {
    title: 'a share that hangs, and the sound one after it',
    points: around => [
      { url: hanging(around), priority: 1 },
      { url: around.server, priority: 2 },
    ],
    fromServer: /CON00002\/1\.1\/files\//,
  },
  {
    title: 'nothing but a share that hangs',
    points: around => [{ url: hanging(around), priority: 1 }],
    refused: {
      exitCode: 30,
      fault: 'CONTENT-01',
      subject: 'CON00002',
      says: [/copy: NET-05 .*setup\.exe/],
    },
    fromServer: 'nothing',
  },
  {
    title: 'nothing but a share that is not there',
    points: ({ folder }) => [{ url: path.join(folder, 'nowhere'), priority: 1 }],
    refused: { exitCode: 30, fault: 'CONTENT-01', subject: 'CON00002', says: [/nowhere: NET-01 /] },
    fromServer: 'nothing',
  },
  {
    title: 'nothing but a point of Configuration Manager, which has no manifests',
    points(around) {
      distribute(around);
      return [{ url: around.iis, priority: 1, template: TEMPLATE }];
    },
    refused: {
      exitCode: 30,
      fault: 'CONTENT-01',
      subject: 'CON00002',
      says: [/\{path\}: NET-02 /],
    },
    fromServer: 'nothing',
  },
  {
    title: 'the content of another site under the same IDs',
    points(around) {
      const other = copyOf(around);
      const manifest = path.join(other, CHANGED, 'manifest.json');
      writeFileSync(manifest, readFileSync(manifest, 'utf8').replace('"Editor"', '"Aditor"'));
      return [{ url: other, priority: 1 }];
    },
    refused: {
      exitCode: 20,
      fault: 'TRUST-07',
      subject: 'CON00002',
      says: [/expected: [0-9a-f]{64}/, /found: [0-9a-f]{64}/],
    },
    fromServer: 'nothing',
  },
  {
    title: 'the content of another site, and the sound one after it',
    points(around) {
      const other = copyOf(around);
      for (const id of readdirSync(path.join(other, 'content')))
        for (const version of readdirSync(path.join(other, 'content', id))) {
          const manifest = path.join(other, 'content', id, version, 'manifest.json');
          writeFileSync(manifest, readFileSync(manifest, 'utf8').replace('"name":"', '"name":"X'));
        }
      return [
        { url: other, priority: 1 },
        { url: around.server, priority: 2 },
      ];
    },
  },
  {
    title: 'a chunk index that contradicts its manifest',
    points(around) {
      const point = copyOf(around);
      const indexes = path.join(point, CHANGED, 'chunks');
      for (const name of readdirSync(indexes)) {
        const bytes = readFileSync(path.join(indexes, name));
        bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
        writeFileSync(path.join(indexes, name), bytes);
      }
      return [{ url: point, priority: 1 }];
    },
    refused: { exitCode: 30, fault: 'CONTENT-01', subject: 'CON00002', says: [/copy: TRUST-12 /] },
    fromServer: 'nothing',
  },
  {
    title: 'a manifest that is longer than the policy says',
    points(around) {
      const point = copyOf(around);
      const manifest = path.join(point, CHANGED, 'manifest.json');
      writeFileSync(manifest, Buffer.concat([readFileSync(manifest), Buffer.alloc(1_000_000, ' ')]));
      return [{ url: point, priority: 1 }];
    },
    refused: {
      exitCode: 20,
      fault: 'TRUST-08',
      subject: 'manifest.json',
      says: [/expected: at most \d+ bytes/],
    },
    fromServer: 'nothing',
  },
  {
    title: 'a file in the place of the point',
    points({ folder }) {
      mkdirSync(path.join(folder, 'x'));
      writeFileSync(path.join(folder, 'x/point'), 'no folder');
      return [{ url: path.join(folder, 'x/point'), priority: 1 }];
    },
    refused: { exitCode: 30, fault: 'CONTENT-01', subject: 'CON00002', says: [/point: NET-01 /] },
    fromServer: 'nothing',
  },
];
