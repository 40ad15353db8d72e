// What the commands at a machine share: machine, settings, media, journal past, sources, pool and logs, opened in order and closed together.
import { stat } from 'node:fs/promises';
import { openLogFiles } from '../../console/log-files.ts';
import type { CacheLayout } from '../../content/layout.ts';
import type { WorkerPool } from '../../content/worker-pool.ts';
import { type Deadline, openDeadline } from '../../distribution/deadline.ts';
import { accessTo } from '../../distribution/http/access.ts';
import type { Source, SourceAddress } from '../../distribution/source.ts';
import { openSourceHealth, type SourceHealth } from '../../distribution/source-health.ts';
import { timedSource } from '../../distribution/timed-source.ts';
import { Fault } from '../../fault/fault.ts';
import { type Journal, openJournal, readJournal } from '../../journal/journal.ts';
import type { JournalRecord } from '../../journal/record.ts';
import type { Release } from '../../machine/claim.ts';
import type { Machine, Volume } from '../../machine/machine.ts';
import type { JudgedReceipt } from '../../media/judge-receipt.ts';
import type { Observe, Stage } from '../../progress/event.ts';
import type { PublicKey } from '../../trust/keys.ts';
import type { KnownRevocations } from '../../trust/known-revocations.ts';
import type { Composition } from '../composition.ts';
import { type AgentSettings, readAgentSettings, takeHttpSettings } from './agent-settings.ts';
import { cachedReferences } from './cached-references.ts';
import { type ManifestStore, openManifestStore } from './manifest-store.ts';
import { type OpenedMedia, openMedia } from './open-media.ts';
import { openOrPass } from './open-or-pass.ts';
import { judgeOwnReceipt, missingReceipt } from './receipt.ts';
import { requireSystem } from './require-system.ts';
import { openRevocations } from './revocations.ts';
import {
  openStatusSender,
  type Receiver,
  type RunningStatusSender,
  receiverAt,
  receiversOf,
} from './status-sender.ts';
import { type SourceTelling, tellSources } from './tell-sources.ts';
import { openTransferTuning, type TransferTuning } from './transfer-tuning.ts';

/** Options that every command at a machine takes. */
export interface MachineOptions {
  readonly disk?: string;
  /** The volume that holds the media, where there are several: its root, label or GUID. */
  readonly media?: string;
  readonly config?: string;
}

export interface RunContext extends OpenedMedia {
  /** Of media with a password, once they are unlocked (media-secrets.ts): then `manifest` has their secrets, too. */
  readonly secretsKey?: Uint8Array;
  readonly composition: Composition;
  readonly settings: AgentSettings;
  /** What the depot's receipt came to, for the commands that ask; undefined also where the media names no depot. */
  readonly receipt?: JudgedReceipt;
  readonly machine: Machine;
  readonly pool: WorkerPool;
  /** The newest list of revoked keys; media is judged by what lies on the disk, the servers' list is for `prepare`. */
  readonly revocations: KnownRevocations;
  readonly sources: readonly Source[];
  readonly managementPoints: readonly Source[];
  /** What the run has learned of its sources. */
  readonly health: SourceHealth;
  /** Told of each wait for a source. */
  readonly pauses: SourceTelling['pauses'];
  /** What all transfers of the run go by; a task sequence may tune it. */
  readonly transfer: TransferTuning;
  /** From the beginning of the run. */
  readonly deadline?: Deadline;
  /** Opens a source that is closed with the run. */
  openSource(address: Pick<SourceAddress, 'url' | 'priority' | 'level' | 'template'>): Source;
  /** Puts points before those of the media for the rest of the run, for everybody who holds `sources` or `managementPoints`. */
  preferPoints(points: {
    readonly sources?: readonly Source[];
    readonly managementPoints?: readonly Source[];
  }): void;
  readonly manifests: ManifestStore;
  /** Sends the journal's events; started by the commands that carry something out. */
  readonly status: RunningStatusSender;
  /** From now on status goes to this address, which policy names, in place of the management points. */
  sendStatusTo(url: string): void;
  /** Undefined for commands that only look. */
  readonly journal?: Journal;
  readonly records: readonly JournalRecord[];
  readonly observe: Observe;
  /** Runs a stage with its events, about `subject` where it is one of several; journals its seconds where there is a journal. */
  stage<T>(stage: Stage, work: () => Promise<T>, subject?: string): Promise<T>;
}

