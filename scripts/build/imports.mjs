// Reads from a PE file the names of the DLLs it imports, at load and on first use (delay imports).
// Layout: Microsoft, "PE Format" (optional header data directories 1 and 13, import directory table, delay-load directory table).
import { openPortableExecutable } from './portable-executable.mjs';

const IMPORT_DIRECTORY = { number: 1, entryBytes: 20, nameAt: 12 };
const DELAY_IMPORT_DIRECTORY = { number: 13, entryBytes: 32, nameAt: 4 };

/** @returns {{ imports: string[], delayImports: string[] }} names as the file spells them, in its order */
export function readImports(bytes) {
  const file = openPortableExecutable(bytes);
  return { imports: namesIn(file, IMPORT_DIRECTORY), delayImports: namesIn(file, DELAY_IMPORT_DIRECTORY) };
}

/** Both tables end with an entry of zeros. */
function namesIn(file, { number, entryBytes, nameAt }) {
  const table = file.directory(number);
  if (table === 0) return [];
  const names = [];
  for (let at = file.offsetOf(table); ; at += entryBytes) {
    const address = file.bytes.readUInt32LE(at + nameAt);
    if (address === 0) return names;
    const start = file.offsetOf(address);
    names.push(file.bytes.toString('latin1', start, file.bytes.indexOf(0, start)));
  }
}
