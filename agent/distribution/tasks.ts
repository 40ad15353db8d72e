// What is left to fetch of an item, as tasks that any source can take up and hand back. Pure but for the work they name.
import type { ChunkIndex } from '../content/chunk-index.ts';
import { onDistributionPoint } from '../content/layout.ts';
import type { ContentReference } from '../content/manifest.ts';
import { bytesOf, type ChunkRun, type PortionLimits, portionsOf, runsOf } from './chunk-runs.ts';
import { type FileWork, missingBytes } from './file-work.ts';

interface Named {
  readonly work: FileWork;
  /** The file's path at the source, and the item's file for people. */
  readonly from: string;
  readonly subject: string;
}

/** A small file, whole. */
export interface FileTask extends Named {
  readonly kind: 'file';
}

/** Some runs of chunks of a large file. */
export interface ChunksTask extends Named {
  readonly kind: 'chunks';
  readonly index: ChunkIndex;
  readonly runs: readonly ChunkRun[];
  /** The source gives no ranges: the whole file passes by, and the runs are picked out of it. */
  readonly whole?: boolean;
}

export type Task = FileTask | ChunksTask;

/** Not too small, since each is a request, and the last ones short, so that all connections end together. */
const PORTION_BYTES = {
  least: 8 * 1024 * 1024,
  most: 512 * 1024 * 1024,
  perLane: 4,
  leftPerLane: 2,
} as const;

/** Most runs of a portion: what a source leaves of it when it fails goes back as one. */
const MOST_RUNS = 64;

/**
 * @param lanes how many requests are under way at once: scattered runs are dealt out to all of them, since each waits for its answer.
 * @param unmeasured so many portions at the beginning are small: as many as take them at once, where the speed of one is not known and might be low.
 */
export function tasksOf(
  works: readonly FileWork[],
  { id, version }: Pick<ContentReference, 'id' | 'version'>,
  lanes: number,
  unmeasured = 0,
): readonly Task[] {
  const limits = portionLimits(works, lanes);
  let small = unmeasured;
  return works.flatMap((work): readonly Task[] => {
    const { file, index, missing } = work;
    if (missing === 'nothing') return [];
    const named = {
      work,
      from: onDistributionPoint.file(id, version, file.path),
      subject: `${id} ${file.path}`,
    };
    if (missing === 'whole' || index === undefined) return [{ ...named, kind: 'file' }];
    const first = { bytes: PORTION_BYTES.least, portions: small };
    const portions = portionsOf(runsOf(missing), index, { ...limits, first });
    small = Math.max(0, small - portions.length);
    return portions.map(runs => ({ ...named, kind: 'chunks', index, runs }));
  });
}

/** @returns how many bytes of content the task brings. */
export function bytesOfTask(task: Task): number {
  return task.kind === 'file' ? task.work.file.size : bytesOf(task.runs, task.index);
}

function portionLimits(works: readonly FileWork[], lanes: number): PortionLimits {
  const { least, most, perLane, leftPerLane } = PORTION_BYTES;
  const bytes = works.reduce((sum, work) => sum + missingBytes(work), 0);
  const runs = works.reduce(
    (sum, { missing }) => sum + (missing instanceof Uint8Array ? runsOf(missing).length : 0),
    0,
  );
  return {
    bytes: Math.min(most, Math.max(least, bytes / (lanes * perLane))),
    shrinking: { toBytes: least, timesLeft: lanes * leftPerLane },
    runs: Math.min(MOST_RUNS, Math.max(1, Math.ceil(runs / (lanes * 2)))),
  };
}
