// One frame of a pack: compressed with zstd (RFC 8878), of a declared length, with a piece of the older version as its dictionary where that helps.
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { Fault } from '../fault/fault.ts';
import { MAX_WINDOW_LOG } from './pack-index.ts';

/** With these bytes at its begin a dictionary is one of zstd's own format, not plain content (RFC 8878 section 5). */
const DICTIONARY_MAGIC = 0xec30a437;

/** @returns whether zstd would read these bytes as plain content. */
export function isPlainDictionary(bytes: Uint8Array): boolean {
  return (
    bytes.length >= 8 && new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) !== DICTIONARY_MAGIC
  );
}

/** @param dictionary plain content */
export function compressFrame(raw: Uint8Array, level: number, dictionary?: Uint8Array): Uint8Array {
  // The window must reach over the frame to the begin of its dictionary.
  const reach = raw.length + (dictionary?.length ?? 0);
  const windowLog = Math.min(MAX_WINDOW_LOG, Math.max(17, Math.ceil(Math.log2(reach + 1))));
  return zstdCompressSync(raw, {
    params: {
      [constants.ZSTD_c_compressionLevel]: level,
      ...(dictionary === undefined ? {} : { [constants.ZSTD_c_windowLog]: windowLog }),
    },
    pledgedSrcSize: raw.length,
    chunkSize: outputPiece(raw.length),
    ...(dictionary === undefined ? {} : { dictionary }),
  });
}

/**
 * Nothing beyond the declared length is ever inflated. Fault TRUST-17 when the frame does not hold so many bytes; that they are the right ones is for the caller to
 * prove.
 * @param subject for the fault: the pack's path.
 */
export function decompressFrame(
  packed: Uint8Array,
  rawBytes: number,
  subject: string,
  dictionary?: Uint8Array,
): Uint8Array {
  let raw: Uint8Array;
  try {
    raw = zstdDecompressSync(packed, {
      maxOutputLength: rawBytes,
      // One byte of room: a piece that is filled to its end has Node get another one of that size, which stays until it is collected.
      chunkSize: outputPiece(rawBytes + 1),
      params: { [constants.ZSTD_d_windowLogMax]: MAX_WINDOW_LOG },
      ...(dictionary === undefined ? {} : { dictionary }),
    });
  } catch (cause) {
    const found = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    throw new Fault(
      'TRUST-17',
      subject,
      { field: 'frame', expected: `zstd of ${rawBytes} bytes`, found },
      { cause },
    );
  }
  if (raw.length !== rawBytes)
    throw new Fault('TRUST-17', subject, {
      field: 'bytes in a frame',
      expected: rawBytes,
      found: raw.length,
    });
  return raw;
}

/** Node's default of 16 KiB would put a frame together of dozens of pieces. */
function outputPiece(lengthBytes: number): number {
  return Math.max(64 * 1024, lengthBytes);
}
