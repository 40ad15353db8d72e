// Hands the steps what the run context holds.
import { openSeedMap, type VouchedFolder } from '../../distribution/seed-map.ts';
import type { Volume } from '../../machine/machine.ts';
import type { Plan } from '../../plan/plan.ts';
import type { Variables } from '../../policy/variables.ts';
import { openRunProgress } from '../../progress/run-progress.ts';
import type { StepWorld, VariableStore } from '../../steps/step-world.ts';
import type { DeploymentBasis } from './deployment-basis.ts';
import { keepRecords } from './keep-records.ts';
import type { RunContext } from './run-context.ts';
import { partitionMemory, targetVolume } from './target-volume.ts';
import { transferSettingsBy } from './transfer-variables.ts';
import { openVariableStore } from './variable-store.ts';
import { vouchedItems, vouchedLeftovers, vouchedMedia } from './vouched-content.ts';

/** @returns the world of `plan`'s steps. */
export function stepWorld(context: RunContext, plan: Plan, basis: DeploymentBasis): StepWorld {
  const { composition, settings } = context;
  // What is known of it without asking the machine, for OSDTargetSystemDrive; a step that asks makes it known.
  let targetRoot = (plan.target ?? 'media') === 'media' ? context.volume.root : undefined;
  const target = async (): Promise<Volume> => {
    const volume = await targetVolume(context, plan);
    targetRoot = volume.root;
    return volume;
  };
  const variables = tuningVariables(
    openVariableStore(context, basis, plan, () => targetRoot),
    now => context.transfer.tune(transferSettingsBy(now, settings.transfer)),
  );
  return {
    layout: context.layout,
    durable: composition.durable,
    pool: context.pool,
    sources: context.sources,
    health: context.health,
    pauses: context.pauses,
    clock: composition.clock,
    random: composition.random,
    observe: context.observe,
    redact: composition.redact,
    settings: context.transfer.live,
    progress: openRunProgress(
      plan.items.flatMap(({ reference, outcome, fetchBytes }) =>
        outcome === 'present' ? [] : [[reference.id, fetchBytes] as const],
      ),
      composition.clock,
    ),
    ...(context.deadline === undefined ? {} : { deadline: context.deadline }),
    seeds: openSeedMap(context.layout, () => vouchedFor(context, plan)),
    signal: composition.signal,
    machine: context.machine,
    volume: context.volume,
    target,
    partitioned: partitionMemory(context),
    facts: basis.facts,
    variables,
    status: context.status,
    ...(context.secretsKey === undefined ? {} : { secretsKey: context.secretsKey }),
    ...(basis.record === undefined ? {} : { record: basis.record }),
    plan,
    began: context.records[0]?.at ?? composition.clock.now().toISOString(),
    manifest: reference => context.manifests.manifest(reference),
    localManifest: digest => context.manifests.localManifest(digest),
    agent: {
      config: settings.path,
      certificates: settings.certificates,
      ...(composition.agent.executable === undefined ? {} : { executable: composition.agent.executable }),
    },
    keepRecords: async ({ onceCompleted } = {}) =>
      keepRecords(context, await targetVolume(context, plan), onceCompleted),
    sleep: (ms, signal) => composition.sleep(ms, signal),
  };
}

/** The same store; `tune` is told what holds at first and after every change. */
function tuningVariables(store: VariableStore, tune: (now: Variables) => void): VariableStore {
  tune(store.now());
  return {
    ...store,
    async set(by, values) {
      await store.set(by, values);
      tune(store.now());
    },
  };
}

/** What may lend bytes when the first item is made whole. */
async function vouchedFor(context: RunContext, { items }: Plan): Promise<readonly VouchedFolder[]> {
  const incomplete = items.flatMap(item => (item.outcome === 'present' ? [] : [item.reference]));
  const leftovers = await vouchedLeftovers(context, incomplete);
  const wanted = leftovers.flatMap(({ files }) => files);
  return [...(await vouchedItems(context)), ...leftovers, ...(await vouchedMedia(context, wanted))];
}
