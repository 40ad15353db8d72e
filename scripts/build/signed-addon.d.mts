// Types of signed-addon.mjs.

/** @returns `file`, a signed copy of `original` (both are paths). Throws advice for anything else. */
export function requireSignedAddon(file: string, original: string): string;
