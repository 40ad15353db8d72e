// Carries out one action as its author wants it: again after a failure, within its time, and on with the sequence when it fails for good.
import type { FaultCode } from '../fault/catalogue.ts';
import { asFault, Fault, faultRecord } from '../fault/fault.ts';
import { faultLine } from '../fault/fault-line.ts';
import type { Journal } from '../journal/journal.ts';
import { NO_COURSE, recall } from '../journal/past.ts';
import type { ActionKey, ActionResult } from '../journal/record.ts';
import { type Action, type ActionName, actionKey, actionText } from '../plan/plan.ts';
import { STAGES } from './stages.ts';
import type { Course, Step } from './step.ts';
import type { StepWorld } from './step-world.ts';

/** Without these there is no Windows, or none that may be started: their failure ends the run whatever the author wants. */
export const ENDS_THE_RUN: ReadonlySet<ActionName> = new Set<ActionName>([
  'acquire-content',
  'verify-image',
  'partition-disk',
  'apply-image',
  'stage-agent',
  'write-unattend',
  'make-bootable',
  'protect-folders',
  'hand-over',
  'retire-media',
]);

/** They stop their program themselves and name its log. */
const TIMES_ITSELF: ReadonlySet<ActionName> = new Set<ActionName>(['run-command', 'run-powershell']);
const RUNS_A_PROGRAM: ReadonlySet<ActionName> = new Set<ActionName>([
  ...TIMES_ITSELF,
  'install-package',
  'install-application',
]);

/**
 * Every attempt is journaled: started, and finished or failed. A failure that the sequence goes on after is journaled as finished, too, with its
 * fault in `result.failed`.
 * @throws the last attempt's Fault where it ends the run.
 */
export async function carryOut(
  action: Action,
  step: Step<ActionName>,
  world: StepWorld,
  journal: Journal,
): Promise<ActionResult> {
  const key = actionKey(action);
  const { retry, continueOnError = false } = action.control ?? {};
  const began = world.clock.ticks();
  const seconds = (): number => (world.clock.ticks() - began) / 1000;
  let journaled = 0;
  /** Since the action's last record: added up over its records they are the time it took. */
  const since = (): number => {
    const before = journaled;
    journaled = seconds();
    return journaled - before;
  };
  // A restart in the middle of an attempt does not give the author's others back: an installer that restarts and fails would do so for ever.
  const before = recall(journal.records).failures.get(key) ?? 0;
  for (let attempt = before + 1; ; attempt++) {
    try {
      const result = { ...(await attemptOnce(action, step, world, journal)), ...counted(attempt) };
      if (result.resumes === true) return result;
      if (action.name !== 'retire-media')
        await journal.append({ type: 'action-finished', action: key, seconds: since(), result });
      world.observe({
        kind: 'finished',
        stage: STAGES[action.name],
        subject: actionText(action),
        seconds: seconds(),
      });
      return result;
    } catch (thrown) {
      const fault = asFault(thrown);
      await journal.append({
        type: 'action-failed',
        action: key,
        seconds: since(),
        fault: faultRecord(fault),
      });
      if (endsEverything(fault)) throw fault;
      // What takes the computer down each time would do so for ever: this run cannot count its own attempts.
      if (retry !== undefined && attempt < retry.attempts && fault.code !== 'PKG-06') {
        warn(
          action,
          world,
          `failed (${faultLine(fault)}); trying again in ${retry.delaySeconds} s, ${retry.attempts - attempt} more times at most`,
        );
        await world.sleep(retry.delaySeconds * 1000, world.signal);
        continue;
      }
      if (!continueOnError || ENDS_THE_RUN.has(action.name)) throw fault;
      const result = { failed: faultRecord(fault), ...counted(attempt) };
      await journal.append({ type: 'action-finished', action: key, seconds: since(), result });
      warn(action, world, `failed (${faultLine(fault)}); the task sequence goes on`);
      return result;
    }
  }
}

/** Somebody stops the run, somebody is not to be trusted, or Prestage itself is at fault: no author can have wished to go on. */
function endsEverything({ code }: Fault): boolean {
  return code === 'STOP-01' || code.startsWith('TRUST-') || code.startsWith('BUG-');
}

async function attemptOnce(
  action: Action,
  step: Step<ActionName>,
  world: StepWorld,
  journal: Journal,
): Promise<ActionResult> {
  const key = actionKey(action);
  const stage = STAGES[action.name];
  await journal.append({ type: 'action-started', action: key });
  const subject = actionText(action);
  world.observe({ kind: 'started', stage, subject });
  return await withinItsTime(action, world, limited =>
    step.run(
      action,
      limited,
      (doneBytes, totalBytes) => world.observe({ kind: 'advanced', stage, subject, doneBytes, totalBytes }),
      courseOf(key, journal),
    ),
  );
}

/** A step that is over its time is stopped as a person would stop it. Faults: PKG-02 for what runs a program, else STOP-02; the cause tells the rest. */
async function withinItsTime<T>(
  action: Action,
  world: StepWorld,
  run: (world: StepWorld) => Promise<T>,
): Promise<T> {
  const minutes = action.control?.timeoutMinutes;
  if (minutes === undefined || TIMES_ITSELF.has(action.name)) return await run(world);
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), minutes * 60_000);
  const signal = world.signal === undefined ? limit.signal : AbortSignal.any([world.signal, limit.signal]);
  try {
    return await run({ ...world, signal });
  } catch (cause) {
    if (!limit.signal.aborted || world.signal?.aborted) throw cause;
    const code: FaultCode = RUNS_A_PROGRAM.has(action.name) ? 'PKG-02' : 'STOP-02';
    throw new Fault(code, actionText(action), { timeoutMinutes: minutes }, { cause });
  } finally {
    clearTimeout(timer);
  }
}

function courseOf(action: ActionKey, journal: Journal): Course {
  return {
    ...(recall(journal.records).courses.get(action) ?? NO_COURSE),
    started: command => journal.append({ type: 'command-started', action, command }),
    finished: (command, exitCode) => journal.append({ type: 'command-finished', action, command, exitCode }),
  };
}

function counted(attempt: number): ActionResult {
  return attempt === 1 ? {} : { attempts: attempt };
}

function warn(action: Action, { observe }: StepWorld, words: string): void {
  const text = `${actionText(action)} ${words}.`;
  observe({ kind: 'note', level: 'warning', component: STAGES[action.name], text });
}
