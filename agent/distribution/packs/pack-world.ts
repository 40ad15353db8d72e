// What fetching from packs works with.
import type { ContentManifest } from '../../content/manifest.ts';
import type { Fault } from '../../fault/fault.ts';
import type { AcquireRequest, AcquireWorld } from '../acquire.ts';
import type { FileWork } from '../file-work.ts';
import type { AtWork } from '../lanes.ts';
import type { Meter } from '../meter.ts';
import type { Source } from '../source.ts';
import type { SourceChoice } from '../source-choice.ts';
import type { FrameBuffers } from './frame-buffers.ts';
import type { WantedUnits } from './wanted-units.ts';

export interface PackedFetch {
  readonly request: AcquireRequest;
  readonly works: readonly FileWork[];
  readonly choice: SourceChoice;
  readonly world: AcquireWorld;
  readonly meter: Meter;
  /** Told of each index of a pack that came: bytes that are no content. */
  readonly indexed: (bytes: number) => void;
  readonly atWork: AtWork;
  /** Sources whose packs are not what they should be: asked for none of this item any more. */
  readonly wrongPacks: Set<Source>;
  /** A source that is at least as near has come back: what is not under way is left to it. */
  readonly isInterrupted: () => boolean;
}

/** One pack, at whichever source has it. */
export interface Pack {
  readonly path: string;
  /** For people: the item and the pack. */
  readonly subject: string;
  /** The version that its dictionaries are made of. */
  readonly older?: ContentManifest;
}

/** What `fetchPacked` knows while it works. */
export interface PackWorld extends PackedFetch {
  readonly rank: readonly Source[];
  readonly wanted: WantedUnits;
  readonly buffers: FrameBuffers;
  /** Sources whose packs fail or lie are asked for none any more. They are not blamed: whether they do so with plain files as well, those will show. */
  isRefused(source: Source): boolean;
  refuse(source: Source, fault: Fault): void;
}
