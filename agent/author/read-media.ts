// Reads what says of itself that it is prestaged media: a WIM with its sidecars, a volume, a disk folder or a disk image.
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { cacheLayout } from '../content/layout.ts';
import { readCapped } from '../document/read-capped.ts';
import { Fault } from '../fault/fault.ts';
import { MEDIA_FILE_MAX_BYTES, MEDIA_MAX_BYTES } from '../media/media-manifest.ts';
import { besideMediaFile, diskFolderVolumes, mediaVolumePaths } from '../media/media-paths.ts';
import { SIGNATURE_MAX_BYTES } from '../trust/signature.ts';
import { appliedFolders } from './applied-folders.ts';
import { openAppliedImage } from './applied-image.ts';
import type { AppliedTree } from './applied-tree.ts';

/** A document and the signature beside it; nothing of it is verified yet. */
export interface SignedBytes {
  readonly bytes: Uint8Array;
  readonly signature: Uint8Array | undefined;
}

/**
 * @returns the media's volumes: those in a disk image, a disk folder's own, or the volume named and, with it, the ESP named.
 * Faults: CONTENT-04, USAGE-01 an ESP named beside a disk image, DISK-03, DISK-09.
 */
export async function locateApplied(place: string, esp?: string): Promise<AppliedTree> {
  const named = path.resolve(place);
  if (await isFile(named)) {
    if (esp !== undefined)
      throw new Fault('USAGE-01', '--esp', {
        expected: 'a volume',
        found: 'a disk image, which has its own ESP',
      });
    return openAppliedImage(named);
  }
  const disk = diskFolderVolumes(named);
  const espNamed = esp === undefined ? undefined : path.resolve(esp);
  if (await isFile(cacheLayout(disk.volume).media))
    return appliedFolders({ volume: disk.volume, esp: espNamed ?? disk.esp });
  if (await isFile(cacheLayout(named).media)) return appliedFolders({ volume: named, esp: espNamed });
  if (!existsSync(named))
    throw new Fault('USAGE-08', named, {
      expected: 'a media volume, a raw disk image, or a folder that poses as the disk',
      found: 'nothing of this name',
    });
  throw new Fault('CONTENT-04', named, { expected: '_SMSTaskSequence/Prestage/media.json', found: 'none' });
}

/** @returns the media manifest of applied media. Faults: CONTENT-04, TRUST-08, USAGE-08, DISK-03, DISK-09. */
export async function readAppliedManifest(tree: AppliedTree): Promise<SignedBytes> {
  const { media, mediaSignature } = mediaVolumePaths();
  const bytes = await tree.read({ part: 'volume', path: media }, MEDIA_MAX_BYTES);
  if (bytes === undefined) throw new Fault('CONTENT-04', tree.volume, { expected: media, found: 'none' });
  return {
    bytes,
    signature: await tree.read({ part: 'volume', path: mediaSignature }, SIGNATURE_MAX_BYTES),
  };
}

/** @returns the sidecar of a media file; undefined when there is none. Faults: TRUST-08, USAGE-08. */
export async function readSidecar(wim: string): Promise<SignedBytes | undefined> {
  const beside = besideMediaFile(wim);
  return readSigned(beside.sidecar, beside.sidecarSignature, MEDIA_FILE_MAX_BYTES);
}

/** @returns the copy of the media manifest beside a media file; undefined when there is none. Faults: TRUST-08, USAGE-08. */
export async function readManifestBeside(wim: string): Promise<SignedBytes | undefined> {
  const beside = besideMediaFile(wim);
  return readSigned(beside.manifest, beside.manifestSignature, MEDIA_MAX_BYTES);
}

async function readSigned(
  file: string,
  signature: string,
  maxBytes: number,
): Promise<SignedBytes | undefined> {
  const bytes = await readCapped(file, maxBytes, { unreadable: 'USAGE-08' });
  if (bytes === undefined) return undefined;
  // One byte more than the cap is enough to be refused as too large.
  return { bytes, signature: await readCapped(signature, SIGNATURE_MAX_BYTES, { unreadable: 'USAGE-08' }) };
}

async function isFile(file: string): Promise<boolean> {
  return (await stat(file).catch(() => undefined))?.isFile() ?? false;
}
