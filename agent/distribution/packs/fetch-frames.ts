// Fetches frames of a pack from one source, a range of neighbours at a time. Resumes a broken transfer at the first frame that is not taken; what a frame
// holds is handed over only whole, and proven by whoever takes it.
import type { PackFrame } from '../../content/pack-index.ts';
import { allEnded } from '../../fault/all-ended.ts';
import { Fault } from '../../fault/fault.ts';
import { isWorthRepeating, type Patience, pauseBefore } from '../retry.ts';
import type { Source } from '../source.ts';
import { isOurOwn } from '../source-failure.ts';
import { rangesOf } from './choose-frames.ts';
import type { FrameBuffers } from './frame-buffers.ts';

export interface FrameOrder {
  /** The pack's path at the source, and its length as the index says. */
  readonly pack: string;
  readonly packBytes: number;
  /** Ascending. */
  readonly frames: readonly PackFrame[];
  /** What another request costs, in bytes: a gap of at most so many is fetched along and passed over. */
  readonly gapBytes: number;
  /** The source gives no ranges: the whole pack passes by. */
  readonly whole?: boolean;
}

export interface FrameFetchWorld {
  readonly source: Source;
  readonly patience: Patience;
  /** Inflates, proves and places the units of a frame, while the next one comes. TRUST-17 when it is not what it should be: that ends the fetch. */
  readonly take: (frame: PackFrame, packed: Uint8Array) => Promise<void>;
  readonly buffers: FrameBuffers;
  /** Bytes that came, also those in vain. */
  readonly received: (bytes: number) => void;
}

/** When `left` is not empty, `failure` says why; what is not left has been taken. */
export interface FrameFetch {
  readonly left: readonly PackFrame[];
  readonly failure?: Fault;
}

/** Throws only what another source cannot help: DISK-*, STOP-01, BUG-01. A frame that comes gives a failing source its patience back. */
export async function fetchFrames(order: FrameOrder, world: FrameFetchWorld): Promise<FrameFetch> {
  const { patience } = world;
  const left = [...order.frames];
  const link: PackLink = {};
  for (let failures = 0; left.length > 0; ) {
    const before = left.length;
    let opened = false;
    try {
      await fetchRange(order, left, link, world, () => {
        opened = true;
      });
    } catch (thrown) {
      if (!(thrown instanceof Fault) || isOurOwn(thrown)) throw thrown;
      if (left.length < before) failures = 0;
      if (failures >= patience.retryCount) return { left, failure: thrown };
      failures++;
      if (thrown.code === 'NET-11') {
        // Another pack than before, or the same under another tag: frames prove themselves.
        delete link.validator;
        continue;
      }
      // A request that failed before its bytes came has been repeated by the source itself.
      if (!opened || !isWorthRepeating(thrown)) return { left, failure: thrown };
      await pauseBefore(failures - 1, thrown, patience);
    }
  }
  return { left };
}

/** So many frames of a connection wait for a thread, at most. */
const FRAMES_AHEAD = 2;

/** What ties the next request to the same file. */
interface PackLink {
  validator?: string;
}

/** One request; each frame that is taken leaves `left`. */
async function fetchRange(
  { pack, packBytes, gapBytes, whole = false }: FrameOrder,
  left: PackFrame[],
  link: PackLink,
  { source, patience: { signal }, take, received, buffers }: FrameFetchWorld,
  onOpen: () => void,
): Promise<void> {
  const [first] = rangesOf(left, whole ? packBytes : gapBytes, Number.POSITIVE_INFINITY);
  if (first === undefined) return;
  const range = whole ? { start: 0, end: packBytes } : { start: first.start, end: first.end };
  const { bytes, validator } = await source.read(pack, {
    expectedSize: packBytes,
    ...(whole ? {} : { range }),
    ...(link.validator === undefined ? {} : { validator: link.validator }),
    ...(signal ? { signal } : {}),
  });
  onOpen();
  if (validator !== undefined) link.validator = validator;
  let packOffset = range.start;
  let next = 0;
  const frames = whole ? [...left] : first.frames;
  let buffer = buffers.lend(frames[next]?.packedBytes ?? 0);
  /** Frames before, in order: some are taken while the next one comes. All stay listed, so that the first failure is the one that is told. */
  const taking: Promise<void>[] = [];
  let awaited = 0;
  const begin = (frame: PackFrame, packed: Uint8Array<SharedArrayBuffer>): void => {
    const taken = take(frame, packed).then(() => {
      left.splice(left.indexOf(frame), 1);
      buffers.giveBack(packed);
    });
    // It is waited for, and its failure thrown, before a later one and at the end.
    taken.catch(() => {});
    taking.push(taken);
  };
  try {
    for await (const piece of bytes) {
      received(piece.length);
      const end = packOffset + piece.length;
      for (let frame = frames[next]; frame !== undefined && frame.offset < end; frame = frames[next]) {
        const from = Math.max(frame.offset, packOffset);
        const to = Math.min(frame.offset + frame.packedBytes, end);
        buffer.set(piece.subarray(from - packOffset, to - packOffset), from - frame.offset);
        if (to < frame.offset + frame.packedBytes) break;
        if (taking.length - awaited >= FRAMES_AHEAD) await taking[awaited++];
        begin(frame, buffer);
        next += 1;
        if (next === frames.length) return;
        buffer = buffers.lend(frames[next]!.packedBytes);
      }
      packOffset = end;
    }
  } finally {
    await allEnded(taking);
  }
}
