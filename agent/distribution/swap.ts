// Puts a staged item in the place of the old one. Three steps in an order that leaves, at every cut, either the old item or the new one whole:
//
//   <ID>          -> <ID>.retired      the old item steps aside
//   <ID>.<version>.partial -> <ID>     the new one takes its name
//   <ID>.retired  removed
import type { CacheLayout } from '../content/layout.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import { kindOf } from './local-tree.ts';

/** `staged` is complete and durable. Every rename is durable before the next step begins. */
export async function swapIn(
  { item, retired, staged }: { readonly item: string; readonly retired: string; readonly staged: string },
  durable: DurableFiles,
): Promise<void> {
  if ((await kindOf(item)) !== 'absent') await durable.rename(item, retired);
  await durable.rename(staged, item);
  await durable.remove(retired);
}

/**
 * Resolves a swap that was cut. Without an item the old one comes back (the staged one is still there, is proven again and swapped in again);
 * with one the swap had succeeded and only the old one's removal is left. To be called before the item is looked at.
 */
export async function recoverSwap(layout: CacheLayout, id: string, durable: DurableFiles): Promise<void> {
  const [item, retired] = [layout.item(id), layout.retired(id)];
  if ((await kindOf(retired)) === 'absent') return;
  if ((await kindOf(item)) === 'absent') await durable.rename(retired, item);
  else await durable.remove(retired);
}
