// What stands in the way of a deployment before its first destructive step. Pure: what was found of the machine decides, all obstacles at once.
import type { MachineFacts } from '../facts/machine-facts.ts';
import { Fault } from '../fault/fault.ts';
import type { Plan } from './plan.ts';
import { requireSpace, type SpaceInput } from './space.ts';

/** The variable with which a site lets machines run on battery. */
export const ALLOW_BATTERY = 'PrestageAllowBattery';

export interface ReadinessInput extends Omit<SpaceInput, 'target'> {
  readonly plan: Plan;
  readonly facts: Pick<MachineFacts, 'power' | 'firmware'>;
  /** Value of PrestageAllowBattery. */
  readonly allowBattery?: string | undefined;
  /** What takes Windows: the media's volume, another, a disk that is still to be partitioned; or why there is nothing. */
  readonly target:
    | { readonly kind: 'media' }
    | { readonly kind: 'volume'; readonly root: string; readonly sizeBytes: number }
    | { readonly kind: 'disk'; readonly number: number }
    | { readonly kind: 'none'; readonly fault: Fault };
  /** False where the firmware is UEFI and no volume could hold its boot files. */
  readonly hasSystemVolume: boolean;
}

/**
 * @returns why nothing may be changed yet: what only another disk or sequence can help first, what plugging in helps last. None when the image is
 * applied already: then there is nothing left to lose. MACHINE-01, -02, -05, -06, IMAGE-06, DISK-01.
 */
export function obstacles(input: ReadinessInput): readonly Fault[] {
  const { plan, facts, target, applied } = input;
  const found: Fault[] = [];
  if (target.kind === 'none') found.push(target.fault);
  if (target.kind === 'disk' && facts.firmware === 'bios')
    found.push(
      new Fault('MACHINE-02', `disk ${target.number}`, {
        expected: 'UEFI firmware: the disk is partitioned as GPT, which BIOS does not start Windows from',
        found: 'BIOS',
      }),
    );
  if (!applied && !input.hasSystemVolume && plan.actions.some(action => action.name === 'make-bootable'))
    found.push(new Fault('IMAGE-06', 'boot files', { expected: 'an EFI system partition', found: 'none' }));
  found.push(...spaceFault(input));
  if (!applied && facts.power === 'battery' && input.allowBattery?.toLowerCase() !== 'true')
    found.push(
      new Fault('MACHINE-01', 'power', { expected: `mains, or ${ALLOW_BATTERY}=true`, found: 'battery' }),
    );
  return found;
}

function spaceFault({ target, ...space }: ReadinessInput): readonly Fault[] {
  try {
    requireSpace({
      ...space,
      ...(target.kind === 'media' ? {} : { target: target.kind === 'volume' ? target : 'none' }),
    });
    return [];
  } catch (thrown) {
    if (thrown instanceof Fault) return [thrown];
    throw thrown;
  }
}
