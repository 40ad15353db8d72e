// Shows what a media is without applying or changing anything: from the documents beside a WIM, on an applied volume, or in a disk image.
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { DiskImage } from '../disk-image/disk-image.ts';
import { looksLikeDiskImage } from '../disk-image/virtual-disks.ts';
import { asFault, Fault, type FaultRecord, faultRecord } from '../fault/fault.ts';
import type { ImageInfo, Imaging } from '../machine/machine.ts';
import type { JudgedReceipt } from '../media/judge-receipt.ts';
import type { MediaFile, MediaManifest } from '../media/media-manifest.ts';
import { readSignedMedia, verifyMediaFile } from '../media/verify-media.ts';
import type { PublicKey } from '../trust/keys.ts';
import { boundedTime, checkMediaValidity } from '../trust/validity.ts';
import { judgeAppliedReceipt } from './applied-receipt.ts';
import type { AppliedTree } from './applied-tree.ts';
import {
  locateApplied,
  readAppliedManifest,
  readManifestBeside,
  readSidecar,
  type SignedBytes,
} from './read-media.ts';

export interface InspectedMedia {
  readonly kind: 'file' | 'volume' | 'image';
  readonly place: string;
  /** Undefined when the documents beside a WIM are absent; then only its images are known. */
  readonly manifest?: MediaManifest;
  readonly keyId?: string;
  readonly validity: 'valid' | 'expired' | 'not-valid-yet' | 'unknown';
  /** Of a WIM: what its signed sidecar says and whether the WIM has that size. Its digest is judged by `media apply`. */
  readonly file?: MediaFile & { readonly sizeMatches: boolean };
  readonly images?: readonly ImageInfo[];
  /** Of an applied media that is believed: whether a depot has vouched for it; for which computer is told, not judged. */
  readonly receipt?: JudgedReceipt;
  /** Of a disk image. */
  readonly disk?: Pick<DiskImage, 'scheme' | 'sizeBytes' | 'partitions' | 'warnings'>;
  /** What could not be believed, and why. */
  readonly doubts: readonly FaultRecord[];
}

/** Faults: USAGE-08 nothing there, CONTENT-04 a folder or disk image without media, DISK-09, IMAGE-01, IMAGE-02. What is not to be believed is told in `doubts`. */
export async function inspectMedia(
  place: string,
  keys: readonly PublicKey[],
  now: Date,
  imaging: () => Promise<Imaging>,
): Promise<InspectedMedia> {
  const found = await stat(place).catch(cause => {
    throw new Fault('USAGE-08', place, {}, { cause });
  });
  if (found.isDirectory() || (await looksLikeDiskImage(place))) return inspectApplied(place, keys, now);
  return inspectFile(path.resolve(place), found.size, keys, now, imaging);
}

async function inspectApplied(place: string, keys: readonly PublicKey[], now: Date): Promise<InspectedMedia> {
  const tree = await locateApplied(place);
  try {
    const doubts: FaultRecord[] = [];
    const read = await readAppliedManifest(tree);
    const judged = { ...judge(read, keys, now, doubts), ...(await receiptOf(tree, read, keys)) };
    if (tree.image === undefined) return { kind: 'volume', place: tree.volume, ...judged, doubts };
    const { file, scheme, sizeBytes, partitions, warnings } = tree.image;
    return {
      kind: 'image',
      place: file,
      disk: { scheme, sizeBytes, partitions, warnings },
      ...judged,
      doubts,
    };
  } finally {
    await tree.close();
  }
}

/** Who is a depot's says the manifest, so that only one that is believed has a receipt. */
async function receiptOf(
  tree: AppliedTree,
  { bytes, signature }: SignedBytes,
  keys: readonly PublicKey[],
): Promise<Pick<InspectedMedia, 'receipt'>> {
  let manifest: MediaManifest;
  try {
    ({ manifest } = readSignedMedia(bytes, signature, keys));
  } catch {
    // Told as a doubt already.
    return {};
  }
  const manifestSha256 = createHash('sha256').update(bytes).digest('hex');
  return { receipt: await judgeAppliedReceipt(tree, { manifest, manifestSha256 }) };
}

async function inspectFile(
  wim: string,
  size: number,
  keys: readonly PublicKey[],
  now: Date,
  imaging: () => Promise<Imaging>,
): Promise<InspectedMedia> {
  const images = await (await imaging()).listImages(wim);
  const doubts: FaultRecord[] = [];
  const sidecar = await readSidecar(wim);
  const file = orDoubt(doubts, () => {
    if (sidecar === undefined)
      throw new Fault('TRUST-01', wim, { expected: `${path.basename(wim)}.json beside the file` });
    return verifyMediaFile(sidecar.bytes, sidecar.signature, keys, `${path.basename(wim)}.json`).file;
  });
  const beside = await readManifestBeside(wim);
  const bound = orDoubt(doubts, () => {
    if (beside === undefined)
      throw new Fault('TRUST-01', wim, { expected: `${path.basename(wim)}.media.json beside the file` });
    const digest = createHash('sha256').update(beside.bytes).digest('hex');
    if (file !== undefined && digest !== file.manifestSha256) {
      throw new Fault('TRUST-07', `${path.basename(wim)}.media.json`, {
        expected: file.manifestSha256,
        found: digest,
      });
    }
    return beside;
  });
  const judged = bound === undefined ? ({ validity: 'unknown' } as const) : judge(bound, keys, now, doubts);
  return {
    kind: 'file',
    place: wim,
    images,
    ...(file && { file: { ...file, sizeMatches: file.size === size } }),
    ...judged,
    doubts,
  };
}

function judge(
  { bytes, signature }: SignedBytes,
  keys: readonly PublicKey[],
  now: Date,
  doubts: FaultRecord[],
): Pick<InspectedMedia, 'manifest' | 'keyId' | 'validity'> {
  const read = orDoubt(doubts, () => readSignedMedia(bytes, signature, keys));
  if (read === undefined) return { validity: 'unknown' };
  const { manifest, key } = read;
  return { manifest, keyId: key.id, validity: validityOf(manifest, now) };
}

function validityOf(manifest: MediaManifest, now: Date): InspectedMedia['validity'] {
  try {
    checkMediaValidity(manifest.name, manifest, boundedTime(now, [manifest.created]));
    return 'valid';
  } catch (thrown) {
    const { code } = asFault(thrown);
    if (code === 'TRUST-03') return 'expired';
    if (code === 'TRUST-04') return 'not-valid-yet';
    throw thrown;
  }
}

/** Trust that fails is what the person wants to see here, beside all that is known; any other fault ends the command. */
function orDoubt<T>(doubts: FaultRecord[], work: () => T): T | undefined {
  try {
    return work();
  } catch (thrown) {
    const fault = asFault(thrown);
    if (!fault.code.startsWith('TRUST-')) throw thrown;
    doubts.push(faultRecord(fault));
    return undefined;
  }
}
