import { createHash } from 'node:crypto';
import { rmSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { viewChunkIndex } from '../../agent/content/chunk-index.ts';
import { spawnWorker } from '../../agent/content/spawn-worker.ts';
import { openThreadPool } from '../../agent/content/thread-pool.ts';
import { validateImage } from '../../agent/survey/validate-image.ts';
import { seeded } from '../support/seeded.ts';
import { tempFolder } from '../support/temp-folder.ts';

const root = tempFolder('validate');
const pool = openThreadPool({ size: 2, spawn: spawnWorker });
afterAll(() => pool.close());

// Several times what one job takes, so that the borders between jobs are among what is tested.
const image = seeded(3).bytes(50_000_000);
const file = path.join(root, 'install.wim');
writeFileSync(file, image);
const index = viewChunkIndex((await pool.run('chunk-file', { path: file })).index, file);
const validate = (advance?: (bytes: number) => void) =>
  validateImage({ path: file, file: 'install.wim', index, pool, advance });
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe('validating a staged image', () => {
  it('finds a sound one sound, telling of each byte once', async () => {
    let told = 0;
    expect(await validate(bytes => (told += bytes))).toEqual({
      sound: true,
      sizeBytes: image.length,
      foundSizeBytes: image.length,
      badRanges: [],
    });
    expect(told).toBe(image.length);
  });

  it('names every bad range by file, offset, length, expected and found', async () => {
    const damaged = Buffer.from(image);
    const places = [0, 16_777_215, 16_777_216, 33_333_333, image.length - 1];
    for (const place of places) damaged[place] = damaged[place]! ^ 0x80;
    writeFileSync(file, damaged);
    const chunks = [...new Set(places.map(index.chunkAt))];
    const found = await validate();
    writeFileSync(file, image);
    expect(found.sound).toBe(false);
    expect(found.badRanges).toEqual(
      chunks.map(chunk => ({
        file: 'install.wim',
        offset: index.offset(chunk),
        length: index.length(chunk),
        expected: index.digestHex(chunk),
        found: sha256(damaged.subarray(index.offset(chunk), index.offset(chunk) + index.length(chunk))),
      })),
    );
  });

  it('finds one cut short, one too long and one that is not there unsound', async () => {
    truncateSync(file, 49_000_000);
    const short = await validate();
    expect(short).toMatchObject({ sound: false, foundSizeBytes: 49_000_000 });
    expect(short.badRanges[0]?.offset).toBe(index.offset(index.chunkAt(49_000_000)));
    writeFileSync(file, Buffer.concat([image, Buffer.from('x')]));
    expect(await validate()).toMatchObject({ sound: false, foundSizeBytes: image.length + 1, badRanges: [] });
    rmSync(file);
    const absent = await validate();
    expect(absent.foundSizeBytes).toBeUndefined();
    expect(absent.badRanges).toHaveLength(index.count);
    writeFileSync(file, image);
  });

  it('stops on request: STOP-01', async () => {
    const stop = new AbortController();
    const work = validateImage({
      path: file,
      file: 'install.wim',
      index,
      pool,
      signal: stop.signal,
      advance: () => stop.abort(),
    });
    await expect(work).rejects.toMatchObject({ code: 'STOP-01' });
  });
});
