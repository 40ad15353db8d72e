// The bridge behind wimgapi.dll under Wine, called from C: what a fault of the agent's cannot be blamed on.
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { layWimgapi, WIMTEST_EXE, wineForFile } from '../support/wine.ts';

const folder = mkdtempSync(join(tmpdir(), 'wimgapi-'));
const source = join(folder, 'source');
const { session, close } = wineForFile({ drives: { w: folder } });

beforeAll(() => {
  mkdirSync(join(source, 'Windows', 'Ünicode 日本'), { recursive: true });
  for (let i = 0; i < 60; i++)
    writeFileSync(join(source, 'Windows', `file-${i}.txt`), `${i} `.repeat(5000 + i));
  writeFileSync(join(source, 'Windows', 'Ünicode 日本', 'Ω.txt'), 'omega');
  for (const args of [
    ['capture', source, join(folder, 'two.wim'), 'First', '--compress=LZX', '--check', '--boot'],
    ['append', join(source, 'Windows', 'Ünicode 日本'), join(folder, 'two.wim'), 'Second', '--check'],
  ]) {
    execFileSync('wimlib-imagex', args, { stdio: 'ignore' });
  }
  layWimgapi(join(folder, 'app'));
  copyFileSync(WIMTEST_EXE, join(folder, 'app', 'wimtest.exe'));
});

afterAll(async () => {
  await close();
  rmSync(folder, { recursive: true });
});

async function wimtest(wim: string, words: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const target = join(folder, 'target');
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target);
  const { code, stdout } = await session.run('w:\\app\\wimtest.exe', [`w:\\${wim}`, 'w:\\target', ...words], {
    env,
  });
  return { code, target, said: JSON.parse(stdout) };
}

function treeOf(root: string): ReadonlyMap<string, string> {
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile());
  const paths = files.map(entry => join(entry.parentPath, entry.name)).sort();
  return new Map(paths.map(path => [path.slice(root.length), readFileSync(path, 'utf8')]));
}

test('applies an image so that the tree equals its source', async () => {
  const { code, target, said } = await wimtest('two.wim', ['verify', 'fileinfo']);
  expect(code).toBe(0);
  expect(said).toMatchObject({
    applied: true,
    images: 2,
    bootIndex: 1,
    percent: 100,
    backwards: 0,
    closeWhileImageOpen: 32,
  });
  expect(said.process).toBe(said.range);
  expect(said.fileInfo).toBe(said.range);
  expect(treeOf(target)).toEqual(treeOf(source));
});

test('delivers messages on another thread when asked to, as Microsoft’s DLL may', async () => {
  const { said, target } = await wimtest('two.wim', [], { PRESTAGE_WIMGAPI_THREAD: '1' });
  expect(said.applied).toBe(true);
  expect(said.otherThread).toBeGreaterThan(60);
  expect(treeOf(target)).toEqual(treeOf(source));
});

test('ends with ERROR_REQUEST_ABORTED when a callback aborts', async () => {
  const { said } = await wimtest('two.wim', ['abort=20']);
  expect(said).toMatchObject({ applied: false, error: 1235, process: 20 });
});

test('leaves out what the callback does not want', async () => {
  const { target } = await wimtest('two.wim', ['skip=file-7.txt']);
  expect([...treeOf(target).keys()]).not.toContain('/Windows/file-7.txt');
  expect(treeOf(target).size).toBe(treeOf(source).size - 1);
});

test('writes nothing with WIM_FLAG_NO_APPLY', async () => {
  const { target, said } = await wimtest('two.wim', ['noapply']);
  expect(said.process).toBe(said.range);
  expect(readdirSync(target)).toEqual([]);
});

const REFUSALS = [
  {
    title: 'an image index out of range',
    wim: 'two.wim',
    words: ['index=3'],
    failed: 'WIMLoadImage',
    error: 87,
  },
  {
    title: 'an image without a temporary path',
    wim: 'two.wim',
    words: ['notemp'],
    failed: 'WIMLoadImage',
    error: 3,
  },
  { title: 'a file that is not there', wim: 'none.wim', words: [], failed: 'WIMCreateFile', error: 2 },
  { title: 'a file that is no WIM', wim: 'text.wim', words: [], failed: 'WIMCreateFile', error: 11 },
  { title: 'a truncated WIM', wim: 'short.wim', words: [], failed: 'WIMCreateFile', error: 13 },
  {
    title: 'a damaged WIM when verified',
    wim: 'damaged.wim',
    words: ['verify'],
    failed: 'WIMCreateFile',
    error: 13,
  },
] as const;

test.each(REFUSALS)('refuses $title with error $error', async ({ wim, words, failed, error }) => {
  writeFileSync(join(folder, 'text.wim'), 'no WIM '.repeat(100));
  copyFileSync(join(folder, 'two.wim'), join(folder, 'short.wim'));
  truncateSync(join(folder, 'short.wim'), 1000);
  const bytes = readFileSync(join(folder, 'two.wim'));
  bytes.fill(0xff, 1000, 1004);
  writeFileSync(join(folder, 'damaged.wim'), bytes);
  const { code, said } = await wimtest(wim, words);
  expect(code).toBe(1);
  expect(said).toEqual({ failed, error });
});

test('tells the error of a damaged file while applying', async () => {
  const { said } = await wimtest('damaged.wim', []);
  expect(said).toMatchObject({ applied: false, error: 13, errorMessage: 13 });
});
