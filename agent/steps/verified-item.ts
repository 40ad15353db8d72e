// Hashes an item again immediately before it is used, and clears away what nobody signed: the cache is a place that anyone with the disk can reach.
import path from 'node:path';
import type { ContentManifest } from '../content/manifest.ts';
import { type AcquireWorld, acquire } from '../distribution/acquire.ts';
import { isOurOwn } from '../distribution/source-failure.ts';
import { Fault } from '../fault/fault.ts';
import type { Plan } from '../plan/plan.ts';
import { readChunkIndex } from '../survey/chunk-indexes.ts';
import { extrasOf } from '../survey/look.ts';
import { type ItemSurvey, surveyItem } from '../survey/survey-content.ts';
import { plannedItem } from './planned-item.ts';
import type { StepWorld } from './step-world.ts';

/** Enough to see what somebody has put there. */
const NAMES_SHOWN = 10;

/** What proving an item takes: less than a step has, because the media's prestart command runs before there is a plan. */
export type ItemWorld = AcquireWorld & Pick<StepWorld, 'manifest'> & { readonly plan: Pick<Plan, 'items'> };

/**
 * Proves item `id`; what does not match is mended from the distribution points, once; what the manifest does not name is removed.
 * @returns its manifest and the folder in which every file matches it, and no other file lies.
 * @throws Fault CONTENT-02 naming the first bad file when it cannot be mended (cause: why not); DISK-*, STOP-01.
 */
export async function verifiedItem(
  world: ItemWorld,
  id: string,
): Promise<{ readonly manifest: ContentManifest; readonly folder: string }> {
  const { reference } = plannedItem(world, id);
  const manifest = await world.manifest(reference);
  const folder = world.layout.item(id);
  const before = await prove(world, id, manifest);
  await removeExtras(world, id, before.extra);
  if (before.outcome === 'present') return { manifest, folder };
  world.observe({
    kind: 'note',
    level: 'warning',
    component: 'install',
    text: `${id} is ${before.outcome} at the moment of use; mending it.`,
  });
  try {
    await acquire({ reference, manifest }, world);
  } catch (cause) {
    // Neither a full disk nor a person who stops the run says anything about the item.
    if (isOurOwn(cause)) throw cause;
    throw new Fault('CONTENT-02', `${id}: ${firstBad(before)}`, { outcome: before.outcome }, { cause });
  }
  const after = await prove(world, id, manifest);
  if (after.outcome !== 'present')
    throw new Fault('CONTENT-02', `${id}: ${firstBad(after)}`, { outcome: after.outcome });
  return { manifest, folder };
}

function prove(world: ItemWorld, id: string, manifest: ContentManifest): Promise<ItemSurvey> {
  const { reference } = plannedItem(world, id);
  return surveyItem({
    reference,
    manifest,
    // The plan made this version whole: what differs now is damage, not another version.
    local: { reference, manifest },
    layout: world.layout,
    pool: world.pool,
    readIndex: sha256 => readChunkIndex(world.layout, sha256),
    ...(world.signal === undefined ? {} : { signal: world.signal }),
  });
}

/** Windows loads a DLL that lies beside the program before its own, and DISM adds every INF below a folder. Fault: CONTENT-02 for what stays. */
async function removeExtras(world: ItemWorld, id: string, extras: readonly string[]): Promise<void> {
  if (extras.length === 0) return;
  world.observe({
    kind: 'note',
    level: 'warning',
    component: 'install',
    text: `${id} has files that its manifest does not name; removing them: ${extras.slice(0, NAMES_SHOWN).join(', ')}.`,
  });
  const folder = world.layout.item(id);
  for (const name of extras) await world.durable.remove(path.join(folder, name));
  const manifest = await world.manifest(plannedItem(world, id).reference);
  const [left] = await extrasOf(
    folder,
    manifest.files.map(file => file.path),
  );
  if (left !== undefined)
    throw new Fault('CONTENT-02', `${id}: ${left}`, { expected: 'no such file', found: 'a file' });
}

function firstBad(survey: ItemSurvey): string {
  return survey.files.find(file => file.state !== 'present')?.path ?? 'no file';
}
