// What the lanes of a transfer work with. Types alone, so that the ways of fetching need not know each other.
import type { AcquireWorld } from './acquire.ts';
import type { ChunkFetch } from './fetch-chunks.ts';
import type { FileWork } from './file-work.ts';
import type { FlushBehind } from './flush-behind.ts';
import type { AtWork } from './lanes.ts';
import type { Meter } from './meter.ts';
import type { Source } from './source.ts';
import type { SourceChoice } from './source-choice.ts';
import type { ChunksTask } from './tasks.ts';

/** Of one transfer. */
export interface TransferTools {
  readonly choice: SourceChoice;
  readonly world: AcquireWorld;
  readonly meter: Meter;
  readonly behind: FlushBehind;
  readonly atWork: AtWork;
}

/** Of the sources of one rank. */
export interface LaneWorld extends TransferTools {
  readonly signal: AbortSignal;
  /** Whole files that pass by from a source without ranges. */
  readonly passes: Map<Source, Map<FileWork, Promise<void>>>;
  /** The sources at work together. */
  readonly rank: readonly Source[];
  /** A source that is at least as near has come back: what is not under way is left to it. */
  readonly isInterrupted: () => boolean;
  /** Nobody gives parts of what is left: whole files may pass by. */
  readonly lastResort: boolean;
}

/** Fetches the runs of a task from the lane's source; `advance` is told of proven bytes. */
export type FetchChunks = (task: ChunksTask, advance: (bytes: number) => void) => Promise<ChunkFetch>;
