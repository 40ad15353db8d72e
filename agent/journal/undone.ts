// What an action undoes by being started: whatever the volume or the cache will not show any more afterwards. Pure.
import { type Action, actionKey, type Plan } from '../plan/plan.ts';
import type { ActionKey } from './record.ts';

/**
 * Applying the image clears its volume, and partitioning a whole disk: what stands behind them in the plan is undone, and what an earlier plan did
 * besides; what stands before them is not. Content that is acquired anew was not the content that was used before. Every action undoes itself.
 */
export function isUndoneBy(action: ActionKey, started: ActionKey, plan: Plan | undefined): boolean {
  if (action === started) return true;
  const { name, id } = partsOf(started);
  if (name === 'apply-image' || name === 'partition-disk')
    return !isContent(action) && !standsBefore(action, started, plan);
  return (
    name === 'acquire-content' && (partsOf(action).id === id || contentOf(findAction(action, plan)) === id)
  );
}

/** A decision to skip, or to go on after a failure, was made of the action as it was: one that the new plan has otherwise, or not at all, is decided anew. */
export function isNoLongerDecided(action: ActionKey, before: Plan | undefined, now: Plan): boolean {
  return JSON.stringify(findAction(action, before)) !== JSON.stringify(findAction(action, now));
}

/** @returns true for an action that `plan` does not have. */
export function leavesThePlan(action: ActionKey, plan: Plan): boolean {
  return findAction(action, plan) === undefined;
}

function isContent(action: ActionKey): boolean {
  const { name } = partsOf(action);
  return name === 'acquire-content' || name === 'verify-image';
}

function standsBefore(action: ActionKey, started: ActionKey, plan: Plan | undefined): boolean {
  const keys = (plan?.actions ?? []).map(actionKey);
  const at = keys.indexOf(action);
  return at >= 0 && at < keys.indexOf(started);
}

function findAction(key: ActionKey, plan: Plan | undefined): Action | undefined {
  return plan?.actions.find(action => actionKey(action) === key);
}

function contentOf(action: Action | undefined): string | undefined {
  return action !== undefined && 'content' in action ? action.content : undefined;
}

/** `install-package:ABC00012#1a2b3c4d` is an action by name and, where it has one, ID. */
function partsOf(key: ActionKey): { readonly name: string; readonly id?: string } {
  const [name = '', id] = key.replace(/#.*$/, '').split(':');
  return id === undefined ? { name } : { name, id };
}
