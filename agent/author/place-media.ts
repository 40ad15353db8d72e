// Puts finished media under its final name. A file and the documents that vouch for it cannot change in one step, so a cut at any moment leaves
// one whole set: the old one under its name, or the new one in the folder `<wim>.ready`, from where the next run completes the change.
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { DurableFiles } from '../durable/durable-files.ts';
import { besideMediaFile } from '../media/media-paths.ts';

/** Where the new set is gathered under the same names; whole when it holds the sidecar, which is written last. */
export function readyMedia(wim: string): { readonly folder: string; readonly wim: string } {
  const folder = `${wim}.ready`;
  return { folder, wim: path.join(folder, path.basename(wim)) };
}

/** @returns whether the new set is whole. */
export async function isMediaReady(wim: string): Promise<boolean> {
  return isThere(besideMediaFile(readyMedia(wim).wim).sidecar);
}

/**
 * Moves the set from `readyMedia`, which is whole, in an order in which no reader finds a sidecar beside another WIM: the old sidecar goes first,
 * the new one comes last. What was moved before a cut is left where it is. Durable when it resolves. Faults: DISK-*.
 */
export async function placeMedia(wim: string, durable: DurableFiles): Promise<void> {
  const ready = readyMedia(wim);
  const [from, to] = [besideMediaFile(ready.wim), besideMediaFile(wim)];
  for (const [old, final] of [
    // Renamed, for a name that is only removed may be back after a cut on Windows, which cannot flush a folder.
    [to.sidecar, path.join(ready.folder, 'retired')],
    [ready.wim, wim],
    [from.manifest, to.manifest],
    [from.manifestSignature, to.manifestSignature],
    [from.sidecarSignature, to.sidecarSignature],
    [from.sidecar, to.sidecar],
  ] as const)
    if ((await isThere(from.sidecar)) && (await isThere(old))) await durable.rename(old, final);
  await durable.remove(ready.folder);
}

/** @returns true when an earlier run was cut while it placed its media, which is in place now; what it left half-made is removed. */
export async function finishPlacing(wim: string, durable: DurableFiles): Promise<boolean> {
  const whole = await isMediaReady(wim);
  if (whole) await placeMedia(wim, durable);
  else await durable.remove(readyMedia(wim).folder);
  return whole;
}

async function isThere(file: string): Promise<boolean> {
  return (await stat(file).catch(() => undefined)) !== undefined; // Absent: it was moved before.
}
