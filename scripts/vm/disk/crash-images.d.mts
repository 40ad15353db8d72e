// Types of crash-images.mjs.
import type { CutPolicy, CutResult } from './surviving-writes.mjs';
import type { ReadLog } from './write-log.mjs';

export interface CrashImage extends CutResult {
  /** The raw image; yours to change, and to `remove`. */
  readonly file: string;
  /** So many entries of the log had happened. */
  readonly point: number;
  readonly timeMs: number;
  /** The texts of the marks that had been made, in order. */
  readonly marksBefore: readonly string[];
  remove(): void;
}

/**
 * @param options.log the file, or the run that readWriteLog read from it
 * @param options.base the image as it was when the run began
 * @param options.points as drawCrashPoints draws them
 * @param options.seed decides with the point what survives
 * @param options.folder made if it is not there. Where its file system can share blocks (scratch-file-system.mjs), an image costs nearly nothing
 * @param options.policy `mixed`
 */
export function crashImages(options: {
  readonly log: string | ReadLog;
  readonly base: string;
  readonly points: readonly number[];
  readonly seed: number;
  readonly folder: string;
  readonly policy?: CutPolicy;
}): AsyncGenerator<CrashImage, void, undefined>;
