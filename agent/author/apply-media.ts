// Lays prestaged media onto a disk, as a depot does: proves the media file first, refuses a disk that is not empty, then applies both images.
import path from 'node:path';
import { hashFile } from '../content/digest.ts';
import { cacheLayout } from '../content/layout.ts';
import { Fault } from '../fault/fault.ts';
import type { ImageInfo, Imaging } from '../machine/machine.ts';
import type { MediaFile } from '../media/media-manifest.ts';
import { MEDIA_IMAGES } from '../media/media-paths.ts';
import type { PublicKey } from '../trust/keys.ts';
import {
  type ApplyTarget,
  requireEmpty,
  requireSpace,
  resolveTarget,
  type TargetVolumes,
} from './media-target.ts';
import { proveMediaFile, readMediaFile } from './prove-media-file.ts';
import type { AuthorWorld } from './publish.ts';

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
}

/**
 * Faults before anything is written: TRUST-01, TRUST-02, TRUST-10 for the sidecar, USAGE-09 a target in use, DISK-01 too small, USAGE-12 not
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
  for (const folder of [target.esp, target.volume]) await requireEmpty(folder);
  await requireSpace(target, images);
  if (!request.confirmed)
    throw new Fault('USAGE-12', target.volume, { writes: [target.esp, target.volume], media: file.mediaId });
  await proveMediaFile(wim, file, world);
  for (const folder of [target.esp, target.volume]) await world.durable.makeFolder(folder);
  await applyImages(wim, target, images, world);
  await requireManifest(target.volume, file);
  const seconds = (world.clock.ticks() - began) / 1000;
  world.observe({ kind: 'finished', stage: 'media', subject: path.basename(wim), seconds });
  return { mediaId: file.mediaId, wim, sha256: file.sha256, esp: target.esp, volume: target.volume, seconds };
}

async function applyImages(
  wim: string,
  target: TargetVolumes,
  images: readonly ImageInfo[],
  world: ApplyMediaWorld,
): Promise<void> {
  const sizes = images.map(image => image.totalBytes ?? 1);
  const totalBytes = sizes.reduce((sum, size) => sum + size, 0);
  world.observe({ kind: 'started', stage: 'media', subject: path.basename(wim), totalBytes });
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
          world.observe({ kind: 'advanced', stage: 'media', subject: part, doneBytes, totalBytes });
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
