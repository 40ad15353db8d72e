// What the journal says has happened, as one value: the past that a plan and the engine ask.
import type { Plan } from '../plan/plan.ts';
import type { ActionKey, ActionResult, JournalRecord } from './record.ts';
import { isNoLongerDecided, isUndoneBy, leavesThePlan } from './undone.ts';

/** How far the commands of an item have come that is not finished, over all starts since it last failed. */
export interface ItemCourse {
  /** Commands that have ended as they should. */
  readonly done: number;
  /** Starts of the item that had a command running and came to no end: the computer went down, or the agent did. */
  readonly cuts: number;
  /** The restart that the last of these commands asked for was announced, so that what it leaves is there to see. */
  readonly restarted: boolean;
  /** A command was started in the newest start of the item. */
  readonly begun: boolean;
}

/** Of an item that was never begun. */
export const NO_COURSE: ItemCourse = { done: 0, cuts: 0, restarted: false, begun: false };

/** Variables as the journal tells them: of secret ones only that they were set. */
export interface SetVariables {
  /** The action, or `prestart`. */
  readonly by: string;
  readonly values: Readonly<Record<string, string>>;
  readonly secret: readonly string[];
}

export interface Past {
  /** The newest plan, or undefined before the first. */
  readonly plan?: Plan;
  /** Actions finished under the newest plan or an earlier one of the same journal, with what they came to. */
  readonly finished: ReadonlyMap<ActionKey, ActionResult>;
  /** Actions started and not finished: cut, or failed. */
  readonly open: ReadonlySet<ActionKey>;
  /** Those of the open ones whose last start ended in a fault. */
  readonly failed: ReadonlySet<ActionKey>;
  /** How often each has failed since a run last ended in a fault, over all restarts in between; those that have not are absent. */
  readonly failures: ReadonlyMap<ActionKey, number>;
  /** What steps have set, in the order in which it was set; without what was undone since, or is no part of the newest plan. */
  readonly variables: readonly SetVariables[];
  /** What the prestart command set; undefined while none has ended well. */
  readonly prestart?: SetVariables;
  /** Items whose commands have begun and are not done for good: cut, or waiting for a restart. */
  readonly courses: ReadonlyMap<ActionKey, ItemCourse>;
  /** Highest policy serial that was accepted; 0 before the first. */
  readonly policySerial: number;
  /** Everything of the newest plan was installed; only the cleaning up may be left. */
  readonly completed: boolean;
  /** An installer asked for a restart that has not come yet. */
  readonly restartPending?: 'soft' | 'hard';
}

/** The sequence has passed it by: skipped, or failed and gone on from. */
export function isSettled({ skipped, failed }: ActionResult): boolean {
  return skipped !== undefined || failed !== undefined;
}

/** @param records the journal, oldest first. */
export function recall(records: readonly JournalRecord[]): Past {
  const finished = new Map<ActionKey, ActionResult>();
  const open = new Set<ActionKey>();
  const courses = new Map<ActionKey, ItemCourse>();
  const courseOf = (action: ActionKey): ItemCourse => courses.get(action) ?? NO_COURSE;
  const failed = new Set<ActionKey>();
  const failures = new Map<ActionKey, number>();
  const variables = new Map<ActionKey, SetVariables>();
  let prestart: SetVariables | undefined;
  let plan: Plan | undefined;
  let policySerial = 0;
  let completed = false;
  let restartPending: 'soft' | 'hard' | undefined;
  let runFailed = false;
  for (const record of records) {
    switch (record.type) {
      case 'plan':
        for (const [action, result] of [...finished]) {
          if (isSettled(result) && isNoLongerDecided(action, plan, record.plan)) finished.delete(action);
        }
        for (const action of [...variables.keys()]) {
          if (leavesThePlan(action, record.plan)) variables.delete(action);
        }
        plan = record.plan;
        completed = false;
        // Every deploy hands over anew: a Windows of before is none that this plan was carried out for.
        finished.delete('hand-over');
        open.delete('hand-over');
        break;
      case 'policy-accepted':
        policySerial = Math.max(policySerial, record.serial);
        break;
      case 'action-started':
        for (const known of [finished, open, failed, variables]) {
          for (const action of [...known.keys()]) {
            if (isUndoneBy(action, record.action, plan)) known.delete(action);
          }
        }
        open.add(record.action);
        for (const [action, course] of [...courses]) {
          if (action === record.action) {
            if (course.begun) courses.set(action, { ...course, begun: false, cuts: course.cuts + 1 });
          } else if (isUndoneBy(action, record.action, plan)) courses.delete(action);
        }
        break;
      case 'command-started':
        courses.set(record.action, { ...courseOf(record.action), begun: true, restarted: false });
        break;
      case 'command-finished':
        courses.set(record.action, { ...courseOf(record.action), done: record.command });
        break;
      case 'variables-set': {
        const { by, values, secret = [] } = record;
        const set = { by, values, secret };
        if (by === 'prestart') prestart = set;
        // What is set last stands last.
        variables.delete(by);
        if (by !== 'prestart') variables.set(by, set);
        break;
      }
      case 'action-failed':
        courses.delete(record.action);
        failed.add(record.action);
        failures.set(record.action, (failures.get(record.action) ?? 0) + 1);
        break;
      case 'action-finished':
        open.delete(record.action);
        failed.delete(record.action);
        finished.set(record.action, record.result);
        // What a hard restart belongs to shows itself after it only: until then it is known how far the item came.
        if (record.result.restart !== 'hard') {
          courses.delete(record.action);
          failures.delete(record.action);
        }
        break;
      case 'restart-asked':
        // An item that goes on after the restart it asked for was not cut.
        open.delete(record.by);
        if (courses.has(record.by))
          courses.set(record.by, { ...courseOf(record.by), begun: false, restarted: true });
        restartPending = record.kind;
        break;
      case 'run-started':
        // A run that starts is the restart that was asked for: hand-over and a hard restart both end the process. After a failure somebody may
        // have started it by hand: an installer's wish is kept then, for one restart too many does no harm.
        if (restartPending === 'hard' || !runFailed) restartPending = undefined;
        runFailed = false;
        break;
      case 'run-failed':
        runFailed = true;
        // Whoever starts again has looked at it: every attempt that the author allows counts anew.
        failures.clear();
        break;
      case 'completed':
        completed = true;
        break;
    }
  }
  return {
    finished,
    open,
    failed,
    failures,
    variables: [...variables.values()],
    ...(prestart === undefined ? {} : { prestart }),
    courses,
    policySerial,
    completed,
    ...(plan === undefined ? {} : { plan }),
    ...(restartPending === undefined ? {} : { restartPending }),
  };
}
