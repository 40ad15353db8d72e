// Opens a PE file: the machine it is made for, its sections and its data directories.
// Layout: Microsoft, "PE Format" (COFF file header, optional header, section table).

/** Machine types of the COFF file header, as people name them. */
const MACHINES = new Map([
  [0x014c, 'x86'],
  [0x8664, 'x64'],
  [0xaa64, 'arm64'],
]);

/** Throws an Error when `bytes` are no PE file. */
export function openPortableExecutable(bytes) {
  if (!isPortableExecutable(bytes)) throw new Error('not a PE file');
  const header = bytes.readUInt32LE(0x3c);
  const sectionCount = bytes.readUInt16LE(header + 6);
  const optionalBytes = bytes.readUInt16LE(header + 20);
  const optional = header + 24;
  const isPe32Plus = bytes.readUInt16LE(optional) === 0x20b;
  const directories = optional + (isPe32Plus ? 112 : 96);
  const sections = Array.from({ length: sectionCount }, (_, number) => {
    const at = optional + optionalBytes + number * 40;
    return {
      /** Where its header lies in the file. */
      header: at,
      name: bytes.toString('latin1', at, at + 8).replace(/\0+$/, ''),
      virtualBytes: bytes.readUInt32LE(at + 8),
      address: bytes.readUInt32LE(at + 12),
      rawBytes: bytes.readUInt32LE(at + 16),
      rawOffset: bytes.readUInt32LE(at + 20),
    };
  });
  return {
    bytes,
    sections,
    directory: number => bytes.readUInt32LE(directories + number * 8),
    offsetOf(address) {
      const section = sections.find(
        ({ address: start, rawBytes }) => address >= start && address < start + rawBytes,
      );
      if (section === undefined) throw new Error(`address 0x${address.toString(16)} lies in no section`);
      return section.rawOffset + address - section.address;
    },
    /** The bytes of a section, or undefined. */
    section(name) {
      const section = sections.find(({ name: its }) => its === name);
      return section && bytes.subarray(section.rawOffset, section.rawOffset + section.rawBytes);
    },
  };
}

/** @returns `x86`, `x64`, `arm64`, another machine's number, or undefined when `bytes` are no PE file */
export function machineOf(bytes) {
  if (!isPortableExecutable(bytes)) return undefined;
  const machine = bytes.readUInt16LE(bytes.readUInt32LE(0x3c) + 4);
  return MACHINES.get(machine) ?? `0x${machine.toString(16)}`;
}

function isPortableExecutable(bytes) {
  if (bytes.length < 0x40 || bytes.toString('latin1', 0, 2) !== 'MZ') return false;
  const header = bytes.readUInt32LE(0x3c);
  return bytes.toString('latin1', header, header + 4) === 'PE\0\0';
}
