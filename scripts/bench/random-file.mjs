// A large file of bytes that nothing can compress, made once and kept.
import { randomFillSync } from 'node:crypto';
import { closeSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import { timed } from '../setup/say.mjs';

const PIECE = 16 * 1024 * 1024;

/** Makes the file unless one of that size is there. */
export async function randomFile(file, mib) {
  if (statSync(file, { throwIfNoEntry: false })?.size === mib * 1024 * 1024) return;
  await timed(`made ${mib} MiB of random bytes`, async () => {
    const handle = openSync(`${file}.new`, 'w');
    const piece = Buffer.alloc(PIECE);
    for (let left = mib * 1024 * 1024; left > 0; left -= PIECE) {
      writeSync(handle, randomFillSync(piece), 0, Math.min(left, PIECE));
    }
    closeSync(handle);
    renameSync(`${file}.new`, file);
  });
}
