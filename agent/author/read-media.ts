// Reads what says of itself that it is prestaged media: a WIM with its sidecars, a volume, or a disk folder.
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { cacheLayout } from '../content/layout.ts';
import { Fault } from '../fault/fault.ts';
import { MEDIA_FILE_MAX_BYTES, MEDIA_MAX_BYTES } from '../media/media-manifest.ts';
import { besideMediaFile, diskFolderVolumes } from '../media/media-paths.ts';
import { SIGNATURE_MAX_BYTES } from '../trust/signature.ts';

/** A document and the signature beside it; nothing of it is verified yet. */
export interface SignedBytes {
  readonly bytes: Uint8Array;
  readonly signature: Uint8Array | undefined;
}

/** The two volumes of applied media; `esp` is undefined where it is not reached. */
export interface AppliedVolumes {
  readonly volume: string;
  readonly esp: string | undefined;
}

/** @returns where the media's volumes are: a disk folder's own, or the volume named and, with it, the ESP named. Fault: CONTENT-04. */
export async function locateApplied(place: string, esp?: string): Promise<AppliedVolumes> {
  const folder = path.resolve(place);
  const disk = diskFolderVolumes(folder);
  if (await isFile(cacheLayout(disk.volume).media))
    return { volume: disk.volume, esp: esp === undefined ? disk.esp : path.resolve(esp) };
  if (await isFile(cacheLayout(folder).media))
    return { volume: folder, esp: esp === undefined ? undefined : path.resolve(esp) };
  throw new Fault('CONTENT-04', folder, { expected: '_SMSTaskSequence/Prestage/media.json', found: 'none' });
}

/** @returns the media manifest of an applied volume. Faults: CONTENT-04, TRUST-08, USAGE-08. */
export async function readAppliedManifest(volume: string): Promise<SignedBytes> {
  const layout = cacheLayout(volume);
  const read = await readSigned(layout.media, layout.mediaSignature, MEDIA_MAX_BYTES);
  if (read === undefined) throw new Fault('CONTENT-04', volume, { expected: layout.media, found: 'none' });
  return read;
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
  const bytes = await readCapped(file, maxBytes);
  if (bytes === undefined) return undefined;
  // One byte more than the cap is enough to be refused as too large.
  return { bytes, signature: await readCapped(signature, SIGNATURE_MAX_BYTES) };
}

async function readCapped(file: string, maxBytes: number): Promise<Uint8Array | undefined> {
  const found = await stat(file).catch(() => undefined); // Absent is an answer here.
  if (!found?.isFile()) return undefined;
  if (found.size > maxBytes)
    throw new Fault('TRUST-08', file, { expected: `at most ${maxBytes} bytes`, found: found.size });
  return readFile(file).catch(cause => {
    throw new Fault('USAGE-08', file, {}, { cause });
  });
}

async function isFile(file: string): Promise<boolean> {
  return (await stat(file).catch(() => undefined))?.isFile() ?? false;
}
