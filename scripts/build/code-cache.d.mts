// Types of code-cache.mjs.

/** Writes to `file` the code cache of `source` that the Node behind `runNode` takes: the same bytes at each call. */
export function makeCodeCache(
  runNode: (words: readonly string[]) => Promise<void>,
  source: string,
  file: string,
): Promise<void>;
