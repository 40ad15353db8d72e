// Memory for frames on their way to a worker thread, shared with it and used again: touching memory for the first time costs more than inflating what it holds.
import { MAX_FRAME_BYTES } from '../../content/pack-index.ts';

export interface FrameBuffers {
  /** @returns so many bytes of whatever content. */
  lend(bytes: number): Uint8Array<SharedArrayBuffer>;
  /** They are lent again: nobody may read or write them any more. What is never given back is collected. */
  giveBack(bytes: Uint8Array<SharedArrayBuffer>): void;
}

/** Grows to as many buffers as are lent at once. */
export function openFrameBuffers(): FrameBuffers {
  const free: SharedArrayBuffer[] = [];
  return {
    lend(bytes) {
      const at = free.findLastIndex(buffer => buffer.byteLength >= bytes);
      const [buffer] = at < 0 ? [] : free.splice(at, 1);
      // What did not shrink is longer than that, and rare.
      return new Uint8Array(buffer ?? new SharedArrayBuffer(Math.max(bytes, MAX_FRAME_BYTES)), 0, bytes);
    },
    giveBack({ buffer }) {
      free.push(buffer);
    },
  };
}
