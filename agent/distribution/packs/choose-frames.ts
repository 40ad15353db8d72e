// Which frames of a pack are worth fetching: those that cost less than the same bytes as plain files, requests counted as the bytes that they cost. Pure.
import type { PackFrame } from '../../content/pack-index.ts';

/** A range of several frames is not longer, so that each connection has its part. */
export const RANGE_BYTES = 8 * 1024 * 1024;

/** A frame and what would have to be fetched in its place. */
export interface FrameOffer {
  readonly frame: PackFrame;
  /** Missing bytes that the frame holds. */
  readonly plainBytes: number;
  /** Requests that they would take. */
  readonly plainRequests: number;
}

/**
 * The cheapest way through the pack, front to back: at each frame either a request is under way (it goes on at the price of the frame, or ends) or none is (one
 * begins at the price of a request, or the frame's bytes are fetched as plain files).
 * @param requestBytes what one request costs, in bytes. Infinity: the source gives no ranges, so that it is the whole pack or nothing.
 * @returns the frames to fetch, in order; those among them that hold nothing missing are left out, whoever joins ranges passes over them.
 */
export function chooseFrames(offers: readonly FrameOffer[], requestBytes: number): readonly PackFrame[] {
  if (requestBytes === Number.POSITIVE_INFINITY) return wholeOrNothing(offers);
  /** Per frame: whether the best way there with a request under way came with one, and the same without. */
  const openCameOpen = new Uint8Array(offers.length);
  const shutCameOpen = new Uint8Array(offers.length);
  let open = Number.POSITIVE_INFINITY;
  let shut = 0;
  for (const [at, { frame, plainBytes, plainRequests }] of offers.entries()) {
    const fetched = frame.packedBytes;
    const plain = plainBytes + plainRequests * requestBytes;
    if (open < shut + requestBytes) openCameOpen[at] = 1;
    if (open < shut) shutCameOpen[at] = 1;
    [open, shut] = [Math.min(open, shut + requestBytes) + fetched, Math.min(open, shut) + plain];
  }
  const chosen: PackFrame[] = [];
  let isOpen = open < shut;
  for (let at = offers.length - 1; at >= 0; at--) {
    const { frame, plainBytes } = offers[at]!;
    if (isOpen && plainBytes > 0) chosen.push(frame);
    isOpen = (isOpen ? openCameOpen : shutCameOpen)[at] === 1;
  }
  return chosen.reverse();
}

/** Each plain file would be fetched whole as well; they are counted at their missing bytes, which speaks for them. */
function wholeOrNothing(offers: readonly FrameOffer[]): readonly PackFrame[] {
  const pack = offers.reduce((sum, { frame }) => sum + frame.packedBytes, 0);
  const plain = offers.reduce((sum, { plainBytes }) => sum + plainBytes, 0);
  return pack < plain ? offers.filter(({ plainBytes }) => plainBytes > 0).map(({ frame }) => frame) : [];
}

/** Frames that one request brings: neighbours, and those behind a gap that costs less than another request. */
export interface FrameRange {
  readonly start: number;
  readonly end: number;
  readonly frames: readonly PackFrame[];
}

/** @param frames ascending. @param mostBytes a range of several frames is not longer: another connection takes the next. */
export function rangesOf(
  frames: readonly PackFrame[],
  gapBytes: number,
  mostBytes: number,
): readonly FrameRange[] {
  const ranges: { start: number; end: number; frames: PackFrame[] }[] = [];
  for (const frame of frames) {
    const end = frame.offset + frame.packedBytes;
    const last = ranges.at(-1);
    if (last !== undefined && frame.offset - last.end <= gapBytes && end - last.start <= mostBytes) {
      last.frames.push(frame);
      last.end = end;
    } else ranges.push({ start: frame.offset, end, frames: [frame] });
  }
  return ranges;
}
