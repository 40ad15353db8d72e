// The volume that takes the new Windows: the media's own, the one with a label, or the one that partition-disk made. In WinPE and in the new Windows.
import { Fault } from '../../fault/fault.ts';
import { recall } from '../../journal/past.ts';
import type { Volume } from '../../machine/machine.ts';
import { chooseVolume } from '../../plan/choose-volume.ts';
import { actionKey, type Plan } from '../../plan/plan.ts';
import { readAppliedMark } from '../../steps/applied-mark.ts';
import type { PartitionMemory } from '../../steps/step-world.ts';
import type { RunContext } from './run-context.ts';

type Known = Pick<RunContext, 'layout' | 'machine' | 'records' | 'volume'>;

/** Faults: MACHINE-02 while there is none, MACHINE-05 when several have the label. */
export async function targetVolume(context: Known, plan: Plan): Promise<Volume> {
  const { machine, layout, volume: media } = context;
  const { target = 'media' } = plan;
  if (target === 'media' || (target === 'partitioned' && wasSkipped(context, plan))) return media;
  const volumes = await machine.volumes();
  const found =
    target === 'partitioned'
      ? partitionedVolume(context, volumes)
      : chooseVolume(target.label, {
          volumes,
          media: media.id,
          before: (await readAppliedMark(layout))?.volume,
        });
  // bcdboot and dism take no other path; Windows gives every data partition a letter unless somebody has taken it away.
  if (machine.kind === 'windows' && !/^[A-Za-z]:\\$/.test(found.root))
    throw new Fault('MACHINE-02', found.id, { expected: 'a volume with a drive letter', found: 'none' });
  return found;
}

/** Where partition-disk was not carried out (the media's own disk is the one that fits, or its condition does not hold), Windows goes beside the cache. */
function wasSkipped({ records }: Known, plan: Plan): boolean {
  const { finished } = recall(records);
  const steps = plan.actions.filter(action => action.name === 'partition-disk');
  return steps.length > 0 && steps.every(step => finished.get(actionKey(step))?.skipped !== undefined);
}

function partitionedVolume(context: Known, volumes: readonly Volume[]): Volume {
  const last = partitionMemory(context).last();
  const found = volumes.find(volume => volume.id === last?.volume);
  if (found !== undefined) return found;
  throw new Fault('MACHINE-02', last === undefined ? 'partition-disk' : `disk ${last.disk}`, {
    expected: last?.volume ?? 'a disk that was made ready for Windows',
    found: last === undefined ? 'partition-disk has not run' : 'the volume is not there',
  });
}

/** What the journal knows of disks made ready. */
export function partitionMemory({
  journal,
  records,
}: Pick<RunContext, 'journal' | 'records'>): PartitionMemory {
  return {
    last() {
      const record = records.findLast(each => each.type === 'partitioned');
      return record?.type === 'partitioned' ? record : undefined;
    },
    async keep(made) {
      await journal?.append({ type: 'partitioned', ...made });
    },
  };
}
