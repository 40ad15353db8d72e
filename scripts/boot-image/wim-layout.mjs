// How the bytes of a WIM are used: each resource that something refers to, and what is left over. Sources as in agent/wim/header.ts.
import { open } from 'node:fs/promises';
import { HEADER_LENGTH_BYTES, resourceHeader } from '../../agent/wim/header.ts';
import { describeWim } from '../../agent/wim/read-wim.ts';

/** Blob table entry: resource header 24, part number 2, reference count 4, SHA-1 20. */
const ENTRY_BYTES = 50;

/** @returns {Promise<{ fileBytes: number, deadBytes: number }>} `deadBytes` belong to nothing: left behind by changes, loaded into memory all the same */
export async function wimLayout(wim) {
  const { header, fileBytes } = await describeWim(wim);
  const { blobTable, xml, integrity } = header;
  const table = Buffer.alloc(blobTable.storedBytes);
  const file = await open(wim);
  try {
    await file.read(table, 0, table.length, blobTable.offset);
  } finally {
    await file.close();
  }
  let used = HEADER_LENGTH_BYTES + blobTable.storedBytes + xml.storedBytes + integrity.storedBytes;
  for (let at = 0; at < table.length; at += ENTRY_BYTES)
    used += resourceHeader(table.subarray(at, at + 24)).storedBytes;
  return { fileBytes, deadBytes: fileBytes - used };
}
