// Decodes what a Windows program printed: UTF-8 or UTF-16 where it is that, else the console's code page (437, 850, 932 ...), by Windows' own tables.
import type { SystemLibraries } from './system-library.ts';

/** Turns captured output into text. Never throws; what cannot be decoded becomes U+FFFD. */
export type DecodeConsole = (bytes: Buffer) => string;

/** A program without a console of its own writes in the OEM code page, unless somebody has set another one for the console. */
export function consoleDecoder({ kernel32 }: SystemLibraries): DecodeConsole {
  const codePage = kernel32.call('GetConsoleOutputCP').value || kernel32.call('GetOEMCP').value;
  return bytes => {
    const plain = asUnicode(bytes);
    if (plain !== undefined) return plain;
    // One byte gives at most one UTF-16 unit in every code page that a console can have.
    const units = Buffer.alloc(bytes.length * 2);
    const count = kernel32.call(
      'MultiByteToWideChar',
      codePage,
      0,
      bytes,
      bytes.length,
      units,
      bytes.length,
    ).value;
    return count > 0 ? units.toString('utf16le', 0, count * 2) : bytes.toString('latin1');
  };
}

/** @returns the text when the bytes are UTF-16 (byte order mark, or NULs in every second place) or valid UTF-8; undefined otherwise. */
export function asUnicode(bytes: Buffer): string | undefined {
  if (bytes.length === 0) return '';
  if (bytes.length >= 2 && bytes.readUInt16LE(0) === 0xfeff) return bytes.toString('utf16le', 2);
  if (bytes.length >= 4 && bytes.length % 2 === 0 && bytes[1] === 0 && bytes[3] === 0)
    return bytes.toString('utf16le');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    // Not UTF-8: the code page decides.
    return undefined;
  }
}
