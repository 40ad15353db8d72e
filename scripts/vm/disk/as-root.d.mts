// Types of as-root.mjs.

/** Rejects only where the program, or a right to use it, is not there. */
export function asRoot(
  name: string,
  args: readonly string[],
): Promise<{ readonly code: number; readonly output: string }>;
