// Bytes found on a volume, or beside a WIM, to a media manifest that may be followed.
import { checkManifestPaths } from '../content/manifest-path.ts';
import { decodeJson, refuseOversize } from '../document/decode-json.ts';
import { Fault } from '../fault/fault.ts';
import type { PublicKey } from '../trust/keys.ts';
import { verifyDetached } from '../trust/signature.ts';
import { type BoundedTime, boundedTime, checkMediaValidity } from '../trust/validity.ts';
import {
  MEDIA_FILE_MAX_BYTES,
  MEDIA_MAX_BYTES,
  type MediaFile,
  type MediaFileEntry,
  type MediaManifest,
  mediaFileSchema,
  mediaManifestSchema,
} from './media-manifest.ts';

export interface VerifiedMedia {
  readonly manifest: MediaManifest;
  readonly key: PublicKey;
  readonly time: BoundedTime;
}

/** Pure. `clock` is the machine's. Faults, in this order: TRUST-08, TRUST-01, TRUST-02, TRUST-10, TRUST-09, TRUST-03 expired, TRUST-04 not valid yet. */
export function verifyMedia(
  bytes: Uint8Array,
  signature: Uint8Array | undefined,
  keys: readonly PublicKey[],
  clock: Date,
): VerifiedMedia {
  const { manifest, key } = readSignedMedia(bytes, signature, keys);
  const time = boundedTime(clock, [manifest.created]);
  checkMediaValidity(manifest.name, manifest, time);
  return { manifest, key, time };
}

/** As `verifyMedia`, without judging dates: for showing what a media is. */
export function readSignedMedia(
  bytes: Uint8Array,
  signature: Uint8Array | undefined,
  keys: readonly PublicKey[],
): Omit<VerifiedMedia, 'time'> {
  const document = { name: 'media.json', maxBytes: MEDIA_MAX_BYTES };
  refuseOversize(bytes, document);
  const key = verifyDetached({ domain: 'media', subject: document.name, bytes, signature, keys });
  const manifest = decodeJson(bytes, mediaManifestSchema, document);
  requireSoundPaths(document.name, 'esp', manifest.esp);
  requireSoundPaths(document.name, 'volume', manifest.volume);
  return { manifest, key };
}

/** The sidecar of a media file. Pure. Faults as above, but for dates. */
export function verifyMediaFile(
  bytes: Uint8Array,
  signature: Uint8Array | undefined,
  keys: readonly PublicKey[],
  name: string,
): { readonly file: MediaFile; readonly key: PublicKey } {
  const document = { name, maxBytes: MEDIA_FILE_MAX_BYTES };
  refuseOversize(bytes, document);
  const key = verifyDetached({ domain: 'media-file', subject: name, bytes, signature, keys });
  return { file: decodeJson(bytes, mediaFileSchema, document), key };
}

const PATHS_SHOWN = 20;

/** A good signature does not excuse a path that leaves the volume, or that Windows reads as another. */
function requireSoundPaths(subject: string, list: string, entries: readonly MediaFileEntry[]): void {
  const problems = checkManifestPaths(entries.map(entry => entry.path));
  if (problems.length > 0)
    throw new Fault('TRUST-09', subject, {
      list,
      paths: problems.slice(0, PATHS_SHOWN).map(({ path, reason }) => `${path} ${reason}`),
    });
}
