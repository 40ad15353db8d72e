// What a command is given: every effect it may have, made once by compose.ts, so that tests and rehearsals hand in others.
import type { Terminal } from '../console/menu.ts';
import type { WorkerPool } from '../content/worker-pool.ts';
import type { Accounts } from '../distribution/http/accounts.ts';
import type { Patience } from '../distribution/retry.ts';
import type { ShareConnections } from '../distribution/share-connections.ts';
import type { Source, SourceAddress } from '../distribution/source.ts';
import type { TransferSettings } from '../distribution/transfer-settings.ts';
import type { ListVolumes } from '../distribution/volume-source.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import type { Redact } from '../fault/redact.ts';
import type { Release } from '../machine/claim.ts';
import type { HostTools } from '../machine/host-tools.ts';
import type { Imaging, Machine } from '../machine/machine.ts';
import type { Probe } from '../machine/probe.ts';
import type { Clock } from '../progress/clock.ts';
import type { Observe } from '../progress/event.ts';

export interface Composition {
  readonly version: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly durable: DurableFiles;
  /** Aborts on Ctrl-C, a console that closes, or SIGTERM. */
  readonly signal: AbortSignal;
  readonly redact: Redact;
  /** Tells the redactor of every way out (screen, logs, journal, report, printed results) values that must never be shown. */
  readonly learnSecret: (values: readonly string[]) => void;
  /** The screen's progress; results go to `print`. */
  readonly observe: Observe;
  /** Ends a moving progress line, so that what is printed next begins on a line of its own. */
  readonly endProgress: () => void;
  /** Writes a result to standard output; a line feed is added. */
  readonly print: (text: string) => void;
  /** Where a person can be asked; undefined where nobody is. */
  readonly terminal?: Terminal;
  /** The environment variables of the process. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The running executable (undefined when run unbuilt) and the folder in which agent.yaml is looked for. */
  readonly agent: { readonly executable?: string; readonly folder: string };
  /** Where logs go before the media is verified; undefined where that is no concern (rehearsals). */
  readonly earlyLogs?: string;
  openPool(): Promise<WorkerPool>;
  /** The machine this runs on, or the folder `disk` posing as one. Fault USAGE-10 where neither is possible. */
  openMachine(options: { readonly disk?: string }): Promise<Machine>;
  openImaging(): Promise<Imaging>;
  /** Programs of this system that authoring uses: those that make a disk image. */
  readonly hostTools: HostTools;
  /** Claims `what` for this run alone; undefined while another run has it. */
  claim(what: string): Promise<Release | undefined>;
  /** The probes of the self-test; they write in `folder` and leave it as it was. */
  openProbes(folder: string): Promise<readonly Probe[]>;
  openSource(
    address: SourceAddress,
    settings: TransferSettings,
    more?: {
      /** Those of the machine, so that sources may be named by labels; without it none is found. */
      readonly volumes?: ListVolumes;
      readonly onPause?: Patience['onPause'];
    },
  ): Source;
  /** Connects shares for the sources of this run; undefined where the system's own mounts are all there is. */
  readonly shares?: ShareConnections;
  /** The accounts of this run for web servers; whoever reads some adds them, and `openSource` shows each to its own server. */
  readonly accounts?: Accounts;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** To be awaited before the process ends. */
  beforeEnd?(): Promise<void>;
  peakMemoryBytes(): number;
}
