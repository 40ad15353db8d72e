// The engine: walks a plan's actions in order. It alone journals: ask the machine, write started, run, write finished.
import { asFault, Fault, faultRecord } from '../fault/fault.ts';
import type { Journal } from '../journal/journal.ts';
import { recall } from '../journal/past.ts';
import type { ActionResult } from '../journal/record.ts';
import { type Action, type ActionName, actionKey, type Phase, phaseOf } from '../plan/plan.ts';
import type { Stage } from '../progress/event.ts';
import { STEPS } from './index.ts';
import type { Course, Step } from './step.ts';
import type { StepWorld } from './step-world.ts';

const STAGES: Readonly<Record<ActionName, Stage>> = {
  'acquire-content': 'transfer',
  'verify-image': 'validate-image',
  'validate-media': 'find-media',
  'partition-disk': 'apply-image',
  'apply-image': 'apply-image',
  'protect-folders': 'hand-over',
  'run-command': 'command',
  'run-powershell': 'command',
  'set-variable': 'command',
  restart: 'command',
  'capture-user-state': 'user-state',
  'restore-user-state': 'user-state',
  'send-status': 'command',
  'copy-logs': 'command',
  'add-drivers': 'drivers',
  'stage-agent': 'hand-over',
  'write-unattend': 'hand-over',
  'make-bootable': 'boot-files',
  'hand-over': 'hand-over',
  'install-package': 'install',
  'install-application': 'install',
  'retire-media': 'clean-up',
};

/**
 * Carries out the actions of `phase`, skipping what the machine says is done.
 * @returns `restart` when an action asked for a hard restart before the rest may go on, else `finished`.
 * @throws the first action's Fault, after it was journaled; STOP-01 when the signal aborts between actions.
 */
export async function runPlan(
  phase: Phase,
  world: StepWorld,
  journal: Journal,
): Promise<'finished' | 'restart'> {
  for (const action of world.plan.actions) {
    if (phaseOf(action) !== phase) continue;
    if (world.signal?.aborted) throw new Fault('STOP-01', actionKey(action));
    const result = await runAction(action, world, journal);
    if (result.restart !== undefined) {
      await journal.append({ type: 'restart-asked', by: actionKey(action), kind: result.restart });
      if (result.restart === 'hard') return 'restart';
    }
  }
  return 'finished';
}

async function runAction(action: Action, world: StepWorld, journal: Journal): Promise<ActionResult> {
  const key = actionKey(action);
  const step = STEPS[action.name] as Step<ActionName>;
  const stage = STAGES[action.name];
  const past = recall(journal.records);
  const before = past.finished.get(key);
  const done = await step.done(action, world);
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
  if (past.open.has(key)) {
    const words = step.afterCut === 'continue' ? 'goes on where it was cut' : 'was cut and starts over';
    world.observe({ kind: 'note', level: 'warning', component: stage, text: `${key} ${words}.` });
  }
  const began = world.clock.ticks();
  await journal.append({ type: 'action-started', action: key });
  world.observe({ kind: 'started', stage, subject: key });
  try {
    const result = await step.run(
      action,
      world,
      (doneBytes, totalBytes) =>
        world.observe({ kind: 'advanced', stage, subject: key, doneBytes, totalBytes }),
      courseOf(key, journal),
    );
    if (result.resumes === true) return result;
    const seconds = (world.clock.ticks() - began) / 1000;
    if (action.name !== 'retire-media')
      await journal.append({ type: 'action-finished', action: key, seconds, result });
    world.observe({ kind: 'finished', stage, subject: key, seconds });
    return result;
  } catch (thrown) {
    const fault = asFault(thrown);
    await journal.append({ type: 'action-failed', action: key, fault: faultRecord(fault) });
    throw fault;
  }
}

function courseOf(action: string, journal: Journal): Course {
  return {
    ...(recall(journal.records).courses.get(action) ?? { done: 0, starts: 0 }),
    started: command => journal.append({ type: 'command-started', action, command }),
    finished: (command, exitCode) => journal.append({ type: 'command-finished', action, command, exitCode }),
  };
}

// The restart that this action asked for has either come (a new run began) or is still pending in the journal; it is not asked for twice.
function withoutRestart({ restart: _, ...rest }: ActionResult): ActionResult {
  return rest;
}
