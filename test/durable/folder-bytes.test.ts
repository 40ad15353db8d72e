// How much room a folder takes, while others write there.
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { folderBytes } from '../../agent/durable/folder-bytes.ts';
import { tempFolder } from '../support/temp-folder.ts';

const ground = tempFolder('folder-bytes');

it('is the sum of its files; links lead nowhere, and what is not there takes none', async () => {
  const folder = path.join(ground, 'some');
  await mkdir(path.join(folder, 'a/b'), { recursive: true });
  await writeFile(path.join(folder, 'one'), Buffer.alloc(100));
  await writeFile(path.join(folder, 'a/b/two'), Buffer.alloc(23));
  await symlink(folder, path.join(folder, 'a/around'));
  expect(await folderBytes(folder)).toBe(123);
  expect(await folderBytes(path.join(ground, 'absent'))).toBe(0);
});

it('is told also while a file in it is replaced again and again, and folders come and go', async () => {
  const folder = path.join(ground, 'busy');
  await mkdir(folder);
  for (let n = 0; n < 300; n++) await writeFile(path.join(folder, `file ${n}`), Buffer.alloc(10));
  let isCounting = true;
  const replacing = (async () => {
    for (let n = 0; isCounting; n++) {
      await writeFile(path.join(folder, 'status.json.prestage-new'), `${n}`);
      await rename(path.join(folder, 'status.json.prestage-new'), path.join(folder, 'status.json'));
      await mkdir(path.join(folder, 'passing/deep'), { recursive: true });
      await rm(path.join(folder, 'passing'), { recursive: true });
    }
  })();
  try {
    for (let n = 0; n < 60; n++) expect(await folderBytes(folder)).toBeGreaterThanOrEqual(3000);
  } finally {
    isCounting = false;
    await replacing;
  }
});
