// Of several missing chunks with the same bytes (the zeros of a disk image, a file in two archives) one is fetched, and the others are copied from it.
import { digestTable } from '../content/digest-table.ts';
import { Fault } from '../fault/fault.ts';
import type { AcquireWorld } from './acquire.ts';
import type { FileWork } from './file-work.ts';
import { fillFromSeeds } from './fill-from-seeds.ts';
import { placesIn, type SeedList, type SeedPlaces } from './seed-map.ts';
import type { Transferred } from './transfer.ts';

/** The missing chunks of one file. */
interface MissingChunks extends SeedList {
  readonly work: FileWork;
  chunk(n: number): number;
}

/**
 * Fetches what is missing but the repeats, then copies these.
 * @param fetch fetches whatever the works say is missing. @returns what it took; what was copied is durable. Faults: those of `fetch`, DISK-*, STOP-01.
 */
export async function withoutRepeats(
  works: readonly FileWork[],
  fetch: () => Promise<Transferred>,
  { durable, signal }: Pick<AcquireWorld, 'durable' | 'signal'>,
): Promise<Transferred & { readonly copiedBytes: number }> {
  const { aside, places } = setAside(works);
  const fetched = await fetch();
  const stopIfAsked = (): void => {
    if (signal?.aborted) throw new Fault('STOP-01', 'copying repeated chunks');
  };
  let copiedBytes = 0;
  for (const [work, flags] of aside) {
    work.missing = flags;
    copiedBytes += await fillFromSeeds(work, places, { durable, stopIfAsked });
  }
  if (works.every(work => work.missing === 'nothing')) return { ...fetched, copiedBytes };
  // The disk does not give back what was just written to it: a source gives it again.
  const again = await fetch();
  const bySource = { ...fetched.bySource };
  for (const [name, bytes] of Object.entries(again.bySource)) bySource[name] = (bySource[name] ?? 0) + bytes;
  return {
    fetchedBytes: fetched.fetchedBytes + again.fetchedBytes,
    packIndexBytes: fetched.packIndexBytes + again.packIndexBytes,
    bySource,
    copiedBytes,
  };
}

/** Takes every repeated chunk out of what is missing. @returns them, one flag a chunk, and where their bytes will lie. */
function setAside(works: readonly FileWork[]): {
  readonly aside: ReadonlyMap<FileWork, Uint8Array>;
  readonly places: SeedPlaces;
} {
  const table = digestTable<MissingChunks>();
  const repeated = repeatedKeys(works);
  const lists = repeated.size === 0 ? [] : works.flatMap(work => missingChunks(work, repeated));
  for (const list of lists) table.add(list);
  const aside = new Map<FileWork, Uint8Array>();
  for (const list of lists) {
    for (let n = 0; n < list.count; n += 1) {
      const [first] = table.find(list.digest(n));
      if (first === undefined || (first.list === list && first.n === n)) continue;
      const flags = aside.get(list.work) ?? new Uint8Array(list.work.index?.count ?? 0);
      flags[list.chunk(n)] = 1;
      aside.set(list.work, flags);
    }
  }
  for (const [{ missing }, flags] of aside)
    if (missing instanceof Uint8Array) for (const chunk of numbersOf(flags)) missing[chunk] = 0;
  return { aside, places: placesIn(table) };
}

/**
 * The keys that several missing chunks have. Most content repeats nothing, and numbers are sorted in far less time than a
 * table of the digests is made.
 */
function repeatedKeys(works: readonly FileWork[]): ReadonlySet<number> {
  const lists = works.map(({ index, missing }) =>
    index === undefined || !(missing instanceof Uint8Array)
      ? new Float64Array()
      : Float64Array.from(numbersOf(missing), index.digestKey),
  );
  const keys = new Float64Array(lists.reduce((sum, list) => sum + list.length, 0));
  let at = 0;
  for (const list of lists) {
    keys.set(list, at);
    at += list.length;
  }
  keys.sort();
  const repeated = new Set<number>();
  for (let n = 1; n < keys.length; n += 1) if (keys[n] === keys[n - 1]) repeated.add(keys[n]!);
  return repeated;
}

/** Those whose key several have. */
function missingChunks(work: FileWork, repeated: ReadonlySet<number>): readonly MissingChunks[] {
  const { index, missing, assemble } = work;
  if (index === undefined || !(missing instanceof Uint8Array)) return [];
  const chunks = numbersOf(missing).filter(chunk => repeated.has(index.digestKey(chunk)));
  const chunk = (n: number): number => chunks[n] ?? 0;
  return [
    {
      work,
      count: chunks.length,
      chunk,
      digest: n => index.digest(chunk(n)),
      place: n => ({ path: assemble, offset: index.offset(chunk(n)) }),
    },
  ];
}

/** The numbers of the chunks that are flagged. */
function numbersOf(flags: Uint8Array): Uint32Array {
  const numbers = new Uint32Array(flags.length);
  let count = 0;
  for (let chunk = flags.indexOf(1); chunk >= 0; chunk = flags.indexOf(1, chunk + 1))
    numbers[count++] = chunk;
  return numbers.subarray(0, count);
}
