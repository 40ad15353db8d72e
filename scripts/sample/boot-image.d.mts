// Types of boot-image.mjs.

/** Where each file of winpe/ belongs in a boot image, `/` between names. */
export const WINPE_FILES: Readonly<Record<string, string>>;
export function bootImageKey(publicKeys: readonly string[]): string;
export function layBootImage(folder: string, mediaKeys: readonly string[]): Promise<void>;
