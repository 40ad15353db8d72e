// What the journal says has happened, as one value: the past that a plan and the engine ask.
import type { Plan } from '../plan/plan.ts';
import type { ActionKey, ActionResult, JournalRecord } from './record.ts';

export interface Past {
  /** The newest plan, or undefined before the first. */
  readonly plan?: Plan;
  /** Actions finished under the newest plan or an earlier one of the same journal, with what they came to. */
  readonly finished: ReadonlyMap<ActionKey, ActionResult>;
  /** Actions started and not finished: cut, or failed. */
  readonly open: ReadonlySet<ActionKey>;
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
        break;
      case 'action-finished':
        open.delete(record.action);
        finished.set(record.action, record.result);
        break;
      case 'restart-asked':
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
