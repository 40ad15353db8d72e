// What the person at the machine sees first, and that nothing slow comes before it.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { build } from 'esbuild';
import stringWidth from 'string-width';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { startLine } from '../../agent/console/start-line.ts';
import { COMMANDS } from '../../agent/program.ts';
import { makeCodeCaches } from '../../scripts/build/code-cache.mjs';
import { trimmed } from '../../scripts/build/trimmed.mjs';
import { at, BUILD, NODE } from '../../scripts/setup/place.mjs';
import { run } from '../../scripts/setup/program.mjs';
import { assetIn, seaBlobOf } from '../support/executable-parts.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { PRESTAGE_EXE, wineForTest } from '../support/wine.ts';

const folder = tempFolder('start-up');
const disk = path.join(folder, 'disk');
mkdirSync(path.join(disk, 'volumes/windows'), { recursive: true });

const FIRST = /^Prestage \d+\.\d+\.\d+ \(build [0-9a-f]{12}\) starts (\w+), \d{4}-\d\d-\d\d \d\d:\d\d UTC$/;

const started = (...words: readonly string[]) =>
  spawnSync(path.join(BUILD, 'prestage'), [...words], { encoding: 'utf8' });

test.each(['deploy', 'check', 'plan'])('the first line of %s says who starts what, and when', command => {
  const { stderr } = started(command, '--disk', disk, '--config', at('winpe/agent.yaml'));
  const [first = '', second] = stderr.split('\n');
  expect(FIRST.exec(first)?.[1]).toBe(command);
  expect(second).toBe('Finding the prestaged media');
});

test('standard output stays free for what was asked for', () => {
  const { stdout, stderr } = started('check', '--json', '--disk', disk, '--config', at('winpe/agent.yaml'));
  expect(stdout).toBe('');
  expect(stderr).toMatch(/^Prestage /);
});

test('the Windows executable begins with the same line', { timeout: 60_000 }, async () => {
  const { stderr } = await wineForTest().run(PRESTAGE_EXE, ['deploy', '--config', 'Z:\\nothing.yaml']);
  expect(stderr.split('\n')[0]).toMatch(FIRST);
});

test('the line fits every console, names commands that exist, and stands before no help', () => {
  const now = new Date('2026-01-02T03:04:05Z');
  const lines = Object.keys(COMMANDS).flatMap(command => startLine([command], now) ?? []);
  expect(lines.length).toBeGreaterThan(3);
  for (const line of lines) expect(line).toMatch(/^[ -~]{20,79}$/);
  expect(lines[0]).toContain('starts deploy, 2026-01-02 03:04 UTC');
  for (const words of [['deploy', '--help'], ['plan', '-h'], ['--version'], ['report'], []])
    expect(startLine(words, now)).toBeUndefined();
});

test('before the first line nothing is compiled that comes from a library', async () => {
  const { metafile } = await build({
    absWorkingDir: at(),
    entryPoints: ['agent/main.ts'],
    external: ['./open-program.ts'],
    bundle: true,
    platform: 'node',
    metafile: true,
    write: false,
  });
  const inputs = Object.entries(metafile.inputs);
  expect(inputs.map(([file]) => file)).toContain('agent/console/start-line.ts');
  expect(inputs.map(([file]) => file).filter(file => file.includes('node_modules'))).toEqual([]);
  expect(inputs.reduce((sum, [, { bytes }]) => sum + bytes, 0)).toBeLessThan(100_000);
});

test('libraries whose start was trimmed do what they did', async () => {
  const contents = `export { default as stringWidth } from 'string-width'; export { z } from 'zod';`;
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: at() },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    plugins: [trimmed],
    write: false,
  });
  const file = path.join(folder, 'libraries.cjs');
  writeFileSync(file, outputFiles[0]?.contents ?? '');
  const built = createRequire(import.meta.url)(file);
  for (const text of ['plain', 'Größe', '日本語', 'e\u0301', '👩‍👩‍👧', '\u001b[31mred\u001b[0m', ''])
    expect(built.stringWidth(text), text).toBe(stringWidth(text));
  const schema = (of: typeof z) => of.object({ name: of.string().min(3), many: of.array(of.number()) });
  const wrong = { name: 'a', many: ['b'] };
  expect(schema(built.z).safeParse(wrong).error?.issues).toEqual(schema(z).safeParse(wrong).error?.issues);
});

test('what the executable runs has no import() left, which nobody would carry out for it', () => {
  const blob = seaBlobOf(readFileSync(PRESTAGE_EXE));
  for (const name of ['program.js', 'worker.js']) {
    const script = assetIn(blob, name).toString('latin1');
    expect(script).toContain('require("node:fs/promises")');
    expect(script).toContain('require("undici")');
    expect(script).not.toMatch(/\bimport\(/);
  }
});

const runNode = async (words: readonly string[]): Promise<void> => {
  await run(NODE, words);
};

test('the executable for Windows carries code caches of its own, made by node.exe', () => {
  const blob = seaBlobOf(readFileSync(PRESTAGE_EXE));
  for (const name of ['program.cache', 'worker.cache', 'undici.cache'])
    expect(assetIn(blob, name).length, name).toBeGreaterThan(50_000);
});

test('V8’s code cache is the same at each build, and V8 takes it', async () => {
  const functions = Array.from({ length: 200 }, (_, n) => `function f${n}() { return { a${n}: 1 } }`).join(
    ' ',
  );
  const source = path.join(folder, 'source.js');
  writeFileSync(source, `(function () { ${functions} return f1() })`);
  const caches = [];
  for (const name of ['one', 'two']) {
    await makeCodeCaches(runNode, [{ source, cache: path.join(folder, name) }]); // fails when it is not taken
    caches.push(readFileSync(path.join(folder, name)).toString('hex'));
  }
  expect(caches[0]).toBe(caches[1]);
});

test('a program that does not compile fails the build', async () => {
  const source = path.join(folder, 'broken.js');
  writeFileSync(source, '(function () {');
  await expect(makeCodeCaches(runNode, [{ source, cache: path.join(folder, 'broken') }])).rejects.toThrow(
    'SyntaxError',
  );
});
