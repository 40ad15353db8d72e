// Everything a step may touch, handed to it by the command that composed the run.
import type { ContentManifest, ContentReference } from '../content/manifest.ts';
import type { AcquireWorld } from '../distribution/acquire.ts';
import type { Redact } from '../fault/redact.ts';
import type { Machine, Volume } from '../machine/machine.ts';
import type { Plan } from '../plan/plan.ts';

export interface StepWorld extends AcquireWorld {
  readonly machine: Machine;
  /** The media volume, which is also the target of a same-volume apply. */
  readonly volume: Volume;
  readonly plan: Plan;
  /** The verified manifest of a reference: from the cache, else from a source. */
  readonly manifest: (reference: ContentReference) => Promise<ContentManifest>;
  /** A manifest of the local store by digest, or undefined. */
  readonly localManifest: (digest: string) => Promise<ContentManifest | undefined>;
  /** The running agent, to be staged in the new OS: its executable (undefined when run unbuilt), its agent.yaml, and the files that this names relative to itself. */
  readonly agent: {
    readonly executable?: string;
    readonly config: string;
    readonly certificates: readonly string[];
  };
  /** Takes secrets out of what a person may read. */
  readonly redact: Redact;
  /** Keeps report, journal and logs where the new Windows keeps logs; answers the folder. Called by the last action, before the cache goes. */
  readonly keepRecords: () => Promise<string>;
  /** Waits; tests pass one that returns at once. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
}
