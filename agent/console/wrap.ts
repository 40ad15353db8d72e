// Breaks a sentence between its words, so that a terminal does not break it within one.
import stringWidth from 'string-width';

/**
 * @param columns width of the terminal; undefined where it is none: a file keeps its lines.
 * @returns lines; those after the first are indented by two more than the first. A word that is wider than the terminal stays whole.
 */
export function wrapped(text: string, columns: number | undefined): string[] {
  // The last column stays free: some consoles go to the next line as soon as it is written.
  const room = columns === undefined ? Number.POSITIVE_INFINITY : columns - 1;
  if (stringWidth(text) <= room) return [text];
  const indent = /^ */.exec(text)?.[0] ?? '';
  const lines: string[] = [];
  let line = '';
  for (const word of text.trim().split(' ')) {
    const begun = line === '' ? `${indent}${lines.length === 0 ? '' : '  '}${word}` : `${line} ${word}`;
    if (line === '' || stringWidth(begun) <= room) line = begun;
    else {
      lines.push(line);
      line = `${indent}  ${word}`;
    }
  }
  return [...lines, line];
}
