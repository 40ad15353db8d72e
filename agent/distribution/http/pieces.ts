// The bytes of an answer, piece by piece: held to their number, or put together.
import { Fault } from '../../fault/fault.ts';

/** Most documents are shorter. */
const COLLECTED_FIRST_BYTES = 64 * 1024;

/** Passes pieces on; more than asked for is NET-07 before any of the surplus is passed on, fewer NET-06. */
export async function* exactly(
  length: number,
  pieces: AsyncIterable<Uint8Array>,
  subject: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  let got = 0;
  for await (const piece of pieces) {
    got += piece.length;
    if (got > length) throw new Fault('NET-07', subject, { expected: `${length} bytes`, found: 'more' });
    yield piece;
  }
  if (got < length)
    throw new Fault('NET-06', subject, { expected: `${length} bytes`, found: `${got} bytes` });
}

/** @returns all pieces as one. Fault: TRUST-08 when they are more than `maxBytes`. */
export async function collect(
  pieces: AsyncIterable<Uint8Array>,
  maxBytes: number,
  subject: string,
): Promise<Uint8Array> {
  // One piece of memory that grows: who sends byte by byte shall not be given an object for each.
  let kept = new Uint8Array(Math.min(maxBytes, COLLECTED_FIRST_BYTES));
  let got = 0;
  for await (const piece of pieces) {
    const end = got + piece.length;
    if (end > maxBytes)
      throw new Fault('TRUST-08', subject, { expected: `at most ${maxBytes} bytes`, found: 'more' });
    if (end > kept.length) {
      const larger = new Uint8Array(Math.min(maxBytes, Math.max(end, kept.length * 2)));
      larger.set(kept.subarray(0, got));
      kept = larger;
    }
    kept.set(piece, got);
    got = end;
  }
  return kept.subarray(0, got);
}
