// What the journal says has happened, as one value: the past that a plan and the engine ask.
import type { Plan } from '../plan/plan.ts';
import type { ActionKey, ActionResult, JournalRecord } from './record.ts';

/** How far the commands of an item have come that is not finished, over all starts since it last failed. */
export interface ItemCourse {
  /** Commands that have ended as they should. */
  readonly done: number;
  /** How often the next one was started without coming to an end: each time the computer went down, or the agent did. */
  readonly starts: number;
}

export interface Past {
  /** The newest plan, or undefined before the first. */
  readonly plan?: Plan;
  /** Actions finished under the newest plan or an earlier one of the same journal, with what they came to. */
  readonly finished: ReadonlyMap<ActionKey, ActionResult>;
  /** Actions started and not finished: cut, or failed. */
  readonly open: ReadonlySet<ActionKey>;
  /** Items whose commands have begun and are not done for good: cut, or waiting for a restart. */
  readonly courses: ReadonlyMap<ActionKey, ItemCourse>;
  /** Highest policy serial that was accepted; 0 before the first. */
  readonly policySerial: number;
  /** Everything was installed; only the cleaning up may be left. */
  readonly completed: boolean;
  /** An installer asked for a restart that has not come yet. */
  readonly restartPending?: 'soft' | 'hard';
}

/** @param records the journal, oldest first. */
export function recall(records: readonly JournalRecord[]): Past {
  const finished = new Map<ActionKey, ActionResult>();
  const open = new Set<ActionKey>();
  const courses = new Map<ActionKey, ItemCourse>();
  let plan: Plan | undefined;
  let policySerial = 0;
  let completed = false;
  let restartPending: 'soft' | 'hard' | undefined;
  for (const record of records) {
    switch (record.type) {
      case 'plan':
        plan = record.plan;
        break;
      case 'policy-accepted':
        policySerial = Math.max(policySerial, record.serial);
        break;
      case 'action-started':
        open.add(record.action);
        for (const action of [...finished.keys()]) {
          if (isUndoneBy(action, record.action)) finished.delete(action);
        }
        for (const action of [...courses.keys()]) {
          if (action !== record.action && isUndoneBy(action, record.action)) courses.delete(action);
        }
        break;
      case 'command-started': {
        const { done = 0, starts = 0 } = courses.get(record.action) ?? {};
        courses.set(record.action, { done, starts: starts + 1 });
        break;
      }
      case 'command-finished':
        courses.set(record.action, { done: record.command, starts: 0 });
        break;
      case 'action-failed':
        courses.delete(record.action);
        break;
      case 'action-finished':
        open.delete(record.action);
        finished.set(record.action, record.result);
        // What a hard restart belongs to shows itself after it only: until then it is known how far the item came.
        if (record.result.restart !== 'hard') courses.delete(record.action);
        break;
      case 'restart-asked':
        // An item that goes on after the restart it asked for was not cut.
        open.delete(record.by);
        restartPending = record.kind;
        break;
      case 'run-started':
        // A run that starts is the restart that was asked for: hand-over and a hard restart both end the process.
        restartPending = undefined;
        break;
      case 'completed':
        completed = true;
        break;
    }
  }
  return {
    finished,
    open,
    courses,
    policySerial,
    completed,
    ...(plan === undefined ? {} : { plan }),
    ...(restartPending === undefined ? {} : { restartPending }),
  };
}

// Applying the image wipes what later actions did to the volume; content that is acquired anew was not the content that was used before.
function isUndoneBy(action: ActionKey, started: ActionKey): boolean {
  if (action === started) return true;
  const [name, id] = started.split(':');
  if (name === 'apply-image')
    return !action.startsWith('acquire-content:') && !action.startsWith('verify-image:');
  return name === 'acquire-content' && action.endsWith(`:${id}`);
}
