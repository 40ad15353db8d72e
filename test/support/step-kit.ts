// A machine, a journal and variables for tests of steps and engine: everything real, on a rehearsal folder; tests say which actions there are.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { openVariableStore } from '../../agent/commands/deployment/variable-store.ts';
import { openInPlacePool } from '../../agent/content/in-place-pool.ts';
import { type CacheLayout, cacheLayout } from '../../agent/content/layout.ts';
import type { DurableFiles } from '../../agent/durable/durable-files.ts';
import { openDurableFiles } from '../../agent/durable/open-durable-files.ts';
import type { MachineFacts } from '../../agent/facts/machine-facts.ts';
import { openRedactor } from '../../agent/fault/redact.ts';
import { jobs } from '../../agent/jobs.ts';
import { type Journal, openJournal } from '../../agent/journal/journal.ts';
import { openFolderMachine } from '../../agent/machine/folder/open-folder-machine.ts';
import type { Machine, Volume } from '../../agent/machine/machine.ts';
import { openImaging } from '../../agent/machine/open-imaging.ts';
import type { MediaManifest } from '../../agent/media/media-manifest.ts';
import type { Action, Phase, Plan } from '../../agent/plan/plan.ts';
import type { MachineRecord } from '../../agent/policy/machine-record.ts';
import type { Policy } from '../../agent/policy/policy.ts';
import type { ProgressEvent } from '../../agent/progress/event.ts';
import { runPlan } from '../../agent/steps/run-plan.ts';
import type { StepWorld } from '../../agent/steps/step-world.ts';
import { type Item, layTree } from './cache-kit.ts';
import { mediaManifest, policy as testPolicy } from './signed-documents.ts';
import { impatient } from './sources.ts';

export interface StepKitOptions {
  /** The rehearsal folder; made when absent. */
  readonly disk: string;
  readonly actions: readonly Action[];
  /** Items that lie in the cache. */
  readonly items?: readonly Item[];
  readonly media?: Partial<MediaManifest>;
  readonly policy?: Partial<Policy>;
  readonly record?: Partial<MachineRecord>;
  readonly prestart?: Readonly<Record<string, string>>;
  readonly facts?: Partial<MachineFacts>;
  /** `deploy` unless given: which command this run is. */
  readonly command?: 'deploy' | 'continue';
  readonly durable?: DurableFiles;
  readonly signal?: AbortSignal;
  /** What is different about the machine. */
  readonly changed?: (machine: Machine) => Partial<Machine>;
}

export interface StepKit {
  readonly world: StepWorld;
  readonly journal: Journal;
  readonly layout: CacheLayout;
  readonly machine: Machine;
  readonly events: ProgressEvent[];
  /** Milliseconds that the run has waited. */
  readonly waits: number[];
  /** Texts of the notes of a level. */
  notes(level: 'info' | 'warning'): readonly string[];
  run(phase?: Phase): Promise<'finished' | 'restart'>;
  /** Command lines that the machine has recorded, all runs together. */
  programs(): Promise<readonly string[]>;
}

/** Begins a run on the disk, as deploy or continue do: an earlier run's journal is taken up. */
export async function openStepKit(options: StepKitOptions): Promise<StepKit> {
  const { disk, items = [], command = 'deploy', durable = openDurableFiles(), signal } = options;
  for (const name of ['windows', 'esp']) mkdirSync(path.join(disk, 'volumes', name), { recursive: true });
  const { redact, learn } = openRedactor();
  const imaging = await openImaging({ system: 'linux' });
  const folderMachine = await openFolderMachine({ folder: disk, durable, imaging, redact });
  const machine = { ...folderMachine, ...options.changed?.(folderMachine) };
  const volume = (await machine.volumes()).find(each => each.label === 'windows') as Volume;
  const layout = cacheLayout(volume.root);
  mkdirSync(layout.logs, { recursive: true });
  for (const { reference, tree } of items) layTree(layout.item(reference.id), tree);
  const events: ProgressEvent[] = [];
  const waits: number[] = [];
  const clock = { now: () => new Date('2026-11-22T10:11:12.000Z'), ticks: () => performance.now() };
  const journal = await openJournal({ path: layout.journal, durable, clock, redact });
  const facts: MachineFacts = { ...(await machine.facts()), ...options.facts };
  const record: MachineRecord | undefined = options.record && {
    format: 'prestage-machine/1',
    variables: {},
    secret: [],
    collections: [],
    ...options.record,
  };
  const policy = testPolicy(options.policy);
  const [sequence, deployment] = [policy.taskSequences[0]!, policy.deployments[0]!];
  const plan: Plan = {
    format: 'prestage-plan/1',
    mediaId: 'media',
    policy: { serial: policy.serial, digest: 'd' },
    deployment: deployment.id,
    taskSequence: { id: sequence.id, name: sequence.name },
    volume: volume.id,
    items: items.map(({ reference }) => ({
      reference,
      outcome: 'present',
      presentBytes: reference.totalBytes,
      reusableBytes: 0,
      fetchBytes: 0,
    })),
    actions: options.actions,
  };
  await journal.append({ type: 'run-started', command, version: 'test', system: 'rehearsal' });
  if (command === 'deploy') await journal.append({ type: 'plan', plan });
  const manifests = new Map(items.map(({ reference, manifest }) => [reference.digest, manifest]));
  const observe = (event: ProgressEvent): void => void events.push(event);
  const world: StepWorld = {
    layout,
    durable,
    pool: openInPlacePool({ jobs, durable }),
    sources: [],
    clock,
    random: () => 0.5,
    observe,
    redact,
    settings: impatient,
    ...(signal === undefined ? {} : { signal }),
    machine,
    volume,
    target: async () => volume,
    partitioned: { last: () => undefined, keep: async () => {} },
    facts,
    variables: openVariableStore(
      {
        composition: { learnSecret: learn },
        journal,
        layout,
        manifest: mediaManifest('ed25519:key', options.media),
        observe,
        records: journal.records,
        volume,
      },
      {
        facts,
        policy,
        deployment,
        sequence,
        ...(record === undefined ? {} : { record }),
        ...(options.prestart === undefined ? {} : { prestart: options.prestart }),
      },
      plan,
      () => volume.root,
    ),
    ...(record === undefined ? {} : { record }),
    status: { flush: async () => true, say: async () => {}, stop: async () => {} },
    plan,
    began: journal.records[0]?.at ?? '',
    manifest: async ({ digest }) => manifests.get(digest)!,
    localManifest: async digest => manifests.get(digest),
    agent: { config: path.join(disk, 'agent.yaml'), certificates: [] },
    keepRecords: async () => disk,
    sleep: async ms => void waits.push(ms),
  };
  return {
    world,
    journal,
    layout,
    machine,
    events,
    waits,
    notes: level =>
      events.flatMap(event => (event.kind === 'note' && event.level === level ? [event.text] : [])),
    run: (phase = command === 'deploy' ? 'winpe' : 'full-os') => runPlan(phase, world, journal),
    programs: () => recordedPrograms(disk),
  };
}

/** Command lines in the rehearsal's record. */
export async function recordedPrograms(disk: string): Promise<readonly string[]> {
  const { openCommandRecord } = await import('../../agent/machine/folder/command-record.ts');
  const recorded = await openCommandRecord(disk, openDurableFiles()).read();
  return recorded.flatMap(each => (each.kind === 'program' ? [each.command] : []));
}
