// Reads from a PE file the names of the DLLs it imports, at load and on first use (delay imports).
// Layout: Microsoft, "PE Format" (optional header data directories 1 and 13, import directory table, delay-load directory table).

const IMPORT_DIRECTORY = { number: 1, entryBytes: 20, nameAt: 12 };
const DELAY_IMPORT_DIRECTORY = { number: 13, entryBytes: 32, nameAt: 4 };

/** @returns {{ imports: string[], delayImports: string[] }} names as the file spells them, in its order */
export function readImports(bytes) {
  const file = openPortableExecutable(bytes);
  return { imports: namesIn(file, IMPORT_DIRECTORY), delayImports: namesIn(file, DELAY_IMPORT_DIRECTORY) };
}

function openPortableExecutable(bytes) {
  const header = bytes.readUInt32LE(0x3c);
  if (bytes.toString('latin1', 0, 2) !== 'MZ' || bytes.toString('latin1', header, header + 4) !== 'PE\0\0')
    throw new Error('not a PE file');
  const sectionCount = bytes.readUInt16LE(header + 6);
  const optionalBytes = bytes.readUInt16LE(header + 20);
  const optional = header + 24;
  const isPe32Plus = bytes.readUInt16LE(optional) === 0x20b;
  const directories = optional + (isPe32Plus ? 112 : 96);
  const sections = Array.from({ length: sectionCount }, (_, number) => {
    const at = optional + optionalBytes + number * 40;
    return {
      address: bytes.readUInt32LE(at + 12),
      rawBytes: bytes.readUInt32LE(at + 16),
      rawOffset: bytes.readUInt32LE(at + 20),
    };
  });
  return {
    bytes,
    directory: number => bytes.readUInt32LE(directories + number * 8),
    offsetOf(address) {
      const section = sections.find(
        ({ address: start, rawBytes }) => address >= start && address < start + rawBytes,
      );
      if (section === undefined) throw new Error(`address 0x${address.toString(16)} lies in no section`);
      return section.rawOffset + address - section.address;
    },
  };
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
