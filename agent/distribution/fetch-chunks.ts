// Fetches chunks of one file from one source into its partial file. Resumes a broken transfer at the first chunk that is not proven, and
// never writes a byte that is not.
import type { ChunkIndex } from '../content/chunk-index.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import { Fault } from '../fault/fault.ts';
import { type ChunkRun, joinedRuns, runsOf } from './chunk-runs.ts';
import { type ChunkWriter, openChunkWriter } from './chunk-writer.ts';
import { isWorthRepeating, type Patience, pauseBefore } from './retry.ts';
import type { Source } from './source.ts';
import { isOurOwn } from './source-failure.ts';

/** Memory for `scratch` when no worker lends its own: room for several chunks of the longest kind. */
export const FETCH_SCRATCH_BYTES = 2 * 1024 * 1024;

export interface ChunkOrder {
  /** The file's path at the source, and the item's file for people (`ABC00012 files/a.bin`). */
  readonly from: string;
  readonly subject: string;
  readonly index: ChunkIndex;
  readonly runs: readonly ChunkRun[];
  /** The partial file; made when absent. */
  readonly to: string;
  /** What another request costs, in bytes: a gap of at most so many between two runs is fetched along and passed over. None unless given. */
  readonly gapBytes?: number;
  /** Readers may see the file: its bytes are flushed at the end. Else whoever swaps it in flushes what is not flushed by then. */
  readonly live: boolean;
  /** The source gives no ranges: the whole file passes by, and what is needed is picked out of it. */
  readonly whole?: boolean;
}

export interface ChunkFetchWorld {
  readonly source: Source;
  readonly durable: DurableFiles;
  readonly patience: Patience;
  readonly scratch: Uint8Array;
  /** Proven bytes since the last call. */
  readonly advance: (bytes: number) => void;
}

/** What came of it. When `left` is not empty, `failure` says why; what is not left is written, and of a live file durable. */
export interface ChunkFetch {
  readonly fetchedBytes: number;
  /** Written, and left for others to flush. */
  readonly unflushedBytes: number;
  readonly left: readonly ChunkRun[];
  readonly failure?: Fault;
}

/**
 * A source that gives no ranges ends it with NET-08 and `detail.wholeOnly`: then it may be asked again, for the whole.
 * Throws only what another source cannot help: DISK-*, STOP-01, BUG-01.
 */
export async function fetchChunks(order: ChunkOrder, world: ChunkFetchWorld): Promise<ChunkFetch> {
  const { index, to } = order;
  const missing = new Uint8Array(index.count);
  for (const { first, last } of order.runs) missing.fill(1, first, last);
  const partial = await world.durable.openPartial(to);
  try {
    const state = {
      missingChunks: order.runs.reduce((sum, { first, last }) => sum + last - first, 0),
      fetchedBytes: 0,
    };
    const writer = openChunkWriter({
      index,
      partial,
      scratch: world.scratch,
      wants: chunk => missing[chunk] !== 0,
      proven: chunk => {
        missing[chunk] = 0;
        state.missingChunks--;
        world.advance(index.length(chunk));
      },
    });
    const failure = await keepTrying({ order, world, writer, missing, state });
    const unflushedBytes = await writer.settle(order.live);
    const { fetchedBytes } = state;
    return { fetchedBytes, unflushedBytes, left: runsOf(missing), ...(failure ? { failure } : {}) };
  } finally {
    await partial.close();
  }
}

interface Transfer {
  readonly order: ChunkOrder;
  readonly world: ChunkFetchWorld;
  readonly writer: ChunkWriter;
  readonly missing: Uint8Array;
  readonly state: { missingChunks: number; fetchedBytes: number };
}

/** @returns the fault that ended it; undefined when nothing is missing any more. A proven chunk gives a failing source its patience back. */
async function keepTrying(transfer: Transfer): Promise<Fault | undefined> {
  const { state, world } = transfer;
  const { patience } = world;
  let link: FileLink = {};
  for (let failures = 0; ; ) {
    const missingBefore = state.missingChunks;
    const ended = await fetchAllRuns(transfer, link);
    if (ended === 'complete') return undefined;
    if (state.missingChunks < missingBefore) failures = 0;
    const { fault, opened } = ended;
    if (failures >= patience.retryCount) return fault;
    failures++;
    if (fault.code === 'NET-11') {
      // Another file than before, or the same under another tag, as several servers behind one name give it. What is proven stays proven, whichever file it
      // came from; the rest is asked for anew, at once, and proven too.
      link = {};
      continue;
    }
    // A request that failed before its bytes came has been repeated by the source itself.
    if (!opened || !isWorthRepeating(fault)) return fault;
    await pauseBefore(failures - 1, fault, patience);
  }
}

/** What ties the next request to the same file. */
interface FileLink {
  validator?: string;
}

type Ended =
  | 'complete'
  | { readonly fault: Fault /** The bytes had begun to come. */; readonly opened: boolean };

async function fetchAllRuns(transfer: Transfer, link: FileLink): Promise<Ended> {
  for (;;) {
    if (transfer.state.missingChunks === 0) return 'complete';
    const { index, gapBytes = 0, whole = false } = transfer.order;
    const all = { first: 0, last: index.count };
    const [run = all] = whole ? [all] : joinedRuns(runsOf(transfer.missing), index, gapBytes);
    let opened = false;
    try {
      await fetchRun(transfer, link, run, () => {
        opened = true;
      });
    } catch (thrown) {
      // What is proven goes to the disk before anything is decided.
      await transfer.writer.settle(false);
      if (!(thrown instanceof Fault) || isOurOwn(thrown)) throw thrown;
      return { fault: thrown, opened };
    }
  }
}

async function fetchRun(
  transfer: Transfer,
  link: FileLink,
  run: ChunkRun,
  onOpen: () => void,
): Promise<void> {
  const { order, world, writer, state } = transfer;
  const { index, from, whole = false } = order;
  const { signal } = world.patience;
  // Before anything is asked for: a disk that fails here leaves no answer behind.
  await writer.begin(run.first);
  const { bytes, validator } = await world.source.read(from, {
    expectedSize: index.sizeBytes,
    ...(whole ? {} : { range: { start: index.offset(run.first), end: index.offset(run.last) } }),
    ...(link.validator === undefined ? {} : { validator: link.validator }),
    ...(signal ? { signal } : {}),
  });
  onOpen();
  if (validator !== undefined) link.validator = validator;
  for await (const piece of bytes) {
    state.fetchedBytes += piece.length;
    const rotten = await writer.take(piece);
    // The rest of a whole file that passes by for a few of its chunks is of no use.
    if (state.missingChunks === 0) return;
    if (!rotten) continue;
    const { chunk, found } = rotten;
    throw new Fault('NET-07', order.subject, {
      source: world.source.name,
      offset: index.offset(chunk),
      length: index.length(chunk),
      expected: index.digestHex(chunk),
      found,
    });
  }
}
