// Two flags of a WIM's header that stand in the way of changing it: marked read-only, and writing was begun but not ended.
// Source: "Windows Imaging File Format (WIM)" white paper, dwFlags; wimlib include/wimlib/header.h.
import { open } from 'node:fs/promises';

const FLAGS_OFFSET = 0x10;
const READ_ONLY = 0x4;
const WRITE_IN_PROGRESS = 0x40;

/** @returns {Promise<{ readOnly: boolean, writeInProgress: boolean }>} of a file that is a WIM */
export async function readWimFlags(wim) {
  const flags = await withFlags(wim, 'r', async (_, bytes) => bytes.readUInt32LE(0));
  return { readOnly: (flags & READ_ONLY) !== 0, writeInProgress: (flags & WRITE_IN_PROGRESS) !== 0 };
}

/**
 * Takes the read-only mark off. It says what programs may do and nothing of the content: integrity table and digests do not cover the header.
 * wimlib has it as WIMLIB_WRITE_FLAG_IGNORE_READONLY_FLAG, which wimlib-imagex does not offer.
 */
export async function clearReadOnly(wim) {
  await withFlags(wim, 'r+', async (file, bytes) => {
    bytes.writeUInt32LE((bytes.readUInt32LE(0) & ~READ_ONLY) >>> 0);
    await file.write(bytes, 0, bytes.length, FLAGS_OFFSET);
  });
}

async function withFlags(wim, mode, use) {
  const file = await open(wim, mode);
  try {
    const bytes = Buffer.alloc(4);
    await file.read(bytes, 0, bytes.length, FLAGS_OFFSET);
    return await use(file, bytes);
  } finally {
    await file.close();
  }
}
