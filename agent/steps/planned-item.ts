// The plan's row for an item. The plan names only what it surveyed, so a missing row is a defect.
import type { Plan, PlannedItem } from '../plan/plan.ts';

/** @returns the row of the content table for `id`. */
export function plannedItem(world: { readonly plan: Pick<Plan, 'items'> }, id: string): PlannedItem {
  const item = world.plan.items.find(candidate => candidate.reference.id === id);
  if (item === undefined) throw new Error(`the plan has no item ${id}`);
  return item;
}
