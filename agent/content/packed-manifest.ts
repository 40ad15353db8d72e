// A content manifest compressed, beside the plain one: alone, and as a difference from that of an older version. For a version of which little changed it is
// the greater part of what an update costs, since digests do not compress; those of the older version are known. It needs no trust, since the digest
// is of what it inflates to.
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { compressFrame } from './pack-frame.ts';
import { MAX_WINDOW_LOG } from './pack-index.ts';

/** A smaller one fits in the first packets of an answer as it is: it has no such files, and is not asked for them. */
const FROM_BYTES = 4 * 1024;

/** Made once, fetched by every computer: as pack updates. */
const LEVEL = 9;

/** @param manifestBytes length of the plain manifest. @returns whether there are compressed ones, where a version has packs. */
export function isPackedManifest(manifestBytes: number): boolean {
  return manifestBytes >= FROM_BYTES;
}

/** @param older the manifest that the reader has. @returns one zstd frame (RFC 8878), `older` its dictionary; the same bytes for the same manifests. */
export function packManifest(manifest: Uint8Array, older?: Uint8Array): Uint8Array {
  if (older !== undefined) return compressFrame(manifest, LEVEL, older);
  const params = {
    [constants.ZSTD_c_compressionLevel]: LEVEL,
    [constants.ZSTD_c_windowLog]: MAX_WINDOW_LOG,
  };
  return zstdCompressSync(manifest, { params });
}

/** @returns what it inflates to, never more than `manifestBytes`; undefined where it is no zstd, or inflates to more, or was made with another `older`. */
export function unpackManifest(
  packed: Uint8Array,
  manifestBytes: number,
  older?: Uint8Array,
): Uint8Array | undefined {
  try {
    return zstdDecompressSync(packed, {
      maxOutputLength: manifestBytes,
      params: { [constants.ZSTD_d_windowLogMax]: MAX_WINDOW_LOG },
      ...(older === undefined ? {} : { dictionary: older }),
    });
  } catch {
    return undefined;
  }
}
