// Whatever happens to a store, nothing of it is written to the new computer unless every byte is as it was captured.
import { cp, mkdir, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { captureState } from '../../agent/user-state/capture-state.ts';
import { encodeFrame, type Frame } from '../../agent/user-state/frames.ts';
import { openPackWriter } from '../../agent/user-state/write-packs.ts';
import {
  ASSOCIATION,
  capture,
  layProfiles,
  NEW,
  OLD,
  quick,
  restore,
  testStore,
} from '../support/state-kit.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { overwrite } from '../support/wim-kit.ts';

const folder = tempFolder('user-state-damage');
const sound = path.join(folder, 'sound');
let plays = 0;

beforeAll(async () => {
  await mkdir(sound);
  await layProfiles(path.join(folder, 'old'), {
    'Users/bob/Videos/film.mp4': Buffer.alloc(2_500_000, 'film'),
  });
  await capture(path.join(folder, 'old'), testStore(sound));
});

/** A copy of the sound store, damaged; what the restore says of it, and what it wrote. */
async function restoreDamaged(damage: (store: string) => Promise<void>) {
  plays += 1;
  const shares = path.join(folder, `play-${plays}`);
  const fresh = path.join(folder, `new-${plays}`);
  await mkdir(fresh);
  await cp(sound, shares, { recursive: true });
  await damage(path.join(shares, ASSOCIATION));
  const thrown = await restore(fresh, testStore(shares)).then(
    () => undefined,
    error => error,
  );
  return { code: thrown?.code, written: await readdir(fresh), shares };
}

const REFUSED = { code: 'STATE-01', written: [] };

async function flip(file: string, at: number): Promise<void> {
  const bytes = await readFile(file);
  await overwrite(file, at, Buffer.from([bytes[at]! ^ 0x01]));
}

describe('a pack', () => {
  const CHUNK = 1024 * 1024 + 16;
  test.each([
    ['its first byte', 0],
    ['the middle of a chunk', 500_000],
    ['the tag of a chunk', CHUNK - 1],
    ['the first byte of the second chunk', CHUNK],
    ['the middle of the last chunk', 3 * CHUNK + 5],
  ])('with one bit changed in %s is refused', async (_where, at) => {
    expect(await restoreDamaged(store => flip(path.join(store, 'pack-0001.bin'), at))).toMatchObject(REFUSED);
  });

  test('with its last byte changed is refused', async () => {
    const result = await restoreDamaged(async store => {
      const pack = path.join(store, 'pack-0001.bin');
      await flip(pack, (await stat(pack)).size - 1);
    });
    expect(result).toMatchObject(REFUSED);
  });

  test.each([
    ['cut short', (pack: string) => truncate(pack, 100)],
    ['empty', (pack: string) => truncate(pack, 0)],
    ['longer', (pack: string) => truncate(pack, 50_000_000)],
    ['gone', (pack: string) => rm(pack)],
    ['a folder', (pack: string) => rm(pack).then(() => mkdir(pack))],
  ])('that is %s is refused', async (_what, damage) => {
    const result = await restoreDamaged(async store => {
      await damage(path.join(store, 'pack-0001.bin'));
    });
    expect(result).toMatchObject(REFUSED);
  });

  test('whose chunks are swapped is refused, though each is genuine', async () => {
    const result = await restoreDamaged(async store => {
      const pack = path.join(store, 'pack-0001.bin');
      const bytes = await readFile(pack);
      const [first, second] = [bytes.subarray(0, CHUNK), bytes.subarray(CHUNK, 2 * CHUNK)];
      await writeFile(pack, Buffer.concat([second, first, bytes.subarray(2 * CHUNK)]));
    });
    expect(result).toMatchObject(REFUSED);
  });

  test('of another capture of the same association is refused', async () => {
    const other = path.join(folder, 'other');
    await mkdir(other);
    await capture(path.join(folder, 'old'), testStore(other));
    const pack = path.join(other, ASSOCIATION, 'pack-0001.bin');
    const result = await restoreDamaged(store => cp(pack, path.join(store, 'pack-0001.bin')));
    expect(result).toMatchObject(REFUSED);
  });
});

describe('state.json', () => {
  test.each([
    ['changed', (file: string) => flip(file, 300)],
    ['gone', (file: string) => rm(file)],
    ['without its seal', (file: string) => rm(`${file}.mac`)],
    ['with a seal of another length', (file: string) => writeFile(`${file}.mac`, 'abc')],
    ['with a seal of zeros', (file: string) => writeFile(`${file}.mac`, '0'.repeat(64))],
    ['huge', (file: string) => truncate(file, 100_000_000)],
    ['in another’s words', (file: string) => writeFile(file, '{}')],
  ])('that is %s is refused', async (_what, damage) => {
    const result = await restoreDamaged(store => damage(path.join(store, 'state.json')));
    expect(result).toMatchObject(REFUSED);
  });

  test('cannot be turned into closed.json', async () => {
    const result = await restoreDamaged(async store => {
      await cp(path.join(store, 'state.json'), path.join(store, 'closed.json'));
      await cp(path.join(store, 'state.json.mac'), path.join(store, 'closed.json.mac'));
    });
    expect(result).toMatchObject({ code: undefined });
  });
});

test('a forged closed.json neither closes the association nor keeps a capture from replacing it', async () => {
  const { code, shares } = await restoreDamaged(store => writeFile(path.join(store, 'closed.json'), '{}'));
  expect(code).toBeUndefined();
  await rm(path.join(shares, ASSOCIATION, 'closed.json'));
  await capture(path.join(folder, 'old'), testStore(shares));
});

test('a damaged store is replaced by the next capture', async () => {
  const { shares } = await restoreDamaged(store => flip(path.join(store, 'state.json'), 300));
  await capture(path.join(folder, 'old'), testStore(shares));
  await restore(path.join(folder, 'after-damage'), testStore(shares));
});

test('a store that was renamed to another association is refused', async () => {
  const shares = path.join(folder, 'renamed');
  await cp(sound, shares, { recursive: true });
  const association = '11111111-3c1c-4d5e-9f57-0b8f9a3c2d11';
  await rename(path.join(shares, ASSOCIATION), path.join(shares, association));
  await expect(restore(path.join(folder, 'x'), testStore(shares, { association }))).rejects.toMatchObject({
    code: 'STATE-01',
  });
});

describe('a key holder’s stream', () => {
  const file = (name: string): Frame => ({ kind: 'file', profile: 'anna', path: name, modified: 0 });
  const ended = (sha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'): Frame => ({
    kind: 'file-end',
    size: 0,
    sha256,
  });
  const end = (files: number): Frame => ({ kind: 'end', files, folders: 0, bytes: 0, leftOut: 0 });

  /** Seals the frames as a capture does and restores them. */
  async function restoreFrames(frames: readonly (Frame | Uint8Array)[], files = 1) {
    plays += 1;
    const shares = path.join(folder, `play-${plays}`);
    const fresh = path.join(folder, `new-${plays}`);
    await mkdir(shares);
    await mkdir(fresh);
    const store = testStore(shares);
    const durable = quick();
    await captureState(
      {
        store,
        storeAsOrdered: shares,
        computer: OLD,
        created: '2026-04-01T00:00:00.000Z',
        method: async ({ folder: into, salt }) => {
          const key = store.keys.packKey(salt);
          const writer = openPackWriter({ folder: into, association: ASSOCIATION, key, durable });
          for (const frame of frames) await writer.write('kind' in frame ? encodeFrame(frame) : [frame]);
          const content = { files, folders: 0, bytes: 0, leftOut: 0 };
          return { method: 'files', files: [...(await writer.finish())], content };
        },
      },
      { durable },
    );
    const thrown = await restore(fresh, store, { computer: NEW }).then(
      () => undefined,
      error => error,
    );
    return { code: thrown?.code, written: await readdir(fresh) };
  }

  test('that is right is taken', async () => {
    expect(await restoreFrames([file('a.txt'), ended(), end(1)])).toMatchObject({ code: undefined });
  });

  test.each([
    ['leads out of the profile', [file('../../Windows/a.dll'), ended(), end(1)]],
    ['names a drive', [file('C:/a.txt'), ended(), end(1)]],
    ['names a stream', [file('a.txt:hidden'), ended(), end(1)]],
    ['names a device', [file('Documents/NUL'), ended(), end(1)]],
    ['has a backslash', [file('Documents\\a.txt'), ended(), end(1)]],
    ['names a profile that is a path', [{ ...file('a.txt'), profile: 'anna/..' } as Frame, ended(), end(1)]],
    ['has a name twice, as Windows sees it', [file('a.txt'), ended(), file('A.TXT'), ended(), end(1)]],
    ['tells another digest', [file('a.txt'), ended('0'.repeat(64)), end(1)]],
    ['begins a file in a file', [file('a.txt'), file('b.txt'), ended(), end(1)]],
    ['has bytes of no file', [{ kind: 'data', bytes: Buffer.from('x') } as Frame, end(0)]],
    ['counts wrong', [file('a.txt'), ended(), end(2)]],
    ['has no end', [file('a.txt'), ended()]],
    ['goes on after its end', [file('a.txt'), ended(), end(1), file('b.txt'), ended()]],
    ['has a frame of unknown kind', [Buffer.from([99, 0, 0, 0, 0]), file('a.txt'), ended(), end(1)]],
    ['has a frame that is too long', [Buffer.from([2, 255, 255, 255, 127]), end(1)]],
    ['has a frame that is no JSON', [Buffer.from([1, 1, 0, 0, 0, 65]), end(1)]],
  ] as const)('that %s is refused', async (_what, frames) => {
    expect(await restoreFrames(frames)).toEqual({ code: 'STATE-01', written: [] });
  });
});
