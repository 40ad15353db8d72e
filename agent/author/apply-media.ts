// Lays prestaged media onto a disk, as a depot does: proves the media file first, refuses a disk that is not empty, then applies both images.
import path from 'node:path';
import { hashFile } from '../content/digest.ts';
import { cacheLayout } from '../content/layout.ts';
import { asFault, Fault } from '../fault/fault.ts';
import type { ImageInfo, Imaging } from '../machine/machine.ts';
import type { LookAtVolume } from '../machine/mounted-volume.ts';
import type { MediaFile } from '../media/media-manifest.ts';
import { MEDIA_IMAGES } from '../media/media-paths.ts';
import type { PublicKey } from '../trust/keys.ts';
import { boundedTime, checkMediaValidity } from '../trust/validity.ts';
import { requireFat32Sizes } from './fat32-limit.ts';
import {
  type ApplyTarget,
  requireEmpty,
  requireSpace,
  resolveTarget,
  type TargetVolumes,
} from './media-target.ts';
import { proveMediaFile, readMediaFile, readMediaManifest } from './prove-media-file.ts';
import type { AuthorWorld } from './publish.ts';
import { requireVolumes } from './target-volumes.ts';

export interface ApplyMediaRequest {
  readonly wim: string;
  readonly target: ApplyTarget;
  /** Keys that may vouch for the media file. */
  readonly keys: readonly PublicKey[];
  /** Without it nothing is written. */
  readonly confirmed: boolean;
}

export interface AppliedMedia {
  readonly mediaId: string;
  readonly wim: string;
  readonly sha256: string;
  readonly esp: string;
  readonly volume: string;
  readonly seconds: number;
}

export interface ApplyMediaWorld extends AuthorWorld {
  readonly imaging: Imaging;
  /** Asked about mounted volumes; left out, they are taken as folders. */
  readonly lookAtVolume?: LookAtVolume;
}

/**
 * Faults before anything is written: TRUST-01, TRUST-02, TRUST-10 for the sidecar, TRUST-03, TRUST-04 of the media, USAGE-09 a target in use or of the wrong kind, DISK-01 too small, DISK-07, USAGE-12 not
 * confirmed, CONTENT-06 the WIM is not the one that was signed. Afterwards: IMAGE-04, DISK-*, STOP-01.
 */
export async function applyMedia(request: ApplyMediaRequest, world: ApplyMediaWorld): Promise<AppliedMedia> {
  const began = world.clock.ticks();
  const wim = path.resolve(request.wim);
  const file = await readMediaFile(wim, request.keys);
  const images = await world.imaging.listImages(wim);
  if (images.length !== 2)
    throw new Fault('IMAGE-03', wim, { expected: '2 images: ESP and volume', found: images.length });
  const target = await resolveTarget(request.target);
  const names = await namesOf(request.target, target, world);
  for (const folder of [target.esp, target.volume]) await requireEmpty(folder);
  await requireSpace(target, images);
  await requireFitting({ wim, keys: request.keys }, file, world.clock.now());
  if (!request.confirmed) throw new Fault('USAGE-12', target.volume, { writes: names, media: file.mediaId });
  world.observe({
    kind: 'note',
    level: 'info',
    component: 'media',
    text: `Writes to ${names.join('; ')}.`,
  });
  const proven = await proveMediaFile(wim, file, world);
  for (const folder of [target.esp, target.volume]) await world.durable.makeFolder(folder);
  await applyImages(wim, target, images, world);
  await requireManifest(target.volume, file);
  await proven.requireSame();
  const seconds = (world.clock.ticks() - began) / 1000;
  world.observe({ kind: 'finished', stage: 'lay-media', subject: path.basename(wim), seconds });
  return { mediaId: file.mediaId, wim, sha256: file.sha256, esp: target.esp, volume: target.volume, seconds };
}

/** The disk is named before it is touched. */
async function namesOf(
  asked: ApplyTarget,
  target: TargetVolumes,
  { lookAtVolume, observe }: ApplyMediaWorld,
): Promise<readonly string[]> {
  if ('disk' in asked || lookAtVolume === undefined) return [target.esp, target.volume];
  const { names, warning } = await requireVolumes(target, lookAtVolume);
  if (warning !== undefined) observe({ kind: 'note', level: 'warning', component: 'media', text: warning });
  return names;
}

/**
 * The copy of the manifest beside the WIM lists the ESP's files, and says when the media is valid; without it the file system refuses the one and
 * `media verify` the other, late.
 */
async function requireFitting(
  { wim, keys }: { readonly wim: string; readonly keys: readonly PublicKey[] },
  file: MediaFile,
  now: Date,
): Promise<void> {
  try {
    const manifest = await readMediaManifest(wim, file, keys);
    checkMediaValidity(manifest.name, manifest, boundedTime(now, [manifest.created]));
    requireFat32Sizes(manifest.esp);
  } catch (thrown) {
    if (asFault(thrown).code !== 'TRUST-01') throw thrown;
  }
}

async function applyImages(
  wim: string,
  target: TargetVolumes,
  images: readonly ImageInfo[],
  world: ApplyMediaWorld,
): Promise<void> {
  const sizes = images.map(image => image.totalBytes ?? 1);
  const totalBytes = sizes.reduce((sum, size) => sum + size, 0);
  world.observe({ kind: 'started', stage: 'lay-media', subject: path.basename(wim), totalBytes });
  let before = 0;
  for (const part of ['esp', 'volume'] as const) {
    const index = MEDIA_IMAGES[part];
    const share = sizes[index - 1] ?? 1;
    await world.durable.makeFolder(target.temporary[part]);
    try {
      await world.imaging.apply({
        wim,
        index,
        target: target[part],
        temporary: target.temporary[part],
        advance: (done, total) => {
          const doneBytes = Math.floor(before + (share * done) / Math.max(1, total));
          world.observe({ kind: 'advanced', stage: 'lay-media', subject: part, doneBytes, totalBytes });
        },
        ...(world.signal && { signal: world.signal }),
      });
    } finally {
      await world.durable.remove(target.temporary[part]);
    }
    before += share;
  }
}

/** The WIM was proven; this shows that applying it left the manifest where the agent looks for it. */
async function requireManifest(volume: string, file: MediaFile): Promise<void> {
  const { media } = cacheLayout(volume);
  const found = await hashFile(media);
  if (found !== file.manifestSha256)
    throw new Fault('CONTENT-06', media, { expected: file.manifestSha256, found });
}
