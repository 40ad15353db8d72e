// Types of linux-executable.mjs.

/** Writes `file`: a copy of `node` (a path) that carries `blob` (a path). */
export function makeLinuxExecutable(
  file: string,
  of: { readonly node: string; readonly blob: string },
): Promise<void>;
