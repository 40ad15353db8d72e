// Everything a step may touch, handed to it by the command that composed the run.
import type { ContentManifest, ContentReference } from '../content/manifest.ts';
import type { AcquireWorld } from '../distribution/acquire.ts';
import type { MachineFacts } from '../facts/machine-facts.ts';
import type { Redact } from '../fault/redact.ts';
import type { ActionKey } from '../journal/record.ts';
import type { Machine, Volume } from '../machine/machine.ts';
import type { Plan } from '../plan/plan.ts';
import type { MachineRecord } from '../policy/machine-record.ts';
import type { Variables } from '../policy/variables.ts';

export interface StepWorld extends AcquireWorld {
  readonly machine: Machine;
  /** The media volume, which is also the target of a same-volume apply. */
  readonly volume: Volume;
  /** The volume that takes the new Windows: `volume` itself in a same-volume apply. Fault MACHINE-02 while there is none. */
  readonly target: () => Promise<Volume>;
  readonly partitioned: PartitionMemory;
  readonly facts: MachineFacts;
  readonly variables: VariableStore;
  /** Of media with a password: what opens their secrets in the new Windows. */
  readonly secretsKey?: Uint8Array;
  /** What policy knows of this very machine. */
  readonly record?: MachineRecord;
  /** Where status and events go; `flush` tries for at most `timeoutMs` to send what is kept, and answers whether nothing is left. */
  readonly status: StatusSender;
  readonly plan: Plan;
  /** When the deployment began, by the journal's first record: ISO 8601. The same in every run of it. */
  readonly began: string;
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
  /**
   * Journals the end, calls `onceCompleted`, then keeps report, journal and logs where the new Windows keeps logs; answers the folder. Called by the
   * last action, before the cache goes.
   */
  readonly keepRecords: (options?: { readonly onceCompleted?: () => Promise<void> }) => Promise<string>;
  /** Waits; tests pass one that returns at once. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
}

/** Task-sequence variables of a run: what was set is durable before it can be read. */
export interface VariableStore {
  /** As they stand now. */
  readonly now: () => Variables;
  /** Journals the values (secret ones are kept in memory only) and sets them on the level `step`. */
  set(by: string, values: Readonly<Record<string, string>>): Promise<void>;
}

/** What partition-disk has made, over all runs of the deployment. */
export interface PartitionMemory {
  /** The disk last made ready, its volume for Windows and the action that made it, or undefined before the first. */
  readonly last: () => MadeDisk | undefined;
  /** Durable when it resolves. */
  keep(made: MadeDisk): Promise<void>;
}

export interface MadeDisk {
  readonly disk: number;
  readonly volume: string;
  readonly by?: ActionKey;
}

/** Sends what the journal holds to the management point, in order, each event once. */
export interface StatusSender {
  /** Journals a message of the sequence, so that it goes out with everything else. */
  say(message: string): Promise<void>;
  /** Never throws for a link that is down: then nothing is lost, and it answers false. True where nobody takes status at all. */
  flush(options: { readonly timeoutMs: number; readonly signal?: AbortSignal }): Promise<boolean>;
  /** Sends nothing more, and resolves when nothing is under way: before the folder goes in which the sender keeps how far it is. */
  stop(): Promise<void>;
}
