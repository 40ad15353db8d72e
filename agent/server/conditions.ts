// Decides by ETag and date whether a client's copy still holds (RFC 9110 section 13).

/** What a file is known by. `etag` is strong: size and time of change to the nanosecond. */
export interface Validators {
  readonly etag: string;
  readonly lastModified: string;
}

/** @returns the validators of a file as `stat` tells of it. */
export function validatorsOf(file: {
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly mtime: Date;
}): Validators {
  return {
    etag: `"${file.size.toString(16)}-${file.mtimeNs.toString(16)}"`,
    lastModified: file.mtime.toUTCString(),
  };
}

/** @returns true when the client's copy is the file as it is: answer 304. If-None-Match goes before If-Modified-Since (section 13.2.2). */
export function isNotModified(
  headers: { readonly ifNoneMatch?: string; readonly ifModifiedSince?: string },
  validators: Validators,
): boolean {
  if (headers.ifNoneMatch !== undefined) {
    const tags = headers.ifNoneMatch.split(',').map(tag => tag.trim().replace(/^W\//, ''));
    return tags.includes('*') || tags.includes(validators.etag);
  }
  if (headers.ifModifiedSince === undefined) return false;
  return Date.parse(validators.lastModified) <= Date.parse(headers.ifModifiedSince);
}

/** @returns true when a Range may be honoured: no If-Range, or one that names exactly this file (section 13.1.5; weak tags never match). */
export function mayHonourRange(ifRange: string | undefined, validators: Validators): boolean {
  return ifRange === undefined || ifRange === validators.etag || ifRange === validators.lastModified;
}
