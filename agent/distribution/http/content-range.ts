// Reads the Content-Range header of a 206 or 416 (RFC 9110 section 14.4).

export interface ContentRange {
  /** First byte and the byte after the last; undefined in the form `bytes *\/N` of a 416. */
  readonly start?: number;
  readonly end?: number;
  /** The whole file's size; undefined where the server writes `*`. */
  readonly size?: number;
}

/** @returns undefined when the header is absent or not of the byte form. */
export function parseContentRange(header: string | undefined): ContentRange | undefined {
  const match = /^bytes (?:(\d{1,15})-(\d{1,15})|\*)\/(\d{1,15}|\*)$/i.exec(header?.trim() ?? '');
  if (!match) return undefined;
  const [, first, last, size] = match;
  return {
    ...(first !== undefined && last !== undefined ? { start: Number(first), end: Number(last) + 1 } : {}),
    ...(size !== '*' ? { size: Number(size) } : {}),
  };
}
