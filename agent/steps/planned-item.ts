// The plan's row for an item. The plan names only what it surveyed, so a missing row is a defect.
import type { PlannedItem } from '../plan/plan.ts';
import type { StepWorld } from './step-world.ts';

/** @returns the row of the content table for `id`. */
export function plannedItem(world: Pick<StepWorld, 'plan'>, id: string): PlannedItem {
  const item = world.plan.items.find(candidate => candidate.reference.id === id);
  if (item === undefined) throw new Error(`the plan has no item ${id}`);
  return item;
}
