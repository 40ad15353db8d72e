// Wine 10 accepts ENABLE_VIRTUAL_TERMINAL_PROCESSING for a console whose conhost knows no such sequences: it counts their bytes as columns. With
// this change SetConsoleMode refuses the flag on output handles, as Windows consoles before Windows 10 do, and Node draws by the console API itself.
// The export is pointed at a small routine in the padding behind kernelbase.dll's code.
import { readFileSync, writeFileSync } from 'node:fs';
import { openPortableExecutable } from '../../build/portable-executable.mjs';

/** Number of the data directory. */
const EXPORTS = 0;

/** `test dl,4; jz original`, then GetNumberOfConsoleInputEvents on the handle: an input handle (it answers) goes on, an output handle is refused. */
const HEAD = [0xf6, 0xc2, 0x04, 0x74, 0x00, 0x51, 0x52, 0x48, 0x83, 0xec, 0x28, 0x48, 0x8d, 0x54, 0x24, 0x20];
const AFTER_CALL = [0x48, 0x83, 0xc4, 0x28, 0x5a, 0x59, 0x85, 0xc0, 0x75, 0x00, 0x31, 0xc0, 0xc3];
const CALL = 0xe8;
const JUMP = 0xe9;

/** @param file kernelbase.dll of Wine 10 */
export function refuseTerminalSequences(file) {
  const bytes = readFileSync(file);
  const image = openImage(bytes);
  const original = image.exported('SetConsoleMode');
  const probe = image.exported('GetNumberOfConsoleInputEvents');
  const { text } = image;
  const start = text.address + ((text.virtualBytes + 15) & ~15);
  const relative = (target, behind) => {
    const value = Buffer.alloc(4);
    value.writeInt32LE(target - (start + behind));
    return [...value];
  };
  const code = [...HEAD];
  code.push(CALL, ...relative(probe.address, code.length + 5), ...AFTER_CALL);
  const tail = code.length;
  code[4] = tail - 5; // the jz of HEAD
  code[tail - 4] = tail - (tail - 3); // the jnz of AFTER_CALL: over xor and ret
  code.push(JUMP, ...relative(original.address, code.length + 5));
  if (start + code.length > text.address + text.rawBytes) throw new Error(`${file}: no room behind the code`);
  bytes.set(code, text.rawOffset + (start - text.address));
  bytes.writeUInt32LE(start + code.length - text.address, text.header + 8); // VirtualSize
  bytes.writeUInt32LE(start, original.slot);
  writeFileSync(file, bytes);
}

/** Layout of the export directory: Microsoft, "PE Format". */
function openImage(bytes) {
  const { directory, offsetOf, sections } = openPortableExecutable(bytes);
  const exports = offsetOf(directory(EXPORTS));
  const [names, functions, nameTable, ordinals] = [24, 28, 32, 36].map(at =>
    bytes.readUInt32LE(exports + at),
  );
  return {
    text: sections.find(({ name }) => name === '.text'),
    exported(wanted) {
      for (let number = 0; number < names; number++) {
        const at = offsetOf(bytes.readUInt32LE(offsetOf(nameTable) + 4 * number));
        if (bytes.toString('latin1', at, bytes.indexOf(0, at)) !== wanted) continue;
        const slot = offsetOf(functions) + 4 * bytes.readUInt16LE(offsetOf(ordinals) + 2 * number);
        return { slot, address: bytes.readUInt32LE(slot) };
      }
      throw new Error(`no export ${wanted}`);
    },
  };
}
