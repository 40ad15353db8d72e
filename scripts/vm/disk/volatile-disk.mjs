// A disk whose write cache is volatile, as that of every disk without protection against power loss is, served over NBD: what was not flushed is lost
// at a power cut, all of it or at random. With a log, one run can be cut afterwards at as many points as one likes (crash-images.mjs).
//
//   const disk = await openVolatileDisk({ image, base, socket, log });
//   qemu-system-x86_64 -drive file=nbd+unix:///?socket=SOCKET,format=raw,cache=writeback,discard=unmap …   never cache=unsafe, which swallows flushes
//   disk.mark('journal: 17 finished');                   an event of the host's, in its place among writes and flushes
//   kill -9 of QEMU
//   await disk.cut('mixed', seededRandom(7));            the image is what a power cut left; open it again for the next boot
import { closeSync, fstatSync, openSync, rmSync } from 'node:fs';
import { copyImage } from './copy-image.mjs';
import { serveNbd } from './nbd-server.mjs';
import { SECTOR_BYTES } from './surviving-writes.mjs';
import { openWriteCache } from './write-cache.mjs';
import { createWriteLog } from './write-log.mjs';

/**
 * Starts serving. With `base` the image is first made as a copy of it. With `log` everything is recorded in that file.
 * Throws where the image is no whole number of sectors.
 */
export async function openVolatileDisk({ image, base, socket, log: logFile }) {
  if (base !== undefined) await copyImage(base, image);
  const handle = openSync(image, 'r+');
  const sizeBytes = fstatSync(handle).size;
  if (sizeBytes === 0 || sizeBytes % SECTOR_BYTES !== 0) {
    closeSync(handle);
    throw new Error(`${image} is no disk: ${sizeBytes} bytes are no whole number of sectors`);
  }
  const log = createWriteLog(logFile ?? `${image}.unflushed`, sizeBytes);
  // Nobody looks for it but the cache: it goes with the process, however that ends.
  if (logFile === undefined) rmSync(`${image}.unflushed`);
  const cache = openWriteCache(handle, log, logFile !== undefined);
  const counts = { reads: 0, readBytes: 0, writes: 0, writtenBytes: 0, zeroes: 0, fua: 0, flushes: 0 };
  /** The flush that is going on: other requests come after it. */
  let flushing;
  let isOff = false;
  let failure;

  async function inTurn(work) {
    while (flushing !== undefined) await flushing.catch(() => {});
    if (isOff) throw Object.assign(new Error('the disk has no power'), { code: 'ESHUTDOWN' });
    try {
      return work();
    } catch (error) {
      throw failed(error);
    }
  }

  function failed(error) {
    failure ??= error;
    return error;
  }

  const disk = {
    sizeBytes,
    read: (offset, length) =>
      inTurn(() => {
        counts.reads += 1;
        counts.readBytes += length;
        return cache.read(offset, length);
      }),
    write: (offset, length, pieces, fua) =>
      inTurn(() => {
        counts.writes += 1;
        counts.writtenBytes += length;
        if (fua) counts.fua += 1;
        cache.write(offset, length, pieces, fua);
      }),
    zeroes: (offset, length, fua) =>
      inTurn(() => {
        counts.zeroes += 1;
        if (fua) counts.fua += 1;
        cache.zeroes(offset, length, fua);
      }),
    async flush() {
      await inTurn(() => {
        counts.flushes += 1;
        flushing = cache
          .flush()
          .catch(error => {
            throw failed(error);
          })
          .finally(() => {
            flushing = undefined;
          });
      });
      await flushing;
    },
  };
  const server = await serveNbd({ socket, disk, broken: failed }).catch(error => {
    log.close();
    closeSync(handle);
    throw error;
  });

  /** From this moment no request is carried out. A flush that had begun is finished: its client may have been told. */
  async function switchOff(policy, random) {
    if (isOff) throw new Error('the disk has no power already');
    isOff = true;
    while (flushing !== undefined) await flushing.catch(() => {});
    await server.close();
    try {
      const result = await cache.cut(policy, random);
      // A host that was full or broken must not look like a guest that forgot to flush.
      if (failure !== undefined)
        throw new Error(`the host failed the disk ${image}: ${failure.message}`, { cause: failure });
      return result;
    } finally {
      log.close();
      closeSync(handle);
    }
  }

  return {
    image,
    socket,
    sizeBytes,
    counts: () => ({ ...counts, unflushed: cache.unflushed }),
    mark(text) {
      if (!isOff) log.mark(text);
    },
    cut: (policy, random = Math.random) => switchOff(policy, random),
    close: () => switchOff('all', undefined),
  };
}
