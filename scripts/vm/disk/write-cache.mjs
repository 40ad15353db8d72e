// The volatile cache of a disk over its image file: reads see the newest write, the image holds what was flushed. Unflushed bytes lie in a log
// on the host's disk, not in memory: of them it needs 4 bytes a sector, for as long as they are unflushed.
import { applyParts, readAt, wholeWrites } from './apply-write.mjs';
import { SECTOR_BYTES, survivingWrites } from './surviving-writes.mjs';

/** Sectors are looked up by the mebibyte, so that an untouched one costs nothing. */
const CHUNK_SECTORS = 2048;

/**
 * @param image file descriptor of the raw image, open for reading and writing
 * @param log where writes go first (write-log.mjs)
 * @param keepsLog whether it is a record of the whole run; else it is forgotten at each flush
 */
export function openWriteCache(image, log, keepsLog) {
  /** Everything since the last flush. */
  let writes = [];
  /** Chunk number -> for each sector the place in `writes` of the newest write to it, from 1; 0: none. */
  const newest = new Map();

  function remember(write) {
    writes.push(write);
    const number = writes.length;
    const end = (write.offset + write.length) / SECTOR_BYTES;
    for (let sector = write.offset / SECTOR_BYTES; sector < end; ) {
      const chunk = Math.floor(sector / CHUNK_SECTORS);
      const from = sector % CHUNK_SECTORS;
      const to = Math.min(CHUNK_SECTORS, from + end - sector);
      const numbers = newest.get(chunk) ?? new Int32Array(CHUNK_SECTORS);
      newest.set(chunk, numbers.fill(number, from, to));
      sector += to - from;
    }
  }

  const newestAt = sector => newest.get(Math.floor(sector / CHUNK_SECTORS))?.[sector % CHUNK_SECTORS] ?? 0;

  /** A run of sectors that one write, or the image, has. */
  function readRun(bytes, offset, number) {
    const write = writes[number - 1];
    if (write === undefined) readAt(image, bytes, offset);
    else if (write.kind === 'zeroes') bytes.fill(0);
    else readAt(log.handle, bytes, write.at + offset - write.offset);
  }

  /** The image takes `parts`; nothing is unflushed then. */
  async function settle(parts) {
    await applyParts(image, log.handle, parts);
    writes = [];
    newest.clear();
    if (!keepsLog) log.forget();
  }

  return {
    get unflushed() {
      return writes.filter(({ fua }) => !fua).length;
    },

    /** Whole sectors. */
    read(offset, length) {
      const bytes = Buffer.allocUnsafe(length);
      if (newest.size === 0) {
        readAt(image, bytes, offset);
        return bytes;
      }
      for (let done = 0; done < length; ) {
        const number = newestAt((offset + done) / SECTOR_BYTES);
        let end = done + SECTOR_BYTES;
        while (end < length && newestAt((offset + end) / SECTOR_BYTES) === number) end += SECTOR_BYTES;
        readRun(bytes.subarray(done, end), offset + done, number);
        done = end;
      }
      return bytes;
    },

    write: (offset, length, pieces, fua) => remember(log.write(offset, length, pieces, fua)),
    zeroes: (offset, length, fua) => remember(log.zeroes(offset, length, fua)),

    /** Resolves when all writes so far are in the image. None may be made meanwhile. */
    async flush() {
      log.flush();
      await settle(wholeWrites(writes));
    },

    /** Leaves in the image what a power cut leaves. @returns how many writes were unflushed, kept and torn */
    async cut(policy, random) {
      const { parts, ...counts } = survivingWrites(writes, policy, random);
      await settle(parts);
      return counts;
    },
  };
}