export interface ContextNeeds {
  /** `write` opens the journal and the logs on the media volume. */
  readonly access: 'look' | 'write';
  readonly judgeDates: boolean;
  /** Judges the depot's receipt. `demanded`: a media that requires one and has none is refused before anything is written (TRUST-16). */
  readonly receipt?: 'judged' | 'demanded';
  /** Which media to take where there are several and none is named: the one for which this holds. */
  readonly goesOn?: (volume: Volume) => Promise<boolean>;
  /** The only system in which the command may run, for those that change it. */
  readonly system?: { readonly command: string; readonly expected: 'winpe' | 'full-os' };
  /** Sets an old journal aside and begins a new one. */
  readonly fresh?: boolean;
}

/** Opens everything, runs `work`, closes everything, whatever happens. */
export async function withRunContext<T>(
  composition: Composition,
  options: MachineOptions,
  needs: ContextNeeds,
  work: (context: RunContext) => Promise<T>,
): Promise<T> {
  const closing: (() => unknown)[] = [];
  try {
    const context = await open(composition, options, needs, closing);
    return await work(context);
  } finally {
    for (const close of closing.reverse()) await close();
  }
}

async function open(
  composition: Composition,
  options: MachineOptions,
  needs: ContextNeeds,
  closing: (() => unknown)[],
): Promise<RunContext> {
  const { clock, durable, signal, version, redact } = composition;
  const observers: Observe[] = [composition.observe];
  const observe: Observe = event => {
    for (const observer of observers) observer(event);
  };
  const logTo = (folder: string): void => {
    const logs = openLogFiles(folder, { clock, redact, version });
    observers[1] = logs.observe;
    closing.push(() => logs.close());
  };
  const machine = await composition.openMachine(options.disk === undefined ? {} : { disk: options.disk });
  closing.push(() => machine.close());
  if (needs.system !== undefined) await requireSystem(machine, needs.system.command, needs.system.expected);
  if (composition.earlyLogs !== undefined && options.disk === undefined) logTo(composition.earlyLogs);
  const settings = await readAgentSettings(options.config, composition.agent.folder);
  takeHttpSettings(settings, composition, observe);
  const { deadlineMinutes } = settings.transfer;
  const deadline = deadlineMinutes === undefined ? undefined : openDeadline(deadlineMinutes);

  const began = clock.ticks();
  observe({ kind: 'started', stage: 'find-media' });
  const media = await openMedia({
    machine,
    keys: settings.keys,
    clock: clock.now(),
    judgeDates: needs.judgeDates,
    ...(options.media === undefined ? {} : { named: options.media }),
    ...(needs.goesOn === undefined ? {} : { goesOn: needs.goesOn }),
  });
  const { manifest, layout, key } = media;
  const seconds = (clock.ticks() - began) / 1000;
  observe({ kind: 'finished', stage: 'find-media', seconds });
  observe({
    kind: 'note',
    level: 'info',
    component: 'find-media',
    text: `Media "${manifest.name}" of site ${manifest.site}, made by ${manifest.createdBy} on ${manifest.created}, valid until ${manifest.validUntil}, signed by key ${key.id}.`,
  });

  const revocations = await openRevocations({ ...media, settings, judge: needs.judgeDates, observe });
  const trusts = (depot: PublicKey): boolean => !revocations.isRevoked(depot);
  const receipt = needs.receipt && (await judgeOwnReceipt({ ...media, machine, observe, trusts }));
  const unvouched = needs.receipt === 'demanded' ? missingReceipt(media, receipt) : undefined;
  if (unvouched !== undefined) throw unvouched;

  if (needs.access === 'write') closing.push(await claimVolume(composition, media.volume));

  // From here on, and only below _SMSTaskSequence, the disk may be written to: the manifest is proven.
  let journal: Journal | undefined;
  if (needs.access === 'write') {
    logTo(layout.logs);
    if (needs.fresh === true) await setAside(composition, layout);
    journal = await openJournal({ path: layout.journal, durable, clock, redact });
  }
  const records = journal?.records ?? (await readJournal(layout.journal));
  const other = records.find(
    record => record.type === 'media-verified' && record.mediaId !== manifest.mediaId,
  );
  if (other !== undefined)
    throw new Fault('JOURNAL-02', layout.journal, {
      expected: manifest.mediaId,
      found: 'a journal of other media',
    });

  const pool = await composition.openPool();
  closing.push(() => pool.close());
  // Every one of these commands proves what lies here: its threads start while it asks for the policy.
  pool.prepare();
  const words = tellSources(observe, clock);
  const health = openSourceHealth(clock, words);
  const transfer = openTransferTuning(settings.transfer, () => sources.length);
  const openSource: RunContext['openSource'] = address => {
    const source = composition.openSource(
      { ...address, ...accessTo(address.url, settings.http) },
      transfer.live,
      {
        volumes: () => machine.volumes(),
        onPause: (fault, waitMs) => words.pauses(address.url, fault, waitMs),
      },
    );
    closing.push(() => source.close());
    return timedSource(source, health, clock);
  };
  closing.push(() => composition.shares?.close());
  const sources = manifest.distributionPoints
    .flatMap(point => openOrPass(point, openSource, observe))
    .sort((a, b) => a.priority - b.priority);
  const managementPoints = manifest.managementPoints.map((url, priority) => openSource({ url, priority }));
  let statusReceivers = (): readonly Receiver[] => receiversOf(managementPoints);
  const status = openStatusSender(
    { composition, manifest, records, layout, observe, ...(journal === undefined ? {} : { journal }) },
    () => statusReceivers(),
  );
  closing.push(() => status.stop());
  const cached = cachedReferences(manifest.content, records);
  const manifests = openManifestStore(layout, {
    layout,
    durable,
    sources,
    cached: id => cached.get(id),
    health,
    signal,
    ...(deadline && { deadline }),
  });
  return {
    ...media,
    ...(receipt === undefined ? {} : { receipt }),
    composition,
    settings,
    revocations,
    machine,
    pool,
    sources,
    managementPoints,
    health,
    pauses: words.pauses,
    transfer,
    ...(deadline === undefined ? {} : { deadline }),
    openSource,
    preferPoints(points) {
      putFirst(sources, points.sources ?? []);
      putFirst(managementPoints, points.managementPoints ?? []);
    },
    manifests,
    status,
    sendStatusTo(url) {
      const receiver = receiverAt(url, openSource);
      statusReceivers = () => [receiver];
    },
    records,
    observe,
    ...(journal === undefined ? {} : { journal }),
    async stage(stage, run, subject) {
      const start = clock.ticks();
      const about = subject === undefined ? {} : { subject };
      observe({ kind: 'started', stage, ...about });
      const result = await run();
      const took = (clock.ticks() - start) / 1000;
      observe({ kind: 'finished', stage, ...about, seconds: took });
      await journal?.append({ type: 'stage-finished', stage, seconds: took });
      return result;
    },
  };
}

