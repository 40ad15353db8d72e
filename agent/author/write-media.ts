// Writes the media file: the manifest into the volume, both folders into one WIM, and the signed documents beside it.
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { cacheLayout } from '../content/layout.ts';
import { encodeJson } from '../document/decode-json.ts';
import { type MediaManifest, mediaFileSchema } from '../media/media-manifest.ts';
import { besideMediaFile } from '../media/media-paths.ts';
import type { PrivateKey } from '../trust/keys.ts';
import { signDetached } from '../trust/signature.ts';
import type { CreateMediaWorld } from './create-media.ts';
import { sha256OfFiles } from './digest-files.ts';
import type { MediaMeter } from './media-meter.ts';
import type { MediaTree } from './media-tree.ts';
import { placeMedia, readyMedia } from './place-media.ts';

/** What was written. */
export interface WrittenMedia {
  readonly bytes: number;
  readonly sha256: string;
  readonly manifestSha256: string;
}

/**
 * The manifest goes into the volume, both folders into the WIM, and the sidecars beside it. All of it is made whole in a folder beside, and only
 * then put under its final name: until then media of that name stays as it was. Faults: IMAGE-08, DISK-*, STOP-01.
 */
export async function writeMedia(
  wim: string,
  staging: string,
  tree: MediaTree,
  manifest: MediaManifest,
  key: PrivateKey,
  meter: MediaMeter,
  world: CreateMediaWorld,
): Promise<WrittenMedia> {
  const { durable, imaging } = world;
  const layout = cacheLayout(tree.volumeFolder);
  const ready = readyMedia(wim);
  const beside = besideMediaFile(ready.wim);
  const captured = path.join(staging, 'captured.wim');
  const manifestBytes = encodeJson(manifest);
  const manifestSignature = signDetached('media', manifestBytes, key);
  await durable.replaceFile(layout.media, manifestBytes);
  await durable.replaceFile(layout.mediaSignature, manifestSignature);
  await imaging.capture({
    wim: captured,
    images: [
      {
        folder: tree.espFolder,
        name: 'Prestage ESP',
        description: `EFI system partition of ${manifest.name} ${manifest.mediaId}`,
      },
      {
        folder: tree.volumeFolder,
        name: 'Prestage volume',
        description: `Media volume of ${manifest.name} ${manifest.mediaId}`,
      },
    ],
    compression: 'xpress',
    unflushed: true,
    advance: (doneBytes, totalBytes) => meter.captured(doneBytes, totalBytes),
    ...(world.signal && { signal: world.signal }),
  });
  const { size: bytes } = await stat(captured);
  const sha256 = await digestAndFlush(captured, bytes, meter, world);
  const manifestSha256 = createHash('sha256').update(manifestBytes).digest('hex');
  const sidecar = mediaFileSchema.parse({
    format: 'prestage-media-file/1',
    mediaId: manifest.mediaId,
    file: path.basename(wim),
    size: bytes,
    sha256,
    manifestSha256,
  });
  const sidecarBytes = encodeJson(sidecar);
  await durable.makeFolder(ready.folder);
  await durable.rename(captured, ready.wim);
  await durable.replaceFile(beside.manifest, manifestBytes);
  await durable.replaceFile(beside.manifestSignature, manifestSignature);
  await durable.replaceFile(beside.sidecarSignature, signDetached('media-file', sidecarBytes, key));
  await durable.replaceFile(beside.sidecar, sidecarBytes);
  await placeMedia(wim, durable);
  return { bytes, sha256: sidecar.sha256, manifestSha256 };
}

/** Flushing waits for the disk and digesting for the processor, so both at once. */
async function digestAndFlush(
  wim: string,
  size: number,
  meter: MediaMeter,
  { durable, pool, signal }: CreateMediaWorld,
): Promise<string | undefined> {
  const open = await durable.openPartial(wim);
  try {
    const digesting = sha256OfFiles([{ path: wim, absolute: wim, size }], {
      pool,
      advance: bytes => meter.digested(bytes, size),
      ...(signal && { signal }),
    });
    // Both have ended before a failure is told: the file is removed then.
    const [digests, flushed] = await Promise.allSettled([digesting, open.flush()]);
    if (digests.status === 'rejected') throw digests.reason;
    if (flushed.status === 'rejected') throw flushed.reason;
    return digests.value.get(wim);
  } finally {
    await open.close();
  }
}
