// Publishes all items of a site together: several are read at once, all new versions are flushed in one go, and only then does the first appear.
import path from 'node:path';
import type { Hardware } from '../content/hardware.ts';
import { asFault } from '../fault/fault.ts';
import type { Observe } from '../progress/event.ts';
import type { LookedAt } from './look-at-item.ts';
import { absentFolders, removeEmpty } from './made-folders.ts';
import { packageHardware } from './package-hardware.ts';
import { type ItemWorld, type PreparedItem, prepareItem } from './publish-item.ts';
import { PublishMeter } from './publish-meter.ts';
import { sourceBytes, sourceFiles } from './source-tree.ts';
import { itemFolder, removeStaging, revealItem } from './stage-item.ts';

/** Two or three keep every thread busy while another one waits for its last file. */
const ITEMS_AT_ONCE = 3;

/**
 * All or nothing: when one item fails, what the others staged goes away again and no version appears.
 * Faults: those of prepareItem; of several, the first.
 */
export async function publishItems(
  looked: readonly LookedAt[],
  world: ItemWorld,
  observe: Observe,
): Promise<readonly PreparedItem[]> {
  const made = absentFolders(world.point);
  const meter = new PublishMeter(observe);
  meter.start(looked.reduce((sum, each) => sum + bytesToRead(each, world), 0));
  const failed = new AbortController();
  const signal = world.signal === undefined ? failed.signal : AbortSignal.any([world.signal, failed.signal]);
  const prepared: (PreparedItem | undefined)[] = looked.map(() => undefined);
  const failures: unknown[] = [];
  const queue = looked.entries();
  const lane = async (): Promise<void> => {
    for (const [at, each] of queue) {
      if (failures.length > 0) return;
      const advance = (bytes: number): void => meter.advance(bytes, each.item.name);
      try {
        prepared[at] = await prepareItem(each, { ...world, signal, advance });
      } catch (thrown) {
        failures.push(thrown);
        // The others would only be thrown away.
        failed.abort(thrown);
      }
    }
  };
  await Promise.all(Array.from({ length: ITEMS_AT_ONCE }, lane));
  try {
    if (failures.length > 0) throw failures[0];
    const whole = prepared.filter(each => each !== undefined);
    await world.durable.flushTrees(whole.flatMap(({ staging }) => staging ?? []));
    for (const {
      looked: { item },
      staging,
    } of whole)
      if (staging !== undefined) await revealItem(item, staging, world);
    meter.end();
    return whole;
  } catch (thrown) {
    for (const { item, settled } of looked) {
      if (settled !== undefined) continue;
      await removeStaging(item, world).catch(() => {
        // The first fault is the one to tell; the next publish removes what is left.
      });
    }
    const items = looked.map(({ item }) => itemFolder(world.point, item));
    const above = items.slice(0, 1).map(folder => path.dirname(folder));
    await removeEmpty([...items, ...above, ...made], world.durable).catch(() => {
      // See above.
    });
    throw asFault(thrown);
  }
}

/** @returns what policy says of the hardware of driver packages, by content ID. Faults: those of packageHardware. */
export async function hardwareOf(
  looked: readonly LookedAt[],
  observe: Observe,
): Promise<ReadonlyMap<string, Hardware>> {
  const found = new Map<string, Hardware>();
  for (const { item, tree } of looked) {
    if (item.hardware === undefined) continue;
    const hardware = await packageHardware(item, sourceFiles(tree), observe);
    if (hardware !== undefined) found.set(item.id, hardware);
  }
  return found;
}

function bytesToRead(
  { settled, unsettled, remembered, tree }: LookedAt,
  { rehash, packs }: Pick<ItemWorld, 'rehash' | 'packs'>,
): number {
  if (settled !== undefined) return unsettled.reduce((sum, file) => sum + file.size, 0);
  const source = sourceBytes(tree);
  // The distribution point's files are read as well; and what is packed is read for that.
  const again = rehash && remembered !== undefined ? 1 : 0;
  return (1 + again + (packs ? 1 : 0)) * source;
}
