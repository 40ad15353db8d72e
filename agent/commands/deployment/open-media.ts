// Finds the media volume and proves its manifest: the first thing that every command at the machine does.
import { createHash } from 'node:crypto';
import { type CacheLayout, cacheLayout } from '../../content/layout.ts';
import { readCapped } from '../../document/read-capped.ts';
import { Fault } from '../../fault/fault.ts';
import type { Machine, Volume } from '../../machine/machine.ts';
import { MEDIA_MAX_BYTES, type MediaManifest } from '../../media/media-manifest.ts';
import { readSignedMedia, verifyMedia } from '../../media/verify-media.ts';
import { findMedia } from '../../survey/find-media.ts';
import type { PublicKey } from '../../trust/keys.ts';
import { SIGNATURE_MAX_BYTES } from '../../trust/signature.ts';

export interface OpenedMedia {
  readonly volume: Volume;
  readonly layout: CacheLayout;
  readonly manifest: MediaManifest;
  /** SHA-256 of the manifest's bytes, in hex: what a receipt names it by. */
  readonly manifestSha256: string;
  readonly key: PublicKey;
}

export interface OpenMediaOptions {
  readonly machine: Machine;
  readonly keys: readonly PublicKey[];
  readonly clock: Date;
  /** False after the hand-over: what was begun in time may be finished late. */
  readonly judgeDates: boolean;
  /** The volume that the technician named, where there are several. */
  readonly named?: string;
  /** Which one to take where there are several and none is named. */
  readonly goesOn?: (volume: Volume) => Promise<boolean>;
}

/** Writes nothing. Faults: CONTENT-04, CONTENT-05, TRUST-01, -02, -03, -04, -08, -09, -10. */
export async function openMedia({
  machine,
  keys,
  clock,
  judgeDates,
  named,
  goesOn,
}: OpenMediaOptions): Promise<OpenedMedia> {
  const volume = await findMedia(await machine.volumes(), named, () => machine.disks(), goesOn);
  const layout = cacheLayout(volume.root);
  const bytes = await readCapped(layout.media, MEDIA_MAX_BYTES);
  if (bytes === undefined) throw new Fault('CONTENT-04', layout.media, { found: 'no media manifest' });
  const signature = await readCapped(layout.mediaSignature, SIGNATURE_MAX_BYTES);
  const { manifest, key } = judgeDates
    ? verifyMedia(bytes, signature, keys, clock)
    : readSignedMedia(bytes, signature, keys);
  return { volume, layout, manifest, manifestSha256: createHash('sha256').update(bytes).digest('hex'), key };
}
