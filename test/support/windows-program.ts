// The head of a Windows program, for tests of what is said of one and never starts it.

/** COFF machine numbers (Microsoft, "PE Format", "Machine Types"). */
export const MACHINE = { x86: 0x014c, x64: 0x8664, arm64: 0xaa64 } as const;

/** @returns a DOS and a COFF header, then `rest`. */
export function windowsProgram(
  machine: keyof typeof MACHINE = 'x64',
  rest: Uint8Array = new Uint8Array(),
): Buffer {
  const head = Buffer.alloc(0x80);
  head.write('MZ', 0, 'latin1');
  head.writeUInt32LE(0x40, 0x3c);
  head.write('PE\0\0', 0x40, 'latin1');
  head.writeUInt16LE(MACHINE[machine], 0x44);
  return Buffer.concat([head, rest]);
}
