// The binary chunk index of one file: lengths and digests of its chunks in order, 36 bytes each, proven by the manifest's SHA-256 of it.
//
//   offset 0   8 bytes  magic `PSTGCHNK`
//          8   u32      version, 1
//         12   u32      number of chunks
//         16   u64      size of the file in bytes
//         24   n times  u32 length of the chunk, 32 bytes SHA-256 of it            (all numbers little-endian)
import { createHash } from 'node:crypto';
import { Fault } from '../fault/fault.ts';
import { MAX_CHUNK_BYTES } from './chunking.ts';

const MAGIC = Buffer.from('PSTGCHNK', 'latin1');
const VERSION = 1;
const HEADER_BYTES = 24;
const ENTRY_BYTES = 36;
const DIGEST_BYTES = 32;

/** A view over the encoded bytes; nothing is copied but the offsets, computed once. Chunks count from 0. */
export interface ChunkIndex {
  /** The encoded form, as it lies on disk. */
  readonly bytes: Uint8Array;
  /** Where each chunk begins, and at the end the file's size. */
  readonly offsets: Float64Array;
  readonly sizeBytes: number;
  readonly count: number;
  length(chunk: number): number;
  /** Where the chunk begins in the file; `offset(count)` is the file's size. */
  offset(chunk: number): number;
  /** The chunk's SHA-256: 32 bytes, a view. */
  digest(chunk: number): Uint8Array;
  digestHex(chunk: number): string;
  /** The first six bytes of the digest as a number: where two differ, so do the chunks. */
  digestKey(chunk: number): number;
  /** The chunk that holds the byte at `offset`. */
  chunkAt(offset: number): number;
}

/** One chunk as the publisher found it. */
export interface Chunk {
  readonly lengthBytes: number;
  readonly sha256: Uint8Array;
}

/** @returns how long the encoded index of so many chunks is. */
export function chunkIndexBytes(count: number): number {
  return HEADER_BYTES + count * ENTRY_BYTES;
}

/** @returns the encoded index of a file that consists of these chunks. */
export function encodeChunkIndex(chunks: readonly Chunk[]): Uint8Array {
  const bytes = Buffer.alloc(chunkIndexBytes(chunks.length));
  MAGIC.copy(bytes);
  bytes.writeUInt32LE(VERSION, 8);
  bytes.writeUInt32LE(chunks.length, 12);
  let sizeBytes = 0;
  let at = HEADER_BYTES;
  for (const chunk of chunks) {
    bytes.writeUInt32LE(chunk.lengthBytes, at);
    bytes.set(chunk.sha256, at + 4);
    sizeBytes += chunk.lengthBytes;
    at += ENTRY_BYTES;
  }
  bytes.writeBigUInt64LE(BigInt(sizeBytes), 16);
  return bytes;
}

/** What the manifest says of a file with chunks; a ManifestFile fits. */
export interface ExpectedIndex {
  readonly path: string;
  readonly size: number;
  readonly chunks?: { readonly count: number; readonly sha256: string } | undefined;
}

/** Proves the bytes by the manifest, then reads them. Fault TRUST-12 when they are not the index that the manifest names. */
export function decodeChunkIndex(bytes: Uint8Array, file: ExpectedIndex): ChunkIndex {
  if (file.chunks === undefined)
    throw contradiction(file.path, 'chunks', 'none', `${bytes.length} bytes of index`);
  const digest = createHash('sha256').update(bytes).digest('hex');
  if (digest !== file.chunks.sha256) throw contradiction(file.path, 'SHA-256', file.chunks.sha256, digest);
  const index = viewChunkIndex(bytes, file.path);
  if (index.count !== file.chunks.count)
    throw contradiction(file.path, 'chunks', file.chunks.count, index.count);
  if (index.sizeBytes !== file.size) throw contradiction(file.path, 'size', file.size, index.sizeBytes);
  return index;
}

/**
 * Reads an index whose bytes are proven already (or are the caller's own). Fault TRUST-12 when it contradicts itself.
 * @param subject the file it belongs to, for the fault.
 * @param known its offsets, where another thread has them already: with many portions of a large file they would be made, and lie around, as many times.
 */
export function viewChunkIndex(bytes: Uint8Array, subject: string, known?: Float64Array): ChunkIndex {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length < HEADER_BYTES || !buffer.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw contradiction(subject, 'form', 'a chunk index', 'something else');
  }
  if (buffer.readUInt32LE(8) !== VERSION)
    throw contradiction(subject, 'version', VERSION, buffer.readUInt32LE(8));
  const count = buffer.readUInt32LE(12);
  if (buffer.length !== chunkIndexBytes(count))
    throw contradiction(subject, 'length of the index', chunkIndexBytes(count), buffer.length);
  const offsets = known ?? offsetsIn(buffer, count, subject);
  const sizeBytes = offsets[count]!;
  if (BigInt(sizeBytes) !== buffer.readBigUInt64LE(16)) {
    throw contradiction(subject, 'sum of lengths', String(buffer.readBigUInt64LE(16)), sizeBytes);
  }
  // A part of a Buffer would take several times as long to make.
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const view = viewOf(bytes);
  const digest = (chunk: number): Uint8Array => {
    const at = HEADER_BYTES + chunk * ENTRY_BYTES + 4;
    return plain.subarray(at, at + DIGEST_BYTES);
  };
  return {
    bytes,
    offsets,
    sizeBytes,
    count,
    length: chunk => offsets[chunk + 1]! - offsets[chunk]!,
    offset: chunk => offsets[chunk]!,
    digest,
    digestHex: chunk => {
      const at = HEADER_BYTES + chunk * ENTRY_BYTES + 4;
      return buffer.toString('hex', at, at + DIGEST_BYTES);
    },
    digestKey: chunk => {
      const at = HEADER_BYTES + chunk * ENTRY_BYTES + 4;
      return view.getUint32(at) * 2 ** 16 + view.getUint16(at + 4);
    },
    chunkAt: offset => lastAtOrBefore(offsets, offset),
  };
}

function offsetsIn(buffer: Buffer, count: number, subject: string): Float64Array {
  const offsets = new Float64Array(count + 1);
  const view = viewOf(buffer);
  for (let chunk = 0; chunk < count; chunk += 1) {
    const length = view.getUint32(HEADER_BYTES + chunk * ENTRY_BYTES, true);
    if (length === 0 || length > MAX_CHUNK_BYTES)
      throw contradiction(subject, `length of chunk ${chunk}`, `1 to ${MAX_CHUNK_BYTES}`, length);
    offsets[chunk + 1] = offsets[chunk]! + length;
  }
  return offsets;
}

/** A Buffer would be read by methods that are slow until they are compiled, and most indexes are read once. */
function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

/** @returns the same index over memory that worker threads share instead of copying. */
export function shareChunkIndex(index: ChunkIndex, subject: string): ChunkIndex {
  const bytes = new Uint8Array(new SharedArrayBuffer(index.bytes.byteLength));
  bytes.set(index.bytes);
  const offsets = new Float64Array(new SharedArrayBuffer(index.offsets.byteLength));
  offsets.set(index.offsets);
  return viewChunkIndex(bytes, subject, offsets);
}

function lastAtOrBefore(offsets: Float64Array, offset: number): number {
  let low = 0;
  let high = offsets.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (offsets[middle]! <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

function contradiction(
  subject: string,
  field: string,
  expected: string | number,
  found: string | number,
): Fault {
  return new Fault('TRUST-12', subject, { field, expected, found });
}
