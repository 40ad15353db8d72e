// Where large resources of a WIM begin and end, so that chunks can be cut there: a resource that two versions of an image share then
// gives the same chunks in both, wherever it lies.
import type { FileHandle } from 'node:fs/promises';
import { Fault } from '../fault/fault.ts';
import { type ResourceHeader, resourceHeader, type WimHeader } from './header.ts';
import { readAt } from './integrity-table.ts';

/** Below this size a boundary would only make small chunks. */
export const BOUNDARY_MIN_BYTES = 64 * 1024;

/** Blob table entry: resource header 24, part number 2, reference count 4, SHA-1 20. Source: wimlib src/blob_table.c. */
const ENTRY_BYTES = 50;
/** 256 MiB hold five million blobs; an install.wim has about 100,000. */
const TABLE_MAX_BYTES = 256 * 1024 * 1024;

/**
 * @returns sorted, distinct file offsets where resources of at least 64 KiB begin and end; empty when the blob table is compressed (seen in no WIM
 * of Microsoft's or wimlib's, but allowed) when the WIM is solid (entries then name places inside a resource, not in the
 * file), or when it is one part of several (entries then name other files).
 * @throws Fault IMAGE-02 when the table is no whole number of entries, too large, or names places outside the file.
 */
export async function readResourceBoundaries(
  file: FileHandle,
  header: WimHeader,
  fileBytes: number,
  subject: string,
): Promise<readonly number[]> {
  const { offset, storedBytes, compressed } = header.blobTable;
  if (compressed || header.solid || header.partCount > 1 || storedBytes === 0) return [];
  if (storedBytes % ENTRY_BYTES !== 0 || storedBytes > TABLE_MAX_BYTES) {
    throw new Fault('IMAGE-02', subject, {
      part: 'blob table',
      expected: `entries of ${ENTRY_BYTES} bytes`,
      found: storedBytes,
    });
  }
  const table = await readAt(file, offset, storedBytes, subject);
  const boundaries = new Set<number>();
  for (let at = 0; at < table.length; at += ENTRY_BYTES) {
    const resource = resourceHeader(table.subarray(at, at + 24));
    addBoundaries(boundaries, resource, fileBytes, subject);
  }
  return [...boundaries].sort((a, b) => a - b);
}

function addBoundaries(
  boundaries: Set<number>,
  resource: ResourceHeader,
  fileBytes: number,
  subject: string,
): void {
  const end = resource.offset + resource.storedBytes;
  if (end > fileBytes)
    throw new Fault('IMAGE-02', subject, {
      part: 'blob table',
      expected: `at most ${fileBytes}`,
      found: end,
    });
  if (resource.storedBytes < BOUNDARY_MIN_BYTES) return;
  boundaries.add(resource.offset);
  boundaries.add(end);
}
