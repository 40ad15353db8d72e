// Asks the machine what must be right before anything on it is changed, for `deploy`, which refuses, and for `plan`, which only tells.
import { folderBytes } from '../../durable/folder-bytes.ts';
import { Fault } from '../../fault/fault.ts';
import { recall } from '../../journal/past.ts';
import { chooseDisk } from '../../plan/choose-disk.ts';
import { actionKey, type Plan } from '../../plan/plan.ts';
import { ALLOW_BATTERY, obstacles, type ReadinessInput } from '../../plan/readiness.ts';
import { requireNoMedia } from '../../steps/clear-volume.ts';
import { handOverObstacles } from '../../steps/hand-over-obstacles.ts';
import { STEPS } from '../../steps/index.ts';
import { bytesToStage } from '../../steps/stage-agent.ts';
import type { StepWorld } from '../../steps/step-world.ts';
import type { RunContext } from './run-context.ts';

/** @returns why the deployment may not begin to change the machine, the gravest first; none when it may. See plan/readiness.ts for the faults. */
export async function findObstacles(context: RunContext, world: StepWorld): Promise<readonly Fault[]> {
  const { layout, volume } = context;
  const { plan, facts, variables } = world;
  const target = await targetOf(context, world);
  const found = obstacles({
    plan,
    facts,
    allowBattery: variables.now().get(ALLOW_BATTERY),
    target,
    volume,
    protectedBytes: (await folderBytes(layout.root)) + (await bytesToStage(world)),
    applied: target.kind !== 'none' && target.kind !== 'disk' && (await isApplied(plan, world)),
    hasSystemVolume: await hasSystemVolume(context, world),
  });
  return [...found, ...(await handOverObstacles(world))];
}

async function isApplied(plan: Plan, world: StepWorld): Promise<boolean> {
  const apply = plan.actions.find(action => action.name === 'apply-image');
  return apply !== undefined && (await STEPS['apply-image'].done(apply, world)) === true;
}

async function targetOf(context: RunContext, world: StepWorld): Promise<ReadinessInput['target']> {
  try {
    const disk = await diskToPartition(context, world);
    if (disk !== undefined) return disk === 'skip' ? { kind: 'media' } : { kind: 'disk', number: disk };
    const target = await world.target();
    if (target.id === world.volume.id) return { kind: 'media' };
    await requireNoMedia(target);
    return { kind: 'volume', root: target.root, sizeBytes: target.sizeBytes };
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.code.startsWith('MACHINE-')) return { kind: 'none', fault: thrown };
    throw thrown;
  }
}

/**
 * The disk that partition-disk will make ready in this run for the target, `skip` where it will find that it may not, undefined where it has run or
 * does not decide the target. A condition may keep it from running: the step itself looks again, before it touches anything.
 */
async function diskToPartition(
  { records }: RunContext,
  world: StepWorld,
): Promise<number | 'skip' | undefined> {
  const { plan, machine, volume } = world;
  const { target = 'media' } = plan;
  // As it will be once this plan is journaled.
  const { finished } = recall([...records, { type: 'plan', plan, n: records.length, at: '' }]);
  const imageBytes = plan.actions.find(action => action.name === 'apply-image')?.totalBytes ?? 0;
  for (const step of plan.actions) {
    if (step.name !== 'partition-disk' || step.control?.skip !== undefined) continue;
    if (finished.get(actionKey(step))?.skipped !== undefined) continue;
    if ((await STEPS['partition-disk'].done(step, world)) === true) return undefined;
    const disks = await machine.disks();
    try {
      const choice = chooseDisk(step.disk, { disks, media: volume.id, imageBytes });
      if (choice.kind === 'partition') return target === 'media' ? undefined : choice.disk.number;
    } catch (thrown) {
      // A condition may hold it back, and then Windows goes beside the cache.
      if (step.control?.when === undefined) throw thrown;
    }
  }
  return target === 'partitioned' ? 'skip' : undefined;
}

/** Only asked where it is known that UEFI wants one; a rehearsal may go without. Looking may give the volume a letter, so `plan` does not ask. */
async function hasSystemVolume({ machine, journal }: RunContext, { facts }: StepWorld): Promise<boolean> {
  if (machine.kind !== 'windows' || facts.firmware !== 'uefi' || journal === undefined) return true;
  return (await machine.systemVolume()) !== undefined;
}
