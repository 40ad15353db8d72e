// Bytes that a person saved as text, as UTF-8 or with the place where they are none.

/** What `found` adds to a message: which other encoding it looks like, or nothing. */
export type Utf8Text =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly line: number; readonly column: number; readonly found: string };

/** @returns the text without a byte order mark, or where its first byte stands that is no UTF-8. */
export function utf8Text(bytes: Uint8Array): Utf8Text {
  // A zero byte is valid UTF-8 and no text: UTF-16 without a mark is full of them.
  const wide = /^(\u00ff\u00fe|\u00fe\u00ff|[^\0]\0|\0[^\0])/.test(
    Buffer.from(bytes.subarray(0, 2)).toString('latin1'),
  );
  if (wide) return { ok: false, line: 1, column: 1, found: ' (this looks like UTF-16)' };
  try {
    return { ok: true, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    // The decoder's own words name neither place nor remedy.
    const good = Buffer.from(bytes.subarray(0, firstBad(bytes)))
      .toString('utf8')
      .replace(/^\uFEFF/, '');
    const lines = good.split(/\r\n|\n/);
    return { ok: false, line: lines.length, column: (lines.at(-1) ?? '').length + 1, found: '' };
  }
}

/** What is no UTF-8 decodes to U+FFFD, whose own bytes are others. */
function firstBad(bytes: Uint8Array): number {
  const again = Buffer.from(Buffer.from(bytes).toString('utf8'), 'utf8');
  const at = bytes.findIndex((byte, index) => again[index] !== byte);
  return at === -1 ? bytes.byteLength : at;
}
