// Random-looking values that are the same at every run of a test: a failure names its seed and comes back.

/** Draws from one seed. */
export interface Seeded {
  /** A number in [0, 1). */
  next(): number;
  /** A whole number in [0, below). */
  int(below: number): number;
  bytes(length: number): Buffer<ArrayBuffer>;
  pick<T>(from: readonly T[]): T;
}

/** mulberry32, by Tommy Ettinger (public domain): 32 bits of state, good enough to spread cases. */
export function seeded(seed: number): Seeded {
  let state = seed >>> 0;
  const word = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const int = (below: number): number => Math.floor((word() / 0x1_0000_0000) * below);
  return {
    next: () => word() / 0x1_0000_0000,
    int,
    bytes: length => {
      const bytes = Buffer.alloc(length);
      for (let at = 0; at + 4 <= length; at += 4) bytes.writeUInt32LE(word(), at);
      for (let at = length - (length % 4); at < length; at += 1) bytes[at] = word();
      return bytes;
    },
    pick: from => {
      const picked = from[int(from.length)];
      if (picked === undefined) throw new Error('nothing to pick from');
      return picked;
    },
  };
}
