// Makes one disk ready for Windows: the only one that is what the step asks for and does not hold the media. The media's own disk is never touched.
import { chooseDisk, isWanted } from '../plan/choose-disk.ts';
import { actionKey } from '../plan/plan.ts';
import type { ActionOf, Step } from './step.ts';
import type { MadeDisk, StepWorld } from './step-world.ts';

export const partitionDisk: Step<'partition-disk'> = {
  name: 'partition-disk',
  // Cut between the disk's clearing and the journal's line: nothing of ours was on it, so it is chosen and cleared again.
  afterCut: 'start-over',
  done: isPartitioned,
  async run(action, world) {
    const { durable, layout, machine, volume, plan, partitioned } = world;
    const made = await madeByAnother(action, world);
    if (made !== undefined)
      return { skipped: `disk ${made.disk} was made ready for Windows already, by ${made.by}` };
    const imageBytes = plan.actions.find(each => each.name === 'apply-image')?.totalBytes ?? 0;
    // Asked anew at the last moment: numbers of disks are given at each start, and a stick may have come since the plan was made.
    const choice = chooseDisk(action.disk, { disks: await machine.disks(), media: volume.id, imageBytes });
    if (choice.kind === 'skip') return { skipped: choice.why };
    // What was applied to an earlier volume of this disk is gone in a moment.
    await durable.remove(layout.applied);
    const { id } = await machine.partition(choice.disk.number);
    await partitioned.keep({ disk: choice.disk.number, volume: id, by: actionKey(action) });
    return {};
  },
};

/** Windows has one disk. A second one would have each run take the other's for no longer wanted, and clear both again. */
async function madeByAnother(
  action: ActionOf<'partition-disk'>,
  { machine, partitioned, plan }: StepWorld,
): Promise<MadeDisk | undefined> {
  const last = partitioned.last();
  if (last?.by === undefined || last.by === actionKey(action)) return undefined;
  if (!plan.actions.some(each => actionKey(each) === last.by)) return undefined;
  return (await machine.volumes()).some(volume => volume.id === last.volume) ? last : undefined;
}

/** The volume that the journal knows is there, on a disk that the step (which may have been written anew) still asks for. */
async function isPartitioned(
  action: ActionOf<'partition-disk'>,
  { machine, partitioned }: StepWorld,
): Promise<boolean> {
  const last = partitioned.last();
  if (last === undefined) return false;
  if (!(await machine.volumes()).some(volume => volume.id === last.volume)) return false;
  const disk = (await machine.disks()).find(each => each.volumes?.includes(last.volume));
  return disk === undefined || isWanted(action.disk, disk);
}
