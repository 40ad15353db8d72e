// What a power cut at given moments of one logged run leaves on the disk, as one image file a moment: all that was durable by then, and of the
// unflushed writes those that chance lets survive. The image of a point is the same whichever other points are asked for.
import { closeSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { applyParts, wholeWrites } from './apply-write.mjs';
import { copyImage } from './copy-image.mjs';
import { seededRandom } from './seeded-random.mjs';
import { survivingWrites } from './surviving-writes.mjs';
import { readWriteLog } from './write-log.mjs';

/**
 * Makes them one by one, ascending, in `folder`, whose file system wants room for the disk's data once and once more for each image not yet removed.
 * What is durable is brought forward from point to point, so the run is gone through once; an image is a copy of it (copy-image.mjs).
 */
export async function* crashImages({ log, base, points, seed, folder, policy = 'mixed' }) {
  const run = typeof log === 'string' ? readWriteLog(log) : log;
  mkdirSync(folder, { recursive: true });
  const durable = join(folder, 'durable.img');
  const bytes = openSync(run.file, 'r');
  try {
    await copyImage(base, durable);
    /** The entries before it are in `durable`. */
    let settled = 0;
    for (const point of [...points].sort((a, b) => a - b)) {
      const flushed = run.entries.findLastIndex((entry, at) => at < point && entry.kind === 'flush') + 1;
      if (flushed > settled) {
        await apply(durable, bytes, wholeWrites(run.entries.slice(settled, flushed).filter(changes)));
        settled = flushed;
      }
      const file = join(folder, `crash-${point}.img`);
      await copyImage(durable, file);
      const { parts, ...counts } = survivingWrites(
        run.entries.slice(settled, point).filter(changes),
        policy,
        seededRandom(seed ^ Math.imul(point + 1, 0x9e3779b1)),
      );
      await apply(file, bytes, parts);
      yield {
        file,
        point,
        timeMs: point === 0 ? 0 : run.entries[point - 1].timeMs,
        ...counts,
        get marksBefore() {
          return run.entries.slice(0, point).flatMap(({ kind, text }) => (kind === 'mark' ? [text] : []));
        },
        remove: () => rmSync(file, { force: true }),
      };
    }
  } finally {
    closeSync(bytes);
    rmSync(durable, { force: true });
  }
}

const changes = ({ kind }) => kind === 'write' || kind === 'zeroes';

async function apply(file, log, parts) {
  const image = openSync(file, 'r+');
  try {
    await applyParts(image, log, parts);
  } finally {
    closeSync(image);
  }
}
