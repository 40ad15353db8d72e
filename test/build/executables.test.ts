// What the build made: executables that say who they are and carry no signature that is not theirs.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { NtExecutable, NtExecutableResource, Resource } from 'resedit';
import { expect, test } from 'vitest';
import { at, BUILD } from '../../scripts/setup/place.mjs';
import { run } from '../../scripts/setup/program.mjs';

const { version } = JSON.parse(readFileSync(at('package.json'), 'utf8'));
const exe = readFileSync(join(BUILD, 'prestage.exe'));

test('the Linux executable names its version', async () => {
  expect(await run(join(BUILD, 'prestage'), ['--version'])).toContain(version);
});

test('the Windows executable’s properties name Prestage and its version', () => {
  const resources = NtExecutableResource.from(NtExecutable.from(exe));
  const [information] = Resource.VersionInfo.fromEntries(resources.entries);
  const texts = information?.getStringValues({ lang: 1033, codepage: 1200 });
  expect(texts).toMatchObject({
    ProductName: 'Prestage',
    OriginalFilename: 'prestage.exe',
    ProductVersion: expect.stringContaining(version),
  });
});

test('the Windows executable has no certificate table: that of node.exe would be invalid', () => {
  const certificateTable = 4; // PE Format, optional header data directories
  const directories = exe.readUInt32LE(0x3c) + 24 + 112;
  expect(exe.readBigUInt64LE(directories + certificateTable * 8)).toBe(0n);
});

test('the list of imports lies beside the executables', () => {
  const imports = JSON.parse(readFileSync(join(BUILD, 'imports.json'), 'utf8'));
  expect(imports['node.exe'].dlls).toContain('kernel32.dll');
});
