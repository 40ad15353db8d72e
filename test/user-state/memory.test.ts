import { mkdir, open } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { capture, restore, testStore } from '../support/state-kit.ts';
import { tempFolder } from '../support/temp-folder.ts';

const folder = tempFolder('user-state-memory');
const MB = 1024 * 1024;

test('200 MB in one file and two thousand small ones need no more memory than a few chunks', async () => {
  const documents = path.join(folder, 'old/Users/anna/Documents');
  await mkdir(path.join(documents, 'small'), { recursive: true });
  const film = await open(path.join(documents, 'film.mp4'), 'w');
  await film.truncate(200 * MB);
  await film.close();
  for (let index = 0; index < 2_000; index += 1)
    await (await open(path.join(documents, `small/${index}.txt`), 'w')).close();
  await mkdir(path.join(folder, 'store'));
  const store = testStore(path.join(folder, 'store'));

  let most = 0;
  const start = process.memoryUsage().rss;
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage().rss - start);
  }, 5);
  try {
    await capture(path.join(folder, 'old'), store);
    const { files } = await restore(path.join(folder, 'new'), store);
    expect(files).toMatchObject({ files: 2_001, bytes: 200 * MB });
  } finally {
    clearInterval(watch);
  }
  // Garbage that is not collected yet is in it: decrypted chunks, frames, names.
  expect(most / MB).toBeLessThan(150);
}, 60_000);
