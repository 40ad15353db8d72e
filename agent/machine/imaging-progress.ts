// Native progress as the contract promises it: bytes from 0 to a total that is told once, never falling, ending at the total.
import type { Advance } from '../progress/event.ts';

export interface ImagingProgress {
  /** Reports `doneBytes` of `totalBytes` as the library counts; a fall, or a total of zero, is left out. */
  to(doneBytes: number, totalBytes: number): void;
  /** Reports a share of the whole, for libraries that only know percent. */
  toShare(share: number): void;
  /** Reports that everything is done. */
  end(): void;
}

/** @param expectedBytes the total until the library names one. */
export function imagingProgress(advance: Advance | undefined, expectedBytes: number): ImagingProgress {
  let total = expectedBytes;
  let done = -1;
  const report = (doneBytes: number): void => {
    const next = Math.min(Math.max(Math.floor(doneBytes), 0), total);
    if (next <= done) return;
    done = next;
    advance?.(done, total);
  };
  return {
    to(doneBytes, totalBytes) {
      // The total may only be corrected before anything was reported against the old one.
      if (done <= 0 && totalBytes > 0) total = totalBytes;
      if (totalBytes > 0) report((doneBytes / totalBytes) * total);
    },
    toShare: share => report(share * total),
    end: () => report(total),
  };
}
