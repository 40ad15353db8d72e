// Types of code-cache.mjs.

/** Writes the code caches that the Node behind `runNode` takes: the same bytes at each call. All are paths. */
export function makeCodeCaches(
  runNode: (words: readonly string[]) => Promise<void>,
  scripts: readonly { readonly source: string; readonly cache: string }[],
): Promise<void>;
