// Puts logged writes into an image file: bytes from the log to their place, in pieces that leave time for others.
import { readSync, writeSync } from 'node:fs';
import { setImmediate as breath } from 'node:timers/promises';

const PIECE_BYTES = 1024 * 1024;
/** After so many bytes other disks of this process have their turn: some milliseconds. */
const TURN_BYTES = 8 * PIECE_BYTES;

/**
 * @param image file descriptor, open for reading and writing
 * @param log file descriptor of the log that has the bytes
 * @param parts parts of writes (surviving-writes.mjs), applied in this order
 */
export async function applyParts(image, log, parts) {
  const piece = Buffer.allocUnsafe(PIECE_BYTES);
  let sinceBreath = 0;
  for (const { write, from, length } of parts) {
    for (let done = 0; done < length; ) {
      const bytes = piece.subarray(0, Math.min(PIECE_BYTES, length - done));
      const place = write.offset + from + done;
      if (write.kind === 'zeroes') writeZeroes(image, bytes, place);
      else {
        readAt(log, bytes, write.at + from + done);
        writeAt(image, bytes, place);
      }
      done += bytes.length;
      sinceBreath += bytes.length;
      if (sinceBreath >= TURN_BYTES) {
        sinceBreath = 0;
        await breath();
      }
    }
  }
}

/** @returns the whole of each write, for applyParts */
export function wholeWrites(writes) {
  return writes.map(write => ({ write, from: 0, length: write.length }));
}

/** Fills `bytes` from a place of a file; throws where the file has fewer. */
export function readAt(handle, bytes, position) {
  for (let done = 0; done < bytes.length; ) {
    const found = readSync(handle, bytes, done, bytes.length - done, position + done);
    if (found === 0) throw new Error(`the file ends at byte ${position + done}, before what is wanted of it`);
    done += found;
  }
}

function writeAt(handle, bytes, position) {
  for (let done = 0; done < bytes.length; )
    done += writeSync(handle, bytes, done, bytes.length - done, position + done);
}

/** Zeros where there are some already stay what they are, often a hole of the file: a trimmed disk does not grow by it. */
function writeZeroes(image, scratch, position) {
  readAt(image, scratch, position);
  if (isZero(scratch)) return;
  scratch.fill(0);
  writeAt(image, scratch, position);
}

function isZero(bytes) {
  // A buffer is zero when its first byte is, and each byte equals the next: one comparison in native code.
  return bytes[0] === 0 && bytes.subarray(1).equals(bytes.subarray(0, -1));
}
