// Makes actions of the steps of a task sequence: lists expanded, what the conditions decide already decided. A pure function of the signed sequence
// and of what is known of the machine; what depends on the survey and the image is filled in by make-plan.ts.
import { Fault } from '../fault/fault.ts';
import { type Judgement, judgeNow } from '../policy/evaluate-condition.ts';
import type { TaskSequence } from '../policy/policy.ts';
import type { KnownStep } from '../policy/sequence-step.ts';
import { askWhilePlanning, type Known, type PlanningAsk } from './ask-while-planning.ts';
import type { InstallWish } from './install-order.ts';
import { ENDS_THE_RUN, OBLIGATORY, type PlacedStep } from './place-steps.ts';
import type { ActionControl, TargetChoice } from './plan.ts';
import { marked, type Unmarked } from './step-mark.ts';
import { type CompiledTask, tasksOf } from './tasks-of-step.ts';

export type CompiledAction = CompiledTask & { readonly control?: ActionControl };

export interface CompiledSequence {
  readonly target?: TargetChoice;
  readonly actions: readonly CompiledAction[];
}

export interface CompileInput {
  readonly sequence: Pick<TaskSequence, 'id' | 'packages' | 'applications'>;
  /** From require-steps.ts. */
  readonly steps: readonly PlacedStep[];
  readonly driverPackages: readonly string[];
  readonly about: InstallWish['about'];
  readonly known: Known;
}

/**
 * Content is fetched first where no step says when; rights are set and the machine is armed at the end of the part in WinPE; cleaning up is last.
 * Faults: CONTENT-10 for a condition on a variable that nothing sets, CONTENT-11 when a step that every deployment needs would not be carried out.
 */
export function compileSteps(input: CompileInput): CompiledSequence {
  const { steps, sequence } = input;
  const planning = askWhilePlanning(input.known);
  const winpe = compilePhase('winpe', input, planning);
  const fullOs = compilePhase('full-os', input, planning);
  const isFetched = winpe.some(({ action }) => action.name === 'download-content');
  const target = steps.map(targetOf).find(choice => choice !== undefined);
  if (target === 'partitioned') requirePartition(winpe, sequence.id);
  const actions = marked<CompiledAction>([
    ...(isFetched ? [] : [{ action: { name: 'download-content' } as const }]),
    ...winpe,
    { action: { name: 'protect-folders' } },
    { action: { name: 'hand-over' } },
    ...fullOs,
    { action: { name: 'retire-media' } },
  ]);
  return { actions, ...(target === undefined ? {} : { target }) };
}

/** Steps keep their order, and all of WinPE stands before all of the full OS: a variable may change in the former for the latter. */
function compilePhase(
  phase: PlacedStep['phase'],
  { steps, sequence, driverPackages, about }: CompileInput,
  planning: PlanningAsk,
): readonly Unmarked<CompiledAction>[] {
  const installed = new Set<string>();
  const compiled: Unmarked<CompiledAction>[] = [];
  let hasUnattend = false;
  for (const each of steps.filter(step => step.phase === phase)) {
    const { step } = each;
    const { skip, isCertain } = decide(each, planning, sequence.id);
    // What every deployment needs stands in a plan once; a second one that is skipped would be taken for the first.
    if (skip !== undefined && OBLIGATORY.has(step.step)) continue;
    const control = controlOf(each, skip);
    const around = { sequence, driverPackages, about, installed, hasUnattend };
    for (const task of tasksOf(each, isCertain, around))
      compiled.push({ action: control === undefined ? task : { ...task, control }, step });
    if (skip !== undefined) continue;
    noteChanges(step, planning);
    hasUnattend ||= step.step === 'apply-unattend';
  }
  return compiled;
}

interface Decided {
  /** Why the step is not carried out. */
  readonly skip?: string;
  /** It is carried out, whatever the machine will say. */
  readonly isCertain: boolean;
}

function decide(each: PlacedStep, planning: PlanningAsk, taskSequence: string): Decided {
  if (each.off !== undefined) return { skip: each.off, isCertain: false };
  const { verdict, because } = judge(each, planning);
  if (verdict === 'true') return { isCertain: true };
  const isSpared = ['download-content', 'apply-unattend'].includes(each.step.step);
  if (verdict === 'false' && (isSpared || !OBLIGATORY.has(each.step.step)))
    return { skip: because, isCertain: false };
  if (!OBLIGATORY.has(each.step.step)) return { isCertain: false };
  throw new Fault('CONTENT-11', each.label, {
    taskSequence,
    expected:
      verdict === 'false'
        ? 'a condition that holds on this machine'
        : 'a condition that can be decided before anything is changed',
    found: because,
  });
}

function judge({ when, label }: PlacedStep, { ask }: PlanningAsk): Judgement {
  try {
    return judgeNow(when, ask);
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown;
    throw new Fault(thrown.code, thrown.subject, { ...thrown.detail, step: label }, { cause: thrown });
  }
}

/** What a step may set, so that conditions behind it cannot be decided any more. */
function noteChanges(step: KnownStep, { mayChange }: PlanningAsk): void {
  if (step.step === 'set-variable') mayChange(step.variable);
  if (step.step === 'run-command' || step.step === 'run-powershell') mayChange();
}

function controlOf(
  { step, title, phase, when, groupContinuesOnError }: PlacedStep,
  skip: string | undefined,
): ActionControl | undefined {
  const continues = step.continueOnError === true || groupContinuesOnError;
  const control: ActionControl = {
    ...(title === undefined ? {} : { title }),
    ...(isOfEither(step) ? { phase } : {}),
    // Decided already for what every deployment needs: it must not be decided otherwise half way.
    ...(when.length === 0 || OBLIGATORY.has(step.step) ? {} : { when }),
    ...(skip === undefined ? {} : { skip }),
    ...(continues && !ENDS_THE_RUN.has(step.step) ? { continueOnError: true } : {}),
    ...(step.retry === undefined ? {} : { retry: step.retry }),
    ...(step.timeoutMinutes === undefined ? {} : { timeoutMinutes: step.timeoutMinutes }),
  };
  return Object.keys(control).length === 0 ? undefined : control;
}

function requirePartition(winpe: readonly Unmarked<CompiledAction>[], taskSequence: string): void {
  const partitions = winpe.map(({ action }) => action).filter(({ name }) => name === 'partition-disk');
  if (partitions.some(({ control }) => control?.skip === undefined)) return;
  throw new Fault('CONTENT-11', 'partition-disk', {
    taskSequence,
    expected: 'a partition-disk that is carried out, for the target partitioned',
    found: partitions.map(({ control }) => control?.skip).join('; '),
  });
}

function targetOf({ step, off }: PlacedStep): TargetChoice | undefined {
  if (step.step !== 'apply-os-image' || off !== undefined || step.target === 'media') return undefined;
  return step.target;
}

function isOfEither({ step }: KnownStep): boolean {
  return ['run-command', 'set-variable', 'send-status', 'copy-logs', 'restart'].includes(step);
}
