// Types of code-cache.mjs.

/** Writes to `file` the code cache of `source` that `node` (all three are paths) takes: the same bytes at each call. */
export function makeCodeCache(node: string, source: string, file: string): Promise<void>;
