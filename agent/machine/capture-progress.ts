// How far a capture by wimgapi.dll is, from the messages that it sends for one image after the other.
import type { Advance } from '../progress/event.ts';
import { imagingProgress } from './imaging-progress.ts';

export interface CaptureProgress {
  /** WIM_MSG_SETRANGE: how many files the image has. */
  range(files: number): void;
  /** WIM_MSG_SETPOS: how many of them are captured. */
  position(files: number): void;
  /** WIM_MSG_PROGRESS, documented for applying alone; finer than the position where it comes. */
  percent(percent: number): void;
  /** The image is captured; what follows is about the next one. */
  endImage(): void;
  /** The WIM is whole. */
  end(): void;
}

/** @param imageBytes what the files of each image hold, in the order of the capture. */
export function captureProgress(
  imageBytes: readonly number[],
  advance: Advance | undefined,
): CaptureProgress {
  const meter = imagingProgress(
    advance,
    imageBytes.reduce((sum, bytes) => sum + bytes, 0),
  );
  const total = Math.max(
    1,
    imageBytes.reduce((sum, bytes) => sum + bytes, 0),
  );
  let image = 0;
  let bytesBefore = 0;
  let files = 0;
  let hasPercent = false;
  const toShareOfImage = (share: number): void =>
    meter.toShare((bytesBefore + Math.min(1, share) * (imageBytes[image] ?? 0)) / total);
  return {
    range(count) {
      files = count;
    },
    position(done) {
      if (!hasPercent && files > 0) toShareOfImage(done / files);
    },
    percent(percent) {
      hasPercent = true;
      toShareOfImage(percent / 100);
    },
    endImage() {
      bytesBefore += imageBytes[image] ?? 0;
      image += 1;
      files = 0;
      hasPercent = false;
      toShareOfImage(0);
    },
    end: () => meter.end(),
  };
}
