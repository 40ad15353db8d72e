// A content manifest compressed, beside the plain one: that of thousands of files is a good part of what a new version of them costs. It needs no trust, since
// the digest is of what it inflates to. For who has an older version's there is a difference besides, see difference.ts.
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { MAX_WINDOW_LOG } from './pack-index.ts';

/** A smaller one fits in the first packets of an answer as it is: it has no such file, and is not asked for it. */
const FROM_BYTES = 4 * 1024;

/** Made once, fetched by every computer: as pack updates. */
const LEVEL = 9;

/** @param manifestBytes length of the plain manifest. @returns whether there is a compressed one, where a version has packs. */
export function isPackedManifest(manifestBytes: number): boolean {
  return manifestBytes >= FROM_BYTES;
}

/** @returns one zstd frame (RFC 8878); the same bytes for the same manifest. */
export function packManifest(manifest: Uint8Array): Uint8Array {
  const params = {
    [constants.ZSTD_c_compressionLevel]: LEVEL,
    [constants.ZSTD_c_windowLog]: MAX_WINDOW_LOG,
  };
  return zstdCompressSync(manifest, { params });
}

/** @returns what it inflates to, never more than `manifestBytes`; undefined where it is no zstd, or inflates to more. */
export function unpackManifest(packed: Uint8Array, manifestBytes: number): Uint8Array | undefined {
  try {
    return zstdDecompressSync(packed, {
      maxOutputLength: manifestBytes,
      params: { [constants.ZSTD_d_windowLogMax]: MAX_WINDOW_LOG },
    });
  } catch {
    return undefined;
  }
}
