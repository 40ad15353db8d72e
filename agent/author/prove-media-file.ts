// The first proof of prestaged media: the file is, byte for byte, the one whose sidecar a pinned key has signed.
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { stampOf } from '../content/file-stamp.ts';
import { Fault } from '../fault/fault.ts';
import type { MediaFile, MediaManifest } from '../media/media-manifest.ts';
import { besideMediaFile } from '../media/media-paths.ts';
import { readSignedMedia, verifyMediaFile } from '../media/verify-media.ts';
import type { PublicKey } from '../trust/keys.ts';
import { sha256OfFiles } from './digest-files.ts';
import type { AuthorWorld } from './publish.ts';
import { readManifestBeside, readSidecar } from './read-media.ts';

/** @returns what the signed sidecar says; the bytes are not looked at yet. Faults: USAGE-08, TRUST-01, TRUST-02, TRUST-08, TRUST-10, CONTENT-06 another size. */
export async function readMediaFile(wim: string, keys: readonly PublicKey[]): Promise<MediaFile> {
  const found = await stat(wim).catch(cause => {
    throw new Fault('USAGE-08', wim, {}, { cause });
  });
  const sidecar = await readSidecar(wim);
  if (sidecar === undefined)
    throw new Fault('TRUST-01', wim, {
      expected: `${path.basename(wim)}.json and its signature beside the file`,
    });
  const { file } = verifyMediaFile(sidecar.bytes, sidecar.signature, keys, `${path.basename(wim)}.json`);
  // The name may be another one: depots rename files. Size and digest may not.
  if (found.size !== file.size)
    throw new Fault('CONTENT-06', wim, { expected: `${file.size} bytes`, found: `${found.size} bytes` });
  return file;
}

/** @returns the copy of the manifest beside the file, signed and the same as the one inside. Faults: TRUST-*, CONTENT-06 another one. */
export async function readMediaManifest(
  wim: string,
  file: MediaFile,
  keys: readonly PublicKey[],
): Promise<MediaManifest> {
  const beside = await readManifestBeside(wim);
  const place = besideMediaFile(wim).manifest;
  if (beside === undefined)
    throw new Fault('TRUST-01', wim, {
      expected: `${path.basename(place)} and its signature beside the file`,
    });
  const { manifest } = readSignedMedia(beside.bytes, beside.signature, keys);
  const found = createHash('sha256').update(beside.bytes).digest('hex');
  if (found !== file.manifestSha256)
    throw new Fault('CONTENT-06', place, { expected: file.manifestSha256, found });
  return manifest;
}

/** A media file whose every byte was read. */
export interface ProvenMediaFile {
  /** Imaging libraries open the file again by its name, minutes later. Fault: CONTENT-06 it is not the one that was proven. */
  requireSame(): Promise<void>;
}

/** Every byte of the media file. Faults: CONTENT-06, STOP-01. */
export async function proveMediaFile(
  wim: string,
  file: MediaFile,
  world: AuthorWorld,
): Promise<ProvenMediaFile> {
  let doneBytes = 0;
  const stamp = await stampNow(wim);
  world.observe({ kind: 'started', stage: 'verify', subject: path.basename(wim), totalBytes: file.size });
  const digests = await sha256OfFiles([{ path: wim, absolute: wim, size: file.size }], {
    pool: world.pool,
    advance: bytes => {
      doneBytes += bytes;
      world.observe({
        kind: 'advanced',
        stage: 'verify',
        doneBytes: Math.min(doneBytes, file.size),
        totalBytes: file.size,
      });
    },
    ...(world.signal && { signal: world.signal }),
  });
  const found = digests.get(wim);
  if (found !== file.sha256) throw new Fault('CONTENT-06', wim, { expected: file.sha256, found });
  const requireSame = async (): Promise<void> => {
    if ((await stampNow(wim)) !== stamp)
      throw new Fault('CONTENT-06', wim, {
        expected: 'the file that was proven',
        found: 'one that was changed or exchanged while it was applied',
      });
  };
  await requireSame();
  return { requireSame };
}

async function stampNow(wim: string): Promise<string> {
  return stampOf(
    await stat(wim, { bigint: true }).catch(cause => {
      throw new Fault('USAGE-08', wim, {}, { cause });
    }),
  );
}
