// Makes one content item of the cache whole: reuses every local byte that its digest vouches for, fetches only the rest, verifies on arrival,
// and swaps the item in whole (another version) or mends it in place (same version, damaged).
import type { CacheLayout } from '../content/layout.ts';
import type { ContentManifest, ContentReference } from '../content/manifest.ts';
import type { WorkerPool } from '../content/worker-pool.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import type { Fault } from '../fault/fault.ts';
import type { Clock } from '../progress/clock.ts';
import type { Observe } from '../progress/event.ts';
import type { RunProgress } from '../progress/run-progress.ts';
import { THREADS_FROM_BYTES } from './chunk-fetchers.ts';
import { openChunkIndexes } from './chunk-indexes.ts';
import { type Deadline, signalWithin } from './deadline.ts';
import { isFolder } from './local-tree.ts';
import { mendItem } from './mend-item.ts';
import type { SeedMap } from './seed-map.ts';
import type { Source } from './source.ts';
import { openSourceChoice } from './source-choice.ts';
import type { SourceHealth } from './source-health.ts';
import { stageItem } from './stage-item.ts';
import { recoverSwap } from './swap.ts';
import type { TransferSettings } from './transfer-settings.ts';

export type { TransferSettings } from './transfer-settings.ts';

/** What `acquire` works with. */
export interface AcquireWorld {
  readonly layout: CacheLayout;
  readonly durable: DurableFiles;
  readonly pool: WorkerPool;
  readonly sources: readonly Source[];
  readonly clock: Clock;
  readonly random: () => number;
  readonly observe: Observe;
  readonly settings: TransferSettings;
  /** What the run knows of its sources; without it nothing is known beforehand. */
  readonly health?: SourceHealth;
  /** What else on the machine may hold wanted bytes; without it an item's own folders are looked through alone. */
  readonly seeds?: SeedMap;
  /** Of all items of a run together. */
  readonly progress?: RunProgress;
  readonly signal?: AbortSignal;
  readonly deadline?: Deadline;
  /** Told of each wait for a source. */
  readonly pauses?: (source: string, fault: Fault, waitMs: number) => void;
}

/** One item to make whole. `manifest` is verified against `reference.digest` by the caller. */
export interface AcquireRequest {
  readonly reference: ContentReference;
  readonly manifest: ContentManifest;
  /** The manifest of what lies in the cache now when that is another version: its files are seeds. */
  readonly local?: ContentManifest;
  /** What lies there was laid for another version, also where no manifest of it is at hand: it is staged, never mended into a mixture. */
  readonly otherVersion?: boolean;
  /** Nothing of another version is used, only what an earlier attempt at this one has staged. */
  readonly whole?: boolean;
}

/** What it took. `fetchedBytes` counts bytes of content that crossed the wire (chunk indexes apart in `indexBytes`). */
export interface Acquired {
  readonly presentBytes: number;
  readonly reusedBytes: number;
  readonly fetchedBytes: number;
  readonly indexBytes: number;
  /** Bytes fetched by source name. */
  readonly bySource: Readonly<Record<string, number>>;
}

/** The signature of `acquire`; see the file's first sentence. Faults: CONTENT-01 with the last fault of each source as its cause, DISK-*, STOP-01. */
export type Acquire = (request: AcquireRequest, world: AcquireWorld) => Promise<Acquired>;

/**
 * After a cut, or after a fault, call it again: what was proven and flushed is found and not fetched again.
 *
 * Nothing is hashed twice: the manifest proves each chunk index, the index each chunk, and every chunk was proven before it was written
 * (or where it lay), so a last pass over the finished file would tell nothing new. The survey hashes the item anyway before it is used.
 */
export const acquire: Acquire = async (request, world) => {
  const { id } = request.reference;
  const { layout, durable } = world;
  if (request.reference.totalBytes >= THREADS_FROM_BYTES) world.pool.prepare();
  await recoverSwap(layout, id, durable);
  const choice = openSourceChoice(id, world.sources, world.health);
  const signal = signalWithin(world);
  const indexes = openChunkIndexes(request.reference, request.manifest, {
    ...world,
    older: request.whole === true ? undefined : request.local,
    choice,
    ...(signal && { signal }),
  });
  const whole = { request, world, choice, indexes };
  // Without word of another version what lies there was laid for this one: then it is damaged, and mended where it is.
  const mending =
    request.otherVersion !== true && request.local === undefined && (await isFolder(layout.item(id)));
  const acquired = await (mending ? mendItem(whole) : stageItem(whole)).finally(() => indexes.end());
  await world.seeds?.holds(id, request.manifest);
  return acquired;
};
