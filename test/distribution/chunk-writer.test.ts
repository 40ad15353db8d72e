// What is proven reaches the disk whatever the pieces that it comes in, and soon where they come slowly.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ChunkIndex, encodeChunkIndex, viewChunkIndex } from '../../agent/content/chunk-index.ts';
import { MAX_CHUNK_BYTES, MIN_CHUNK_BYTES } from '../../agent/content/chunking.ts';
import { openChunkWriter } from '../../agent/distribution/chunk-writer.ts';
import { FETCH_SCRATCH_BYTES } from '../../agent/distribution/fetch-chunks.ts';
import { openDurableFiles } from '../../agent/durable/open-durable-files.ts';
import { type Seeded, seeded } from '../support/seeded.ts';
import { tempFolder } from '../support/temp-folder.ts';

const ground = tempFolder('chunk-writer');
const KIB = 1024;

/** A file of so many chunks, and its index. */
function chunkedFile({ int, bytes }: Seeded, count: number) {
  const parts = Array.from({ length: count }, () =>
    bytes(MIN_CHUNK_BYTES + int(MAX_CHUNK_BYTES - MIN_CHUNK_BYTES + 1)),
  );
  const chunks = parts.map(part => ({
    lengthBytes: part.length,
    sha256: createHash('sha256').update(part).digest(),
  }));
  return { content: Buffer.concat(parts), index: viewChunkIndex(encodeChunkIndex(chunks), 'x') };
}

/** A writer into a fresh file, and which chunks it has told as proven. */
async function writerInto(file: string, index: ChunkIndex, wants: (chunk: number) => boolean) {
  const partial = await openDurableFiles().openPartial(file);
  const proven: number[] = [];
  const writer = openChunkWriter({
    index,
    partial,
    scratch: new Uint8Array(FETCH_SCRATCH_BYTES),
    wants,
    proven: chunk => proven.push(chunk),
  });
  return { partial, proven, writer };
}

describe('bytes that come in', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'pieces of any length make the same file, gaps left out (seed %i)',
    async seed => {
      const random = seeded(seed);
      const { content, index } = chunkedFile(random, 40);
      const wanted = Array.from({ length: index.count }, () => random.next() < 0.8);
      const file = path.join(ground, `any-${seed}`);
      const { partial, proven, writer } = await writerInto(file, index, chunk => wanted[chunk] === true);
      await writer.begin(0);
      const longest = random.pick([1, 20, 64, 100, 900]) * KIB;
      for (let at = 0; at < content.length; ) {
        const piece = content.subarray(at, at + 1 + random.int(longest));
        expect(await writer.take(piece)).toBeUndefined();
        at += piece.length;
      }
      await writer.settle(true);
      await partial.close();
      const written = await readFile(file);
      for (let chunk = 0; chunk < index.count; chunk++) {
        const [from, to] = [index.offset(chunk), index.offset(chunk) + index.length(chunk)];
        const there = written.subarray(from, to);
        if (wanted[chunk]) expect(there.equals(content.subarray(from, to)), `chunk ${chunk}`).toBe(true);
        else
          expect(
            there.every(byte => byte === 0),
            `chunk ${chunk}`,
          ).toBe(true);
      }
      expect(proven).toEqual(wanted.flatMap((is, chunk) => (is ? [chunk] : [])));
    },
  );

  it.each([10 * KIB, 900 * KIB])(
    'a rotten chunk in pieces of %i bytes is told, and nothing of it is written',
    async pieceBytes => {
      const { content, index } = chunkedFile(seeded(10), 30);
      const rotten = 17;
      const [from, to] = [index.offset(rotten), index.offset(rotten) + index.length(rotten)];
      content[to - 1] = (content[to - 1] ?? 0) ^ 1;
      const file = path.join(ground, `rotten-${pieceBytes}`);
      const { partial, proven, writer } = await writerInto(file, index, () => true);
      await writer.begin(0);
      let told: Awaited<ReturnType<typeof writer.take>>;
      for (let at = 0; told === undefined && at < content.length; at += pieceBytes)
        told = await writer.take(content.subarray(at, at + pieceBytes));
      const found = createHash('sha256').update(content.subarray(from, to)).digest('hex');
      expect(told).toEqual({ chunk: rotten, found });
      await writer.settle(true);
      await partial.close();
      expect(proven).toEqual(Array.from({ length: rotten }, (_, chunk) => chunk));
      expect((await readFile(file)).equals(content.subarray(0, from))).toBe(true);
    },
  );

  it('in small pieces, as over a slow line, they wait for no more than 64 KiB of others', async () => {
    const { content, index } = chunkedFile(seeded(9), 30);
    const file = path.join(ground, 'slow');
    const partial = await openDurableFiles().openPartial(file);
    let provenBytes = 0;
    let writtenBytes = 0;
    const writer = openChunkWriter({
      index,
      partial: {
        ...partial,
        write: async (bytes, position) => {
          expect(position).toBe(writtenBytes);
          writtenBytes += bytes.length;
          await partial.write(bytes, position);
        },
      },
      scratch: new Uint8Array(FETCH_SCRATCH_BYTES),
      wants: () => true,
      proven: chunk => {
        provenBytes += index.length(chunk);
      },
    });
    await writer.begin(0);
    for (let at = 0; at < content.length; at += 10 * KIB) {
      await writer.take(content.subarray(at, at + 10 * KIB));
      expect(provenBytes - writtenBytes).toBeLessThan(64 * KIB);
    }
    await writer.settle(true);
    await partial.close();
    expect((await readFile(file)).equals(content)).toBe(true);
  });
});
