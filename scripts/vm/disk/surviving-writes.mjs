// What of the unflushed writes is on the disk after a power cut. It relies on what a volatile write cache promises and no more: a flush makes durable
// all that was answered before it, FUA one write, and a sector is written whole or not at all.
//
// A newer write to a sector takes the place of the older one in the cache, so survivors count in the order in which they were made; that a
// later write survives where an earlier one does not is what a disk does that empties its cache in an order of its own.

export const SECTOR_BYTES = 512;

/** Chances by which `mixed` decides. */
const SURVIVES = 0.5;
const TORN = 0.25;

/**
 * @param writes everything since the last flush, in order
 * @param policy `none` survives that was not flushed, `all` does, or `mixed`: each write does or does not, and one in four of those that do is torn
 *   between two sectors: its beginning or its end is there
 * @param random numbers in [0, 1); asked by `mixed` alone
 */
export function survivingWrites(writes, policy, random) {
  if (!['none', 'mixed', 'all'].includes(policy)) throw new Error(`no such power cut: ${policy}`);
  const parts = [];
  let unflushed = 0;
  let torn = 0;
  let durable = 0;
  for (const write of writes) {
    const whole = { write, from: 0, length: write.length };
    if (write.fua) {
      durable += 1;
      parts.push(whole);
      continue;
    }
    unflushed += 1;
    if (policy === 'none' || (policy === 'mixed' && random() >= SURVIVES)) continue;
    const sectors = write.length / SECTOR_BYTES;
    if (policy === 'mixed' && sectors > 1 && random() < TORN) {
      torn += 1;
      const kept = (1 + Math.floor(random() * (sectors - 1))) * SECTOR_BYTES;
      parts.push({ write, from: random() < 0.5 ? 0 : write.length - kept, length: kept });
    } else parts.push(whole);
  }
  return { parts, unflushed, kept: parts.length - durable, torn };
}
