// A small file of anybody's: absent is an answer, everything else that is not such a file is refused before it is read.
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { readCapped } from '../../agent/document/read-capped.ts';
import { faultOf } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';

const folder = tempFolder('read-capped');
const at = (name: string): string => path.join(folder, name);
writeFileSync(at('four'), 'four');
symlinkSync('four', at('link'));
mkdirSync(at('folder'));
execFileSync('mkfifo', [at('pipe')]);

test('a file that is as long as it may be is read, also by a link', async () => {
  expect((await readCapped(at('four'), 4))?.toString()).toBe('four');
  expect((await readCapped(at('link'), 4))?.toString()).toBe('four');
});

test('a file that is absent is an answer, and so is one below a file', async () => {
  expect(await readCapped(at('absent'), 4)).toBeUndefined();
  expect(await readCapped(at('four/below'), 4)).toBeUndefined();
});

test('a file that is too long is refused by its size', async () => {
  expect(await faultOf(readCapped(at('four'), 3))).toMatchObject({
    code: 'TRUST-08',
    detail: { expected: 'at most 3 bytes', found: 4 },
  });
});

test.each([
  ['folder', 'a folder'],
  ['pipe', 'a device or pipe'],
])('a %s in its place is told, and nothing waits for it', async (name, found) => {
  expect(await faultOf(readCapped(at(name), 4))).toMatchObject({
    code: 'DISK-03',
    detail: { operation: 'read', found },
  });
});

test('what a person named is told as theirs, with what it should be', async () => {
  const options = { unreadable: 'USAGE-08', expected: 'a list of revoked keys' } as const;
  expect(await faultOf(readCapped(at('folder'), 4, options))).toMatchObject({
    code: 'USAGE-08',
    detail: { expected: 'a list of revoked keys', found: 'a folder' },
  });
});
