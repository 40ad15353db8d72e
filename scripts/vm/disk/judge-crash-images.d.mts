// Types of judge-crash-images.mjs.
import type { CrashImage, crashImages } from './crash-images.mjs';

export interface Verdict {
  readonly point: number;
  readonly timeMs: number;
  readonly unflushed: number;
  readonly kept: number;
  readonly torn: number;
  readonly lastMark: string | undefined;
  /** What is wrong, in sentences; empty where nothing is. */
  readonly wrong: readonly string[];
}

export function judgeCrashImages(
  options: Parameters<typeof crashImages>[0] & {
    readonly partition?: number;
    readonly type: 'ext4' | 'ntfs';
    /** 2 */
    readonly atOnce?: number;
  },
  judge: (root: string, image: CrashImage) => Promise<readonly string[]> | readonly string[],
): Promise<readonly Verdict[]>;
