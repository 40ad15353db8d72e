// Where each step of a task sequence runs, and whether their order can be carried out at all. Looks at the steps alone, so that publishing and
// planning judge alike. Pure.
import { isKnownStep, type KnownStep, type StepType } from '../policy/sequence-step.ts';
import type { FlatStep } from './flatten-steps.ts';
import type { Phase } from './plan.ts';

export interface PlacedStep extends FlatStep {
  readonly step: KnownStep;
  readonly phase: Phase;
  /** A restart into the full OS right behind the part in WinPE: it is the hand-over's own. */
  readonly isHandOver: boolean;
}

/** A step that stands where it cannot run, or one that is missing. */
export interface Misplaced {
  readonly path: FlatStep['path'];
  readonly label: string;
  /** Completes a sentence that the label begins. */
  readonly text: string;
}

export interface Placement {
  /** Every step of a known type, disabled ones too, in order. */
  readonly steps: readonly PlacedStep[];
  readonly misplaced: readonly Misplaced[];
}

const WINPE_ONLY: ReadonlySet<StepType> = new Set<StepType>([
  'validate-media',
  'download-content',
  'partition-disk',
  'capture-user-state',
  'apply-os-image',
  'apply-drivers',
  'apply-unattend',
  'set-up-boot',
]);

const FULL_OS_ONLY: ReadonlySet<StepType> = new Set<StepType>([
  'run-powershell',
  'restore-user-state',
  'install-package',
  'install-packages',
  'install-application',
  'install-applications',
]);

const AT_MOST_ONCE: readonly StepType[] = [
  'download-content',
  'capture-user-state',
  'apply-os-image',
  'apply-drivers',
  'apply-unattend',
  'set-up-boot',
  'restore-user-state',
];

/** What stands before and after what, wherever both are there. */
const ORDER: readonly (readonly [before: StepType, after: StepType])[] = [
  ['download-content', 'apply-os-image'],
  ['partition-disk', 'apply-os-image'],
  ['capture-user-state', 'apply-os-image'],
  ['apply-os-image', 'apply-drivers'],
  ['apply-os-image', 'apply-unattend'],
  ['apply-os-image', 'set-up-boot'],
  ['apply-unattend', 'set-up-boot'],
];

/** What every deployment has: whether they are carried out is decided before anything is changed. */
export const OBLIGATORY: ReadonlySet<StepType> = new Set<StepType>([
  'download-content',
  'apply-os-image',
  'apply-unattend',
  'set-up-boot',
]);

/** Their failure ends the run whatever their author says: no Windows that starts would be left, or what was not captured would be wiped. */
export const ENDS_THE_RUN: ReadonlySet<StepType> = new Set<StepType>([
  ...OBLIGATORY,
  'partition-disk',
  'capture-user-state',
]);

/**
 * The part in WinPE ends behind set-up-boot, or behind the last later step that can run in WinPE only. Steps that run in either system keep to the
 * part in which they stand, unless their `runsIn` says otherwise. Disabled steps and steps of unknown types are left out of every judgement.
 */
export function placeSteps(flat: readonly FlatStep[]): Placement {
  const live = flat.filter(isLive);
  const end = live.findLast(each => only(each.step) === 'winpe');
  const boundary = end === undefined ? 0 : flat.indexOf(end) + 1;
  const first = live.find(each => flat.indexOf(each) >= boundary);
  const steps = flat.flatMap((each, index): PlacedStep[] => {
    if (!hasKnownStep(each)) return [];
    const phase = index < boundary ? 'winpe' : 'full-os';
    const isHandOver = each === first && each.step.step === 'restart' && each.step.to === 'full-os';
    return [{ ...each, phase, isHandOver }];
  });
  return { steps, misplaced: misplacedOf(live, end) };
}

type Known = FlatStep & { readonly step: KnownStep };

function misplacedOf(live: readonly Known[], end: Known | undefined): readonly Misplaced[] {
  const early = live.filter(each => only(each.step) === 'full-os' && isBefore(live, each, end));
  return [
    ...missing(live, 'apply-os-image'),
    ...missing(live, 'set-up-boot'),
    ...AT_MOST_ONCE.flatMap(type =>
      live
        .filter(each => each.step.step === type)
        .slice(1)
        .map(each => wrong(each, 'stands a second time; a task sequence has one at most')),
    ),
    ...ORDER.flatMap(([before, after]) => outOfOrder(live, before, after)),
    ...early.map(each =>
      wrong(each, `runs in the full OS, but stands before ${end?.label}, which runs in WinPE`),
    ),
    ...live.filter(isToPartitioned).flatMap(each => {
      const partitioning = live.find(({ step }) => step.step === 'partition-disk');
      return partitioning === undefined
        ? [wrong(each, 'has the target partitioned, but no partition-disk stands before it')]
        : [];
    }),
    ...live
      .filter(({ step }) => ENDS_THE_RUN.has(step.step) && step.continueOnError === true)
      .map(each => wrong(each, 'cannot continue on error: what comes after it would do harm without it')),
  ];
}

function missing(live: readonly Known[], type: StepType): Misplaced[] {
  if (live.some(({ step }) => step.step === type)) return [];
  return [{ path: ['steps'], label: type, text: 'is required, but absent or disabled' }];
}

function outOfOrder(live: readonly Known[], before: StepType, after: StepType): Misplaced[] {
  const turn = live.find(({ step }) => step.step === after);
  return live
    .filter(({ step }) => step.step === before)
    .filter(each => turn !== undefined && live.indexOf(each) > live.indexOf(turn))
    .map(each =>
      before === 'apply-os-image' && turn !== undefined
        ? wrong(turn, `must stand after ${each.label}`)
        : wrong(each, `must stand before ${turn?.label}`),
    );
}

function wrong({ path, label }: FlatStep, text: string): Misplaced {
  return { path, label, text };
}

/** The one system that a step can run in, if it cannot run in both. */
function only(step: KnownStep): Phase | undefined {
  if (step.step === 'restart') return step.to === 'winpe' ? 'winpe' : 'full-os';
  if (WINPE_ONLY.has(step.step)) return 'winpe';
  if (FULL_OS_ONLY.has(step.step)) return 'full-os';
  return 'runsIn' in step ? step.runsIn : undefined;
}

function isBefore(live: readonly Known[], each: Known, end: Known | undefined): boolean {
  return end !== undefined && live.indexOf(each) < live.indexOf(end);
}

function isToPartitioned({ step }: Known): boolean {
  return step.step === 'apply-os-image' && step.target === 'partitioned';
}

function isLive(each: FlatStep): each is Known {
  return hasKnownStep(each) && each.off === undefined;
}

function hasKnownStep(each: FlatStep): each is Known {
  return isKnownStep(each.step);
}
