// Text that firmware, files of a disk, servers and image files had a say in: none of it may move the cursor, recolour the screen or turn the
// direction of writing, so that a failure looks like something else.

/** Several lines stay several lines. */
export function harmless(text: string): string {
  return text.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '?');
}

/** For a name inside a line: it makes no line of its own. */
export function harmlessName(name: string): string {
  return harmless(name).replaceAll(/[\t\n\u2028\u2029]/g, '?');
}
