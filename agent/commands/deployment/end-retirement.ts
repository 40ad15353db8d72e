// Ends a clean-up that was cut: during the very last removal there may be parts of the cache, and not all of what a run goes by; the kept report
// tells that all was done.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { type CacheLayout, cacheLayout } from '../../content/layout.ts';
import { readCapped } from '../../document/read-capped.ts';
import { readJournal } from '../../journal/journal.ts';
import { recall } from '../../journal/past.ts';
import type { Volume } from '../../machine/machine.ts';
import { MEDIA_MAX_BYTES } from '../../media/media-manifest.ts';
import type { Report } from '../../report/report.ts';
import { finishRetirement } from '../../steps/finish-retirement.ts';
import type { Composition } from '../composition.ts';
import { keptFolder } from './keep-records.ts';
import { requireSystem } from './require-system.ts';
import type { MachineOptions } from './run-context.ts';

/** @returns the report of the deployment that is ended with this; undefined when there is none to end. Fault: USAGE-10 in Windows PE. */
export async function endRetirement(
  options: MachineOptions,
  composition: Composition,
): Promise<Report | undefined> {
  const machine = await composition.openMachine(options.disk === undefined ? {} : { disk: options.disk });
  try {
    await requireSystem(machine, 'prestage continue', 'full-os');
    const volumes = await machine.volumes();
    for (const volume of volumes.filter(each => mayBeOwn(each, options, composition))) {
      const report = await keptReport(volume.root);
      if (report?.outcome !== 'completed') continue;
      const staged = cacheLayout(volume.root);
      if (!(await isHalfRemoved(staged, report))) continue;
      const media = (await mediaOf(report, volume, volumes)) ?? staged;
      if (await isBegunAgain(media)) continue;
      await finishRetirement({ durable: composition.durable, machine, media, staged });
      return report;
    }
    return undefined;
  } finally {
    await machine.close();
  }
}

// Another disk may hold a Windows whose own deployment was finished long ago: its report says nothing of this one.
function mayBeOwn({ root }: Volume, { disk }: MachineOptions, { agent }: Composition): boolean {
  if (disk !== undefined || agent.executable === undefined) return true;
  return agent.executable.toLowerCase().startsWith(root.toLowerCase());
}

// Media that was laid anew over an old Windows has another ID than the report that the old one kept: it is not to be removed.
async function isHalfRemoved(layout: CacheLayout, report: Report): Promise<boolean> {
  const media = await readCapped(layout.media, MEDIA_MAX_BYTES);
  return media === undefined || isMediaOf(report, media);
}

/** A deployment that was begun again from this media, after the report was kept, is not over. */
async function isBegunAgain({ journal }: CacheLayout): Promise<boolean> {
  const { plan, completed } = recall(await readJournal(journal).catch(() => [])); // half removed, most likely
  return plan !== undefined && !completed;
}

/** The layout of the volume that still has the media which `report` tells of: the new Windows' own before others, and no stick that has the same media. */
async function mediaOf(
  report: Report,
  own: Volume,
  volumes: readonly Volume[],
): Promise<CacheLayout | undefined> {
  for (const { root } of [own, ...volumes.filter(({ kind }) => kind === 'fixed')]) {
    const layout = cacheLayout(root);
    const media = await readCapped(layout.media, MEDIA_MAX_BYTES).catch(() => undefined); // no volume to look at: an empty drive
    if (media !== undefined && isMediaOf(report, media)) return layout;
  }
  return undefined;
}

function isMediaOf(report: Report, media: Uint8Array): boolean {
  return report.media !== undefined && Buffer.from(media).includes(report.media.mediaId);
}

const keptReportFrame = z.looseObject({ format: z.literal('prestage-report/1'), outcome: z.string() });

/** The report of a finished deployment on a volume, if there is one. */
export async function keptReport(volumeRoot: string): Promise<Report | undefined> {
  const text = await readFile(path.join(keptFolder(volumeRoot), 'report.json'), 'utf8').catch(
    () => undefined,
  );
  if (text === undefined) return undefined;
  const frame = keptReportFrame.safeParse(parsedOrUndefined(text));
  // The agent wrote it, whole (replaced atomically); the frame tells its version, the rest is shown as it stands.
  return frame.success ? (frame.data as unknown as Report) : undefined;
}

function parsedOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not what the agent wrote: as good as absent, and the journal is asked as well.
    return undefined;
  }
}
