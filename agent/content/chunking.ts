// The sizes of chunks. They belong to the format: publisher and reader must agree on what is one chunk, and readers size buffers by them.

/** Content-defined cuts are looked for only after this many bytes. */
export const MIN_CHUNK_BYTES = 16 * 1024;

/** The average aimed at. */
export const AVERAGE_CHUNK_BYTES = 64 * 1024;

/** No chunk is longer. A file of at most this size is one chunk and has no index: its own SHA-256 proves it. */
export const MAX_CHUNK_BYTES = 256 * 1024;

/** A forced cut (a resource of a WIM begins here) is skipped when the chunk would be shorter: tiny chunks cost more than they save. */
export const MIN_FORCED_CHUNK_BYTES = 4 * 1024;

/** @returns how many chunks a file of this size can have at most; all but the last have at least MIN_FORCED_CHUNK_BYTES. */
export function maxChunkCount(sizeBytes: number): number {
  return Math.floor(sizeBytes / MIN_FORCED_CHUNK_BYTES) + 1;
}
