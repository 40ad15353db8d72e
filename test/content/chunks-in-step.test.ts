// Where two versions of a file are in step, whatever was moved, repeated or taken out.
import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { type ChunkIndex, encodeChunkIndex, viewChunkIndex } from '../../agent/content/chunk-index.ts';
import { chunksInStep } from '../../agent/content/chunks-in-step.ts';

/** A file of chunks that are named by letters. */
const file = (letters: string): ChunkIndex =>
  viewChunkIndex(
    encodeChunkIndex(
      [...letters].map(letter => ({
        lengthBytes: 1000,
        sha256: createHash('sha256').update(letter).digest(),
      })),
    ),
    letters,
  );
const inStep = (now: string, older: string): string =>
  chunksInStep(file(now), file(older))
    .map(({ chunk, older: same }) => {
      expect(now[chunk]).toBe(older[same]);
      return now[chunk];
    })
    .join('');

it.each([
  ['the same', 'abcdef', 'abcdef', 'abcdef'],
  ['changed in the middle', 'abXYef', 'abcdef', 'abef'],
  ['with more before', 'XXabcd', 'abcd', 'abcd'],
  ['with less', 'ad', 'abcd', 'ad'],
  ['with one moved to the front', 'fabcde', 'abcdef', 'abcde'],
  ['with its halves exchanged', 'efghabcd', 'abcdefgh', 'abcd'],
  ['that repeats its last one near its begin', 'azbcdez', 'abcdez', 'abcde'],
  ['whose older one repeats its first one at its end', 'abcde', 'abcdea', 'bcde'],
  ['that has nothing of it', 'xyz', 'abc', ''],
  ['that is empty', '', 'abc', ''],
])('a file that is %s', (_, now, older, expected) => {
  expect(inStep(now, older)).toBe(expected);
});
