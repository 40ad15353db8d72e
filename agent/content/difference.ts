// A document as a difference from an older one that the reader has: one zstd frame (RFC 8878) with the older one as its dictionary. Digests do not compress; those
// that both have cost nothing this way. Nobody vouches for it: what it inflates to is proven by its own digest.
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';

/** A smaller document fits in the first packets of an answer as it is: no difference of it is made, and none is asked for. */
const FROM_BYTES = 4 * 1024;

/** Of both documents together: the window reaches over them, and the reader holds both in memory. */
const WINDOW_LOG = 23;

/** Made once, fetched by every computer: as pack updates. */
const LEVEL = 9;

/** @returns whether documents of these lengths are worth a difference: then there is one, where a version has packs. */
export function isDiffered(lengthBytes: number, olderBytes: number): boolean {
  return lengthBytes >= FROM_BYTES && olderBytes > 0 && lengthBytes + olderBytes <= 2 ** WINDOW_LOG;
}

/** @returns the same bytes for the same documents. */
export function packDifference(document: Uint8Array, older: Uint8Array): Uint8Array {
  return zstdCompressSync(document, {
    params: {
      [constants.ZSTD_c_compressionLevel]: LEVEL,
      [constants.ZSTD_c_windowLog]: WINDOW_LOG,
    },
    pledgedSrcSize: document.length,
    dictionary: older,
  });
}

/** @returns what it inflates to, never more than `mostBytes`; undefined where it is no zstd, or inflates to more, or was made from another document. */
export function unpackDifference(
  packed: Uint8Array,
  mostBytes: number,
  older: Uint8Array,
): Uint8Array | undefined {
  try {
    return zstdDecompressSync(packed, {
      maxOutputLength: mostBytes,
      params: { [constants.ZSTD_d_windowLogMax]: WINDOW_LOG },
      dictionary: older,
    });
  } catch {
    return undefined;
  }
}
