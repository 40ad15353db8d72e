// Trees that are written without flushing, and then made durable at once.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { machineDisk } from '../../agent/durable/disk.ts';
import { flushVolumes } from '../../agent/durable/flush-volumes.ts';
import { openDurableFiles } from '../../agent/durable/open-durable-files.ts';
import { openLossyFiles } from '../support/lossy-files.ts';
import { faultOf } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';

const temporary = tempFolder('flush-trees');
let count = 0;

function ground(): string {
  count += 1;
  const folder = path.join(temporary, String(count));
  mkdirSync(path.join(folder, 'point'), { recursive: true });
  writeFileSync(path.join(folder, 'original'), 'original');
  return folder;
}

const tools = () => ({ scratch: new Uint8Array(5), seen: () => {} });

it.each([
  ['linux', 3],
  ['linux', 70],
  ['windows', 3],
  ['windows', 70],
] as const)(
  'on %s, a tree of %i files survives a power cut once it is flushed, and not before',
  async (system, files) => {
    for (const isFlushed of [true, false]) {
      const folder = ground();
      const lossy = openLossyFiles({ graveyard: path.join(folder, 'graveyard'), system });
      const staging = path.join(folder, 'point', 'staging');
      await lossy.files.makeFolder(path.dirname(staging));
      for (let n = 0; n < files; n += 1)
        await lossy.files.copyUnflushed(
          path.join(folder, 'original'),
          path.join(staging, 'sub', `${n}`),
          tools(),
        );
      await lossy.files.writeUnflushed(path.join(staging, 'last'), Buffer.from('last'));
      if (isFlushed) await lossy.files.flushTrees([staging]);
      await lossy.loseUnflushed('dropped');
      expect(existsSync(path.join(staging, 'last'))).toBe(isFlushed);
      if (!isFlushed) continue;
      expect(readdirSync(path.join(staging, 'sub'))).toHaveLength(files);
      expect(readFileSync(path.join(staging, 'sub', '2'), 'utf8')).toBe('original');
    }
  },
);

it('flushes many files by one call of the system where there is one, and few by themselves', async () => {
  const asked: (readonly string[])[] = [];
  const durable = openDurableFiles({
    ...machineDisk,
    flushVolumes: async folders => {
      asked.push(folders);
      return true;
    },
  });
  const folder = ground();
  for (const [name, files] of [
    ['few', 10],
    ['many', 100],
  ] as const) {
    for (let n = 0; n < files; n += 1)
      await durable.writeUnflushed(path.join(folder, name, `${n}`), Buffer.from('x'));
    await durable.flushTrees([path.join(folder, name)]);
  }
  expect(asked).toEqual([[path.join(folder, 'many')]]);
});

it('has that call here, and says so where it fails', async () => {
  expect(await flushVolumes([ground()])).toBe(true);
  expect(await flushVolumes([path.join(temporary, 'absent')])).toBe(false);
});

it('copies every byte past the edges of its memory, shows each piece, and takes no name that is there', async () => {
  const folder = ground();
  const durable = openDurableFiles();
  const pieces: string[] = [];
  const to = path.join(folder, 'copy');
  const seen = (piece: Uint8Array): void => void pieces.push(Buffer.from(piece).toString());
  await durable.copyUnflushed(path.join(folder, 'original'), to, { scratch: new Uint8Array(4), seen });
  expect(pieces).toEqual(['orig', 'inal']);
  expect(readFileSync(to, 'utf8')).toBe('original');
  expect(await faultOf(durable.copyUnflushed(path.join(folder, 'original'), to, tools()))).toMatchObject({
    code: 'DISK-02',
  });
});
