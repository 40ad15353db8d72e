// Types of imports.mjs.

/** @returns names as the file spells them, in its order. Throws when `bytes` are no PE file. */
export function readImports(bytes: Buffer): {
  readonly imports: readonly string[];
  readonly delayImports: readonly string[];
};
