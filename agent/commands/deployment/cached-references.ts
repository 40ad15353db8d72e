// Which version of each item lies in the cache: what the media laid there, and since then what the journal says was made whole.
import type { ContentReference } from '../../content/manifest.ts';
import type { JournalRecord } from '../../journal/record.ts';
import type { Plan } from '../../plan/plan.ts';

/** @returns by ID; an item that neither names is not there. */
export function cachedReferences(
  laid: readonly ContentReference[],
  records: readonly JournalRecord[],
): ReadonlyMap<string, ContentReference> {
  const cached = new Map(laid.map(reference => [reference.id, reference]));
  let plan: Plan | undefined;
  for (const record of records) {
    if (record.type === 'plan') plan = record.plan;
    if (record.type !== 'action-finished' || !record.action.startsWith('acquire-content:')) continue;
    const item = plan?.items.find(({ reference }) => `acquire-content:${reference.id}` === record.action);
    if (item !== undefined) cached.set(item.reference.id, item.reference);
  }
  return cached;
}
