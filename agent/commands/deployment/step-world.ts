// Hands the steps what the run context holds.
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { Plan } from '../../plan/plan.ts';
import type { StepWorld } from '../../steps/step-world.ts';
import type { DeploymentBasis } from './deployment-basis.ts';
import { keepRecords } from './keep-records.ts';
import type { RunContext } from './run-context.ts';
import { openStatusSender } from './status-sender.ts';
import { targetVolume } from './target-volume.ts';
import { openVariableStore } from './variable-store.ts';

/** @returns the world of `plan`'s steps. */
export function stepWorld(context: RunContext, plan: Plan, basis: DeploymentBasis): StepWorld {
  const { composition, settings } = context;
  return {
    layout: context.layout,
    durable: composition.durable,
    pool: context.pool,
    sources: context.sources,
    clock: composition.clock,
    random: composition.random,
    observe: context.observe,
    redact: composition.redact,
    settings: settings.transfer,
    signal: composition.signal,
    machine: context.machine,
    volume: context.volume,
    target: () => targetVolume(context, plan),
    facts: basis.facts,
    variables: openVariableStore(context, basis),
    status: openStatusSender(context),
    ...(basis.record === undefined ? {} : { record: basis.record }),
    plan,
    manifest: reference => context.manifests.manifest(reference),
    localManifest: digest => context.manifests.localManifest(digest),
    agent: {
      config: settings.path,
      certificates: settings.certificates,
      ...(composition.agent.executable === undefined ? {} : { executable: composition.agent.executable }),
    },
    keepRecords: () => keepRecords(context),
    sleep: (ms, signal) => composition.sleep(ms, signal),
  };
}

/** Bytes below a folder, as its files count them; links are not followed. */
export async function folderBytes(folder: string): Promise<number> {
  const { lstat } = await import('node:fs/promises');
  let total = 0;
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) total += (await lstat(path.join(entry.parentPath, entry.name))).size;
  }
  return total;
}