/** A point that is named twice is asked once, in its better place. */
function putFirst(points: Source[], first: readonly Source[]): void {
  const addresses = new Set(first.map(({ name }) => name.replace(/\/+$/, '')));
  const others = points.filter(({ name }) => !addresses.has(name.replace(/\/+$/, '')));
  points.splice(0, points.length, ...first, ...others);
}

/** Two runs at once, one in each window of a technician, would wipe the volume under each other. Fault: USAGE-14. */
async function claimVolume({ claim }: Composition, { id, root }: Volume): Promise<Release> {
  const release = await claim(`${id} ${root}`);
  if (release === undefined)
    throw new Fault('USAGE-14', root, { expected: 'one run at a time', found: 'a run that is at work' });
  return release;
}

async function setAside({ durable, clock }: Composition, { applied, journal }: CacheLayout): Promise<void> {
  const stamp = clock.now().toISOString().replaceAll(/[:.]/g, '-');
  // What lies on the volume is not believed to be the whole image any more: it is applied anew.
  await durable.remove(applied);
  // Absent is fine: then there is nothing to set aside.
  if ((await readJournalSize(journal)) > 0) await durable.rename(journal, `${journal}.${stamp}`);
}

async function readJournalSize(journal: string): Promise<number> {
  return await stat(journal).then(
    found => found.size,
    () => 0,
  );
}
