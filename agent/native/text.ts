// Text in native memory: NUL-ended, UTF-8 on Linux, UTF-16LE in the Windows API.

/** How a library takes its text: `char *` in UTF-8 or `wchar_t *` in UTF-16LE. */
export type NativeText = 'utf8' | 'utf16le';

/** @returns `text` with its terminating NUL, in memory of its own. @throws RangeError when it contains a NUL, which would cut it short. */
export function nativeText(text: string, encoding: NativeText): Uint8Array {
  if (text.includes('\0')) throw new RangeError('Text with a NUL cannot be passed to native code');
  // Buffer.from may share its pool's memory with others; a buffer that native code sees is its own.
  const bytes = Buffer.alloc(Buffer.byteLength(text, encoding) + 2);
  bytes.write(text, encoding);
  return bytes;
}

/** UTF-16 for the Windows API. */
export function wide(text: string): Uint8Array {
  return nativeText(text, 'utf16le');
}

/** @returns the UTF-16 text in `bytes` up to its first NUL or the end. */
export function fromWide(bytes: Uint8Array): string {
  const text = Buffer.from(
    bytes.buffer,
    bytes.byteOffset,
    bytes.byteLength - (bytes.byteLength % 2),
  ).toString('utf16le');
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}

/** @returns the parts of a list that NULs separate and two NULs end (REG_MULTI_SZ, volume path names). */
export function fromWideList(bytes: Uint8Array): readonly string[] {
  const text = Buffer.from(bytes).toString('utf16le');
  const end = text.indexOf('\0\0');
  return (end < 0 ? text : text.slice(0, end)).split('\0').filter(part => part !== '');
}
