// Reads a Range header against a file's size (RFC 9110 section 14.1.2).

/** Bytes `[start, end)` to send; `whole` when the header asks for nothing that we split; `unsatisfiable` is 416. */
export type WantedRange = { readonly start: number; readonly end: number } | 'whole' | 'unsatisfiable';

/**
 * One range is honoured. Several at once, another unit or a form that is no range are ignored, as section 14.2 allows: the whole file with 200
 * is always a right answer.
 */
export function wantedRange(header: string | undefined, size: number): WantedRange {
  const match = /^bytes=(\d*)-(\d*)$/i.exec(header?.replaceAll(' ', '') ?? '');
  if (!match) return 'whole';
  const [, first = '', last = ''] = match;
  if (first === '' && last === '') return 'whole';
  if (first === '') {
    const suffix = Number(last);
    return suffix === 0 || size === 0 ? 'unsatisfiable' : { start: Math.max(0, size - suffix), end: size };
  }
  const start = Number(first);
  if (last !== '' && Number(last) < start) return 'whole';
  if (start >= size) return 'unsatisfiable';
  return { start, end: last === '' ? size : Math.min(size, Number(last) + 1) };
}
