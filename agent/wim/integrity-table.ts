// The integrity table that a WIM may carry: SHA-1 of each 10 MiB (or as it says) from the end of the header to the end of the blob table.
// A second opinion only: it covers neither the header nor the XML, and nothing signs it. Source: wimlib src/integrity.c.
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { Fault } from '../fault/fault.ts';
import { HEADER_LENGTH_BYTES, type WimHeader } from './header.ts';

const SHA1_BYTES = 20;
const TABLE_HEAD_BYTES = 12;
/** 64 MiB hold three million entries: 30 TB of WIM in chunks of 10 MiB. */
const TABLE_MAX_BYTES = 64 * 1024 * 1024;
const CHUNK_MAX_BYTES = 256 * 1024 * 1024;
const READ_BYTES = 1024 * 1024;

export interface IntegrityTable {
  /** The bytes that it covers: from `start` to `end` of the file. */
  readonly start: number;
  readonly end: number;
  readonly chunkBytes: number;
  /** Lower-case hex SHA-1 of each chunk, in order. */
  readonly digests: readonly string[];
}

/** One chunk whose bytes do not match. */
export interface BadRange {
  readonly offset: number;
  readonly lengthBytes: number;
  readonly expected: string;
  readonly found: string;
}

/** @returns the table, or undefined when the WIM has none. @throws Fault IMAGE-02 when the table contradicts itself or the header. */
export async function readIntegrityTable(
  file: FileHandle,
  header: WimHeader,
  subject: string,
): Promise<IntegrityTable | undefined> {
  const { offset, storedBytes } = header.integrity;
  if (storedBytes === 0) return undefined;
  const damaged = (expected: string, found: string | number): Fault =>
    new Fault('IMAGE-02', subject, { part: 'integrity table', expected, found });
  if (storedBytes < TABLE_HEAD_BYTES || storedBytes > TABLE_MAX_BYTES)
    throw damaged(`${TABLE_HEAD_BYTES} to ${TABLE_MAX_BYTES} bytes`, storedBytes);
  const bytes = await readAt(file, offset, storedBytes, subject);
  const tableBytes = bytes.readUInt32LE(0);
  const count = bytes.readUInt32LE(4);
  const chunkBytes = bytes.readUInt32LE(8);
  if (tableBytes !== storedBytes || tableBytes !== TABLE_HEAD_BYTES + SHA1_BYTES * count) {
    throw damaged(`${TABLE_HEAD_BYTES + SHA1_BYTES * count} bytes for ${count} entries`, tableBytes);
  }
  const start = HEADER_LENGTH_BYTES;
  const end = header.blobTable.offset + header.blobTable.storedBytes;
  if (chunkBytes === 0 || chunkBytes > CHUNK_MAX_BYTES)
    throw damaged(`chunks of 1 to ${CHUNK_MAX_BYTES} bytes`, chunkBytes);
  if (Math.ceil((end - start) / chunkBytes) !== count)
    throw damaged(`${Math.ceil((end - start) / chunkBytes)} entries`, count);
  const digests = Array.from({ length: count }, (_, index) => {
    const at = TABLE_HEAD_BYTES + SHA1_BYTES * index;
    return bytes.toString('hex', at, at + SHA1_BYTES);
  });
  return { start, end, chunkBytes, digests };
}

/** Hashes what the table covers and returns every range that fails, in order. @throws Fault IMAGE-02 when the file ends early, STOP-01 when stopped. */
export async function checkIntegrityTable(
  file: FileHandle,
  table: IntegrityTable,
  subject: string,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<readonly BadRange[]> {
  const bad: BadRange[] = [];
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  for (const [index, expected] of table.digests.entries()) {
    const offset = table.start + index * table.chunkBytes;
    const lengthBytes = Math.min(table.chunkBytes, table.end - offset);
    const hash = createHash('sha1');
    for (let done = 0; done < lengthBytes; ) {
      if (signal?.aborted) throw new Fault('STOP-01', subject);
      const { bytesRead } = await file.read(
        buffer,
        0,
        Math.min(READ_BYTES, lengthBytes - done),
        offset + done,
      );
      if (bytesRead === 0)
        throw new Fault('IMAGE-02', subject, {
          expected: `${table.end} bytes`,
          found: `${offset + done} bytes`,
        });
      hash.update(buffer.subarray(0, bytesRead));
      done += bytesRead;
    }
    const found = hash.digest('hex');
    if (found !== expected) bad.push({ offset, lengthBytes, expected, found });
  }
  return bad;
}

/** Reads exactly `lengthBytes`. @throws Fault IMAGE-02 when the file ends before. */
export async function readAt(
  file: FileHandle,
  offset: number,
  lengthBytes: number,
  subject: string,
): Promise<Buffer> {
  const bytes = Buffer.alloc(lengthBytes);
  for (let done = 0; done < lengthBytes; ) {
    const { bytesRead } = await file.read(bytes, done, lengthBytes - done, offset + done);
    if (bytesRead === 0)
      throw new Fault('IMAGE-02', subject, {
        expected: `${offset + lengthBytes} bytes`,
        found: `${offset + done} bytes`,
      });
    done += bytesRead;
  }
  return bytes;
}
