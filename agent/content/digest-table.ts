// Finds by SHA-256 what lies where, for hundreds of thousands of digests: besides the lists that they stand in, which are not copied, each takes
// eleven bytes at most. A list can be taken out again; the same digest may stand in many.

/** Digests by number, from 0. A chunk index is one. */
export interface DigestList {
  readonly count: number;
  /** 32 bytes; may be a view. */
  digest(n: number): Uint8Array;
}

/** Where a digest stands: in which list, and as which of its numbers. */
export interface DigestPlace<L extends DigestList> {
  readonly list: L;
  readonly n: number;
}

export interface DigestTable<L extends DigestList> {
  add(list: L): void;
  /** What only this list has is not found any more; one that was never added is fine. */
  remove(list: L): void;
  /** One place for each list that has the digest. */
  find(digest: Uint8Array): Generator<DigestPlace<L>, void, undefined>;
}

const LEAST_SLOTS = 1024;

/**
 * Open addressing, slots by the digest's first bytes, which are as good as any hash. A slot holds the number of an entry, counted through all
 * lists, plus one; entries of lists that were taken out stay until the table grows.
 */
export function digestTable<L extends DigestList>(): DigestTable<L> {
  let lists: (L | undefined)[] = [];
  /** The number of each list's first entry, and at the end that of the next. */
  let starts: number[] = [0];
  let slots = new Uint32Array(LEAST_SLOTS);

  function insert(list: L, start: number): void {
    const mask = slots.length - 1;
    for (let n = 0; n < list.count; n += 1) {
      const digest = list.digest(n);
      let slot = slotOf(digest, mask);
      while (slots[slot] !== 0 && !repeats(list, (slots[slot] ?? 0) - 1 - start, digest))
        slot = (slot + 1) & mask;
      if (slots[slot] === 0) slots[slot] = start + n + 1;
    }
  }

  /** An image of a disk has one chunk of zeros a hundred thousand times: in one list one place is enough, or looking for room would take for ever. */
  function repeats(list: L, n: number, digest: Uint8Array): boolean {
    return n >= 0 && Buffer.compare(list.digest(n), digest) === 0;
  }

  /** Makes room for so many entries more and forgets what was taken out. */
  function grow(more: number): void {
    const kept = lists.filter(list => list !== undefined);
    const total = kept.reduce((sum, list) => sum + list.count, more);
    let size = LEAST_SLOTS;
    while (size < total * 2) size *= 2;
    slots = new Uint32Array(size);
    lists = kept;
    starts = [0];
    for (const list of kept) {
      const start = starts.at(-1) ?? 0;
      insert(list, start);
      starts.push(start + list.count);
    }
  }

  return {
    add(list) {
      const next = starts.at(-1) ?? 0;
      // At three quarters the ways through the table are still short.
      if ((next + list.count) * 4 > slots.length * 3) grow(list.count);
      const start = starts.at(-1) ?? 0;
      insert(list, start);
      lists.push(list);
      starts.push(start + list.count);
    },
    remove(list) {
      const at = lists.indexOf(list);
      if (at >= 0) lists[at] = undefined;
    },
    *find(digest) {
      const mask = slots.length - 1;
      for (let slot = slotOf(digest, mask); slots[slot] !== 0; slot = (slot + 1) & mask) {
        const entry = (slots[slot] ?? 0) - 1;
        const at = lastAtOrBefore(starts, entry);
        const list = lists[at];
        if (list === undefined) continue;
        const n = entry - (starts[at] ?? 0);
        if (Buffer.compare(list.digest(n), digest) === 0) yield { list, n };
      }
    },
  };
}

function slotOf(digest: Uint8Array, mask: number): number {
  // By number: taken apart as a list it would take ten times as long.
  const a = digest[0] ?? 0;
  const b = digest[1] ?? 0;
  const c = digest[2] ?? 0;
  const d = digest[3] ?? 0;
  return (a | (b << 8) | (c << 16) | (d << 24)) & mask;
}

/** Empty lists begin where the next one does: the last of them is the one that has the entry. */
function lastAtOrBefore(starts: readonly number[], entry: number): number {
  let low = 0;
  let high = starts.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if ((starts[middle] ?? 0) <= entry) low = middle;
    else high = middle - 1;
  }
  return low;
}
