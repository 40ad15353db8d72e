// What a survey finds, as data: one item of the task-sequence cache, its files, and every range that is not what it should be.

/**
 * `present`: every file matches. `damaged`: the version that is wanted lies there, but bytes differ or files are gone. `changed`: something
 * else lies there, of which parts may serve. `missing`: nothing lies there.
 */
export type Outcome = 'present' | 'changed' | 'damaged' | 'missing';

/** Bytes of a file that are not what the manifest says. */
export interface BadRange {
  /** The file's path in its item. */
  readonly file: string;
  readonly offset: number;
  readonly length: number;
  /** SHA-256 of the range as the manifest or the chunk index has it. */
  readonly expected: string;
  /** SHA-256 of what is there; empty where the file ends before the range does; `unreadable (EIO)` where the disk does not give it. */
  readonly found: string;
}

/** One file of the item, looked at in its place. A name that is no plain file, or lies behind a link, is `missing`. */
export interface FileSurvey {
  readonly path: string;
  readonly sizeBytes: number;
  readonly state: 'present' | 'damaged' | 'missing';
  /** The size found, where it is another. */
  readonly foundSizeBytes?: number;
  /** Empty for a missing file, and for one that is only too long. A file without chunk index is one range. */
  readonly badRanges: readonly BadRange[];
}

/** The three byte counts add up to `totalBytes`. */
export interface ItemSurvey {
  readonly id: string;
  readonly version: string;
  /** Of the manifest that was asked for. */
  readonly digest: string;
  readonly outcome: Outcome;
  readonly totalBytes: number;
  /** Right where they are: all of a present item, the sound part of a damaged one; 0 for others, which are staged anew. */
  readonly presentBytes: number;
  /**
   * Elsewhere on the machine: in this item's folders (another version, a partial, a retired one), proven, and in other items that were looked at
   * with it. What chunk indexes are not at hand to tell counts as `fetchBytes`.
   */
  readonly reusableBytes: number;
  readonly fetchBytes: number;
  readonly files: readonly FileSurvey[];
  /** Names in the item's folder that the manifest does not have; gone when the item is staged next. They do not change the outcome. */
  readonly extra: readonly string[];
}
