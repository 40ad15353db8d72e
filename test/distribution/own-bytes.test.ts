// A file with several names gets bytes of its own: what can be read of it, and nothing is lost where it cannot be opened at all.
import { link, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { viewChunkIndex } from '../../agent/content/chunk-index.ts';
import { takeOwnBytes } from '../../agent/distribution/own-bytes.ts';
import { openDurableFiles } from '../../agent/durable/open-durable-files.ts';
import { publishItem } from '../support/content-kit.ts';
import { seeded } from '../support/seeded.ts';
import { faultOf } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';

const ground = tempFolder('own-bytes');
const bytes = seeded(3).bytes(1_500_000);
const published = publishItem(`${ground}/dp`, { 'a.wim': bytes });
const durable = openDurableFiles();

async function linked(name: string, content: Uint8Array) {
  const folder = path.join(ground, name);
  await mkdir(folder);
  const [file, other] = [path.join(folder, 'a.wim'), path.join(folder, 'other')];
  await writeFile(file, content);
  await link(file, other);
  const index = viewChunkIndex([...(await published).indexes.values()][0]!, 'a.wim');
  return { folder, file, other, index, missing: new Uint8Array(index.count) };
}

it('has the proven chunks alone, and the other name keeps all', async () => {
  const { folder, file, other, index, missing } = await linked('proven', bytes);
  missing[1] = 1;
  await takeOwnBytes({ path: file, index, missing }, { durable });
  const expected = Uint8Array.from(bytes).fill(0, index.offset(1), index.offset(2));
  expect(Buffer.compare(await readFile(file), expected)).toBe(0);
  expect(Buffer.compare(await readFile(other), bytes)).toBe(0);
  expect([...missing].indexOf(1)).toBe(1);
  expect((await readdir(folder)).sort()).toEqual(['a.wim', 'other']);
});

it('tells what it could not read as missing', async () => {
  const { file, index, missing } = await linked('short', bytes.subarray(0, 1_000_000));
  await takeOwnBytes({ path: file, index, missing }, { durable });
  const whole = [...missing].indexOf(1);
  expect(index.offset(whole)).toBeLessThanOrEqual(1_000_000);
  expect(index.offset(whole + 1)).toBeGreaterThan(1_000_000);
  expect(missing.subarray(whole).every(flag => flag === 1)).toBe(true);
});

it('loses nothing where the file cannot be opened, or when it is stopped', async () => {
  const { folder, file, index, missing } = await linked('held', bytes);
  const absent = { path: `${file}x`, index, missing };
  expect((await faultOf(takeOwnBytes(absent, { durable }))).code).toBe('DISK-03');
  const stopped = { durable, signal: AbortSignal.abort() };
  expect((await faultOf(takeOwnBytes({ path: file, index, missing }, stopped))).code).toBe('STOP-01');
  expect(missing.includes(1)).toBe(false);
  expect(Buffer.compare(await readFile(file), bytes)).toBe(0);
  // What was begun goes with the next attempt.
  await takeOwnBytes({ path: file, index, missing }, { durable });
  expect((await readdir(folder)).sort()).toEqual(['a.wim', 'other']);
});
