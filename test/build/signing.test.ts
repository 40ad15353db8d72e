// docs/signing.md: its commands for Linux work as they stand, what they sign is believed as it is, and in no other state.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { requireSignedAddon } from '../../scripts/build/signed-addon.mjs';
import { at, NODE, windowsPart } from '../../scripts/setup/place.mjs';
import { assetIn, seaBlobOf } from '../support/executable-parts.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { PRESTAGE_EXE, wineForTest } from '../support/wine.ts';

/** Stands for the checkout: what the commands make under out/ does not come into ours. */
const folder = tempFolder('signing');
const ADDON = windowsPart('@yuuang/ffi-rs-win32-x64-msvc/ffi-rs.win32-x64-msvc.node');
const signed = (...names: readonly string[]) => path.join(folder, 'out/signing', ...names);

beforeAll(() => {
  mkdirSync(path.join(folder, 'out/build'), { recursive: true });
  copyFileSync(PRESTAGE_EXE, path.join(folder, 'out/build/prestage.exe'));
  mkdirSync(path.join(folder, 'scripts'));
  symlinkSync(at('scripts/windows'), path.join(folder, 'scripts/windows'));
  const words = `[${JSON.stringify(at('scripts/build.mjs'))}, ...process.argv.slice(2)]`;
  writeFileSync(
    path.join(folder, 'scripts/build.mjs'),
    `import { spawnSync } from 'node:child_process';
     process.exitCode = spawnSync(process.execPath, ${words}, { stdio: 'inherit' }).status;`,
  );
  const page = readFileSync(at('docs/signing.md'), 'utf8');
  const commands = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block).join('\n');
  const { status, stdout, stderr } = spawnSync('sh', ['-eu', '-c', commands], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, PATH: `${path.dirname(NODE)}:${process.env.PATH}` },
  });
  expect(status, `${stdout}\n${stderr}`).toBe(0);
  expect(stdout.match(/^Succeeded$/gm)?.length).toBeGreaterThanOrEqual(4);
}, 300_000);

function verify(file: string, ...words: readonly string[]) {
  const { status, stdout, stderr } = spawnSync('osslsigncode', ['verify', ...words, '-in', file], {
    encoding: 'utf8',
  });
  return { status, said: `${stdout}${stderr}` };
}

const byTheAuthority = (file: string) => verify(file, '-CAfile', signed('ca.pem'));

test('a signed executable is believed by whoever knows the authority, and by nobody else', () => {
  expect(byTheAuthority(signed('prestage.exe')).status).toBe(0);
  expect(verify(signed('prestage.exe')).status).toBe(1);
});

test('an executable as it comes out of the build carries no signature', () => {
  const { status, said } = byTheAuthority(PRESTAGE_EXE);
  expect(status).toBe(1);
  expect(said).toContain('No signature found');
});

test.each(['in Node', 'in the program that Node carries'])('one flipped byte %s is refused', where => {
  const bytes = readFileSync(signed('prestage.exe'));
  const place = where === 'in Node' ? 5_000_000 : bytes.indexOf('Prestage could not be loaded');
  expect(place).toBeGreaterThan(0);
  bytes.writeUInt8(bytes.readUInt8(place) ^ 1, place);
  const file = signed(`${where.length}.exe`);
  writeFileSync(file, bytes);
  const { status, said } = byTheAuthority(file);
  expect(status).toBe(1);
  expect(said).toContain('MISMATCH');
});

test('the signed executable starts', { timeout: 120_000 }, async () => {
  const result = await wineForTest().run(signed('prestage.exe'), ['--version']);
  expect(result).toMatchObject({ code: 0, stdout: expect.stringMatching(/^prestage \d/), stderr: '' });
});

test('an executable with a signed add-on lays that, and calls Windows through it', {
  timeout: 120_000,
}, async () => {
  const exe = signed('build/prestage-signed.exe');
  expect(byTheAuthority(exe).status).toBe(0);
  expect(assetIn(seaBlobOf(readFileSync(exe)), 'ffi-rs.node')).toEqual(readFileSync(signed('ffi-rs.node')));
  mkdirSync(signed('agent'));
  copyFileSync(exe, signed('agent/prestage.exe'));
  const report = signed('agent/report.json');
  await wineForTest().run(signed('agent/prestage.exe'), ['selftest', '--out', `Z:${report}`]);
  const [laid = ''] = readdirSync(signed('agent/addon'));
  expect(byTheAuthority(signed('agent/addon', laid)).status).toBe(0);
  const { probes } = JSON.parse(readFileSync(report, 'utf8'));
  expect(probes.find((probe: { name: string }) => probe.name === 'volumes')).toMatchObject({
    outcome: 'passed',
  });
});

test.each([
  ['is not there', undefined, 'cannot be read (ENOENT)'],
  ['carries no signature', (bytes: Buffer) => bytes, 'carries no signature'],
  ['is something else', (bytes: Buffer) => bytes.fill(1, 5000, 5001), 'is not a signed copy of'],
  ['is no program at all', () => Buffer.from('hello'), 'is not a signed copy of'],
])('an add-on that %s is not built in', (what, make, said) => {
  const file = path.join(folder, `${what}.node`);
  if (make !== undefined) writeFileSync(file, make(readFileSync(ADDON)));
  expect(() => requireSignedAddon(file, ADDON)).toThrow(said);
});
