// The engine: walks a plan's actions in order. It alone journals: decide whether to skip, ask the machine, write started, run, write finished.
import { Fault } from '../fault/fault.ts';
import type { Journal } from '../journal/journal.ts';
import { isSettled, type Past, recall } from '../journal/past.ts';
import type { ActionKey, ActionResult } from '../journal/record.ts';
import { type Action, type ActionName, actionKey, actionText, type Phase, phaseOf } from '../plan/plan.ts';
import { judge } from '../policy/evaluate-condition.ts';
import { askMachine } from './ask-machine.ts';
import { carryOut } from './carry-out.ts';
import { STEPS } from './index.ts';
import { STAGES } from './stages.ts';
import type { Step } from './step.ts';
import type { StepWorld } from './step-world.ts';

/**
 * Carries out the actions of `phase`, leaving out what the machine says is done, what is disabled, and what its conditions do not want.
 * @returns `restart` when an action asked for a hard restart before the rest may go on, else `finished`.
 * @throws the Fault of the first action that must not fail, after it was journaled; CONTENT-10 for a condition that cannot be decided; STOP-01
 * when the signal aborts between actions.
 */
export async function runPlan(
  phase: Phase,
  world: StepWorld,
  journal: Journal,
): Promise<'finished' | 'restart'> {
  await learnTarget(world);
  for (const action of world.plan.actions) {
    if (phaseOf(action) !== phase) continue;
    if (world.signal?.aborted) throw new Fault('STOP-01', actionText(action));
    const result = await runAction(action, world, journal);
    if (result.restart !== undefined) {
      await journal.append({ type: 'restart-asked', by: actionKey(action), kind: result.restart });
      if (result.restart === 'hard') return 'restart';
    }
  }
  return 'finished';
}

/** From here on OSDTargetSystemDrive tells where it is; before partition-disk has run there is none, which whoever needs it will say. */
async function learnTarget({ plan, target }: StepWorld): Promise<void> {
  if ((plan.target ?? 'media') === 'media') return;
  await target().catch((thrown: unknown) => {
    if (!(thrown instanceof Fault && thrown.code.startsWith('MACHINE-'))) throw thrown;
  });
}

async function runAction(action: Action, world: StepWorld, journal: Journal): Promise<ActionResult> {
  const key = actionKey(action);
  const step = STEPS[action.name] as Step<ActionName>;
  const past = recall(journal.records);
  const before = past.finished.get(key);
  if (before !== undefined && (isSettled(before) || isCleaningUp(past))) return {};
  if (before === undefined && !wasCut(past, key) && !isWaiting(past, key)) {
    const skipped = await reasonToSkip(action, world);
    if (skipped !== undefined) {
      await journal.append({ type: 'action-finished', action: key, seconds: 0, result: { skipped } });
      note(action, world, `is skipped: ${skipped}`);
      return {};
    }
  }
  // What waits for a restart it asked for goes on, though the machine may show its first half already.
  const done = isWaiting(past, key) ? false : await step.done(action, world);
  if (done === true || (done === 'unknown' && before !== undefined)) {
    // The machine knows, or nothing can tell and the journal does: in both cases nothing is repeated. What it came to then is kept for the report.
    if (before === undefined)
      await journal.append({
        type: 'action-finished',
        action: key,
        seconds: 0,
        result: { alreadyDone: true },
      });
    return before?.restart === undefined ? { ...before } : withoutRestart(before);
  }
  if (wasCut(past, key)) {
    const words = step.afterCut === 'continue' ? 'goes on where it was cut' : 'was cut and starts over';
    world.observe({
      kind: 'note',
      level: 'warning',
      component: STAGES[action.name],
      text: `${actionText(action)} ${words}.`,
    });
  }
  return await carryOut(action, step, world, journal);
}

/** What a finished action would be asked with, such as the detection script in its package, may be gone then. */
function isCleaningUp({ open }: Past): boolean {
  return open.has('retire-media');
}

/** It had begun, so its conditions held: what it has done since may be just what they ask for. A failed one is judged anew. */
function wasCut(past: Past, key: ActionKey): boolean {
  return past.open.has(key) && !past.failed.has(key);
}

/** One of its commands has restarted the computer, and those behind it are to come. */
function isWaiting({ courses, finished }: Past, key: ActionKey): boolean {
  return courses.get(key)?.restarted === true && !finished.has(key);
}

/** What cannot be told here (the new Windows' registry, asked in WinPE) does not hold. */
async function reasonToSkip(action: Action, world: StepWorld): Promise<string | undefined> {
  const { skip, when = [] } = action.control ?? {};
  if (skip !== undefined) return skip;
  if (when.length === 0) return undefined;
  const { verdict, because } = await judge(when, askMachine(world, phaseOf(action)));
  return verdict === 'true' ? undefined : because;
}

function note(action: Action, { observe }: StepWorld, words: string): void {
  const text = `${actionText(action)} ${words}.`;
  observe({ kind: 'note', level: 'info', component: STAGES[action.name], text });
}

// The restart that this action asked for has either come (a new run began) or is still pending in the journal; it is not asked for twice.
function withoutRestart({ restart: _, ...rest }: ActionResult): ActionResult {
  return rest;
}
